// nodctl: what a person types at a Nod cluster. This file is the table of its commands and the way out: every
// command ends with one of the six exit codes of Exit.swift, usage errors included.
import ArgumentParser
import Foundation
import NodConsole

@main
struct Nodctl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nodctl",
    abstract: "Make a Nod cluster, ask its nodes, change its keys.",
    discussion: """
      Commands that ask a node find its socket by --socket, --node or $NOD_SOCKET, in this order; without \
      any they use \(NodeLink.usualSocket).

      Exit codes: 0 done; 1 the answer is no (key absent, condition not met, refused); 2 usage; 3 the agent \
      cannot be reached; 4 the cluster is unhealthy; 5 the outcome is unknown (time-out).
      """,
    version: "nodctl \(consoleVersion)",
    groupedSubcommands: [
      CommandGroup(name: "Make", subcommands: [Provision.self, Check.self]),
      CommandGroup(
        name: "Look",
        subcommands: [
          Status.self, Peers.self, Log.self, Follow.self, Watch.self, Top.self, Doctor.self, Metrics.self,
        ]),
      CommandGroup(name: "Understand", subcommands: [Explain.self, MakeReport.self, Decode.self]),
      CommandGroup(name: "Keys", subcommands: [Get.self, Set.self, Del.self]),
      CommandGroup(name: "Learn", subcommands: [Demo.self, Simulate.self, Bench.self]),
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let trouble as Trouble {
      trouble.say()
      Foundation.exit(trouble.status.rawValue)
    } catch {
      leave(with: error)
    }
  }

  /// Prints help where it was asked for, or what is wrong with the command line.
  private static func leave(with error: any Error) -> Never {
    let text = fullMessage(for: error)
    switch exitCode(for: error) {
    case .success:
      print(text)
      Foundation.exit(ExitStatus.done.rawValue)
    case .validationFailure:
      Console.complain(text)
      Foundation.exit(ExitStatus.usage.rawValue)
    case let other:
      if !text.isEmpty { Console.complain(text) }
      Foundation.exit(other.rawValue)
    }
  }
}
