// nodctl doctor: finds the usual troubles and says what to do.
import ArgumentParser
import NodConsole
import NodCore

extension Nodctl {
  struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find the usual troubles, and say what to do.",
      discussion: """
        Looks at one node, or better at several: with directories it reads their files too, and with more than \
        one node it compares rosters, keys, periods and clocks. Looks for: agents that do not run, are stuck or \
        may not be asked; configurations that are wrong; a port in use; periods, rosters or keys that differ; \
        one member running twice; nodes that do not vote; failing or full disks; clocks that are off; one-way and \
        very lossy links; air time used up; no quorum. Exits with 0 when nothing was found, with 1 when something \
        was.

        Examples:
          nodctl doctor
          nodctl doctor --node farm/gate --node farm/barn --node farm/well
        """)

    @OptionGroup var nodes: SeveralNodes

    func run() throws {
      let patience = Microseconds(Int64(nodes.timeout * 1e6))
      var waiting = Waiting("asking")
      var patients: [Patient] = []
      for directory in nodes.node { patients.append(Patient(directory: directory, timeout: patience)) }
      for socket in nodes.socket { patients.append(Patient(socket: socket, timeout: patience)) }
      if patients.isEmpty { patients.append(Patient(socket: nil, timeout: patience)) }
      waiting.note()
      for i in patients.indices { patients[i].examine() }
      waiting.end()
      show(ordered(patients.flatMap(\.findings) + comparison(patients)), of: patients)
    }

    /// The most telling first, and what several nodes say alike once.
    private func ordered(_ findings: [Finding]) -> [Finding] {
      var seen: [String] = []
      let kinds = Finding.Kind.allCases
      return findings.sorted { kinds.firstIndex(of: $0.kind)! < kinds.firstIndex(of: $1.kind)! }.filter {
        finding in
        let key = finding.kind.rawValue + finding.place
        defer { seen.append(key) }
        return !seen.contains(key)
      }
    }

    private func show(_ findings: [Finding], of patients: [Patient]) {
      let style = Style()
      for finding in findings {
        if nodes.json { Console.put(finding.json) } else { Console.put(finding.lines(style)) }
      }
      if findings.isEmpty, !nodes.json {
        Console.put(style.good("nothing found") + ": " + patients.map(\.name).joined(separator: ", "))
      }
      if !findings.isEmpty { Nodctl.exit(withError: ExitCode(ExitStatus.negative.rawValue)) }
    }
  }
}

/// Nodes to be asked together.
struct SeveralNodes: ParsableArguments {
  @Option(help: ArgumentHelp("A node's Unix socket; may be given several times.", valueName: "path"))
  var socket: [String] = []

  @Option(
    help: ArgumentHelp(
      "A provisioned directory: the socket is read from its nod.conf; may be given several times.",
      valueName: "dir"))
  var node: [String] = []

  @Option(help: ArgumentHelp("How long to wait for each answer.", valueName: "seconds"))
  var timeout: Double = 5

  @Flag(help: "Answer in JSON, one object a line.")
  var json = false

  func validate() throws { try allow(timeout: timeout) }

  func links() throws(Trouble) -> [NodeLink] {
    var links: [NodeLink] = []
    for directory in node { links.append(try NodeLink(socket: nil, directory: directory)) }
    for path in socket { links.append(try NodeLink(socket: path, directory: nil)) }
    if links.isEmpty { links.append(try NodeLink(socket: nil, directory: nil)) }
    for i in links.indices {
      links[i].patience = Microseconds(Int64(timeout * 1e6))
      links[i].isJSON = json
    }
    return links
  }
}
