// nodctl provision: a whole cluster at once, from one file or for this machine, and what to type next.
import ArgumentParser
import Foundation
import NodAgent
import NodConsole
import NodCore

extension Nodctl {
  struct Provision: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a whole cluster: keys, configurations, journals.",
      discussion: """
        From a file, for boards; it is a roster without keys:
          [cluster]
          name = farm
          period_ms = 10000
          [member.0]
          name = gate
          address = 10.0.0.1:7100
          [member.1]
          ...
        The other keys of [cluster], and the sections [radio], [local], [clock], [log] and [disk] of \
        nod.conf, may stand in it too. Or with --local, for a cluster on this machine. One directory is made \
        for each node; nothing that exists is ever overwritten.

        Examples:
          nodctl provision farm.ini --out farm
          nodctl provision --local 3 --drop-percent 30
        """)

    /// More voters cost air, and hardly make a fleet safer.
    private static let plenty = 5

    @Argument(help: ArgumentHelp("The file that describes the cluster.", valueName: "farm.ini"))
    var file: String?

    @Option(help: ArgumentHelp("The directory to make. (default: the cluster's name)", valueName: "dir"))
    var out: String?

    @Option(help: ArgumentHelp("So many nodes on this machine, 1 to 31.", valueName: "nodes"))
    var local: Int?

    @Option(help: ArgumentHelp("With --local: the first node's UDP port. (default: 7100)", valueName: "port"))
    var basePort: Int?

    @Option(
      help: ArgumentHelp(
        "With --local: from window to window, 100 to 900000. (default: 500)", valueName: "milliseconds"))
    var periodMs: Int?

    @Option(
      help: ArgumentHelp(
        "With --local: received frames thrown away, 0 to 100. (default: 0)", valueName: "percent"))
    var dropPercent: Int?

    @Option(help: ArgumentHelp("Put the sockets there, as NAME.sock, instead.", valueName: "dir"))
    var socketDir: String?

    func validate() throws {
      switch (file, local) {
      case (nil, nil):
        throw ValidationError("Which cluster? Give a file, or --local N for one on this machine.")
      case (.some, .some): throw ValidationError("A file and --local exclude each other: give one.")
      case (.some, nil):
        for (name, value) in [
          ("base-port", basePort), ("period-ms", periodMs), ("drop-percent", dropPercent),
        ]
        where value != nil {
          throw ValidationError("--\(name) goes with --local; with a file, it stands in the file.")
        }
      case (nil, .some(let count)):
        try check("local", count, 1...31)
        try check("base-port", basePort ?? 7100, 1...(65_536 - count))
        try check("period-ms", periodMs ?? 500, 100...900_000)
        try check("drop-percent", dropPercent ?? 0, 0...100)
      }
      if out == "" { throw ValidationError("--out is empty.") }
    }

    private func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
      guard !range.contains(value) else { return }
      throw ValidationError("--\(name) \(value): allowed is \(range.lowerBound) to \(range.upperBound).")
    }

    func run() throws {
      let farm =
        try file.map(read)
        ?? Farm.local(
          members: local ?? 1, basePort: basePort ?? 7100, periodMilliseconds: periodMs ?? 500,
          dropPercent: dropPercent ?? 0)
      let directory = trimmed(out ?? farm.roster.name)
      let roster = try ClusterWriter(directory: directory, socketDirectory: socketDir).write(farm)
      report(roster, directory)
      print("")
      for line in local == nil ? nextOnBoards(roster, directory) : nextHere(roster, directory) {
        print(line)
      }
    }

    private func read(_ path: String) throws -> Farm {
      do throws(ConfigurationErrors) {
        return try Farm.read(path: path)
      } catch {
        throw Trouble(.usage, "\(path) describes no cluster yet:\n" + error.description)
      }
    }

    private func trimmed(_ path: String) -> String {
      path.count > 1 && path.hasSuffix("/") ? trimmed(String(path.dropLast())) : path
    }

    private func report(_ roster: Roster, _ directory: String) {
      let count = roster.members.count
      let quorum = count / 2 + 1
      let voters =
        count == 1
        ? "1 voter" : "\(count) voters: any \(quorum) of them decide, \(count - quorum) may be away"
      print("made \(directory): cluster \(roster.name), \(voters)\n")
      var table = Table(headings: ["member", "slot", "address", "directory"])
      for member in roster.members {
        table.add([member.name, "\(member.slot.raw)", member.address, "\(directory)/\(member.name)"])
      }
      for line in table.lines(Style()) { print(line) }
      if count > Self.plenty {
        print("\nFive voters are enough for most fleets: each one more costs half a frame for every command.")
      }
      if count > 1, count % 2 == 0 {
        print("\n\(count) voters bear no more losses than \(count - 1): an odd number is the better bargain.")
      }
    }

    private func nextHere(_ roster: Roster, _ directory: String) -> [String] {
      let place = quoted(directory)
      return [
        "next:",
        "  for node in \(place)/*/; do nodd \"$node\"nod.conf & done",
        "  nodctl status --node \(place)/\(roster.members[0].name) --wait 30",
      ]
    }

    private func nextOnBoards(_ roster: Roster, _ directory: String) -> [String] {
      let name = roster.members[0].name
      return [
        "next: copy each directory to its board, where the package's nod-adopt puts it in place:",
        "  scp -pr \(quoted(directory))/\(name) root@BOARD:",
        "  ssh root@BOARD 'nod-adopt \(name) && systemctl start nodd'",
        "\(directory) holds the secret key of every node: remove it when the boards have theirs. A state",
        "directory must never come back from a copy: what it has forgotten, it would promise again.",
      ]
    }
  }
}
