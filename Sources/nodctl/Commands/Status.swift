// nodctl status: one screen about one node, and an exit code for scripts.
import ArgumentParser
import Foundation

extension Nodctl {
  struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "How the node is, and whether the cluster can decide.",
      discussion: """
        Exits with 0 when the node knows a leader and a quorum, with 4 when not, with 3 when no agent answers.

        Example, in a script that must not go on without a quorum:
          nodctl status --node farm/gate --wait 60 > /dev/null || exit 1
        """)

    /// How often `--wait` asks.
    private static let pollingMicroseconds: UInt32 = 200_000

    @OptionGroup var node: NodeOptions

    @Option(help: ArgumentHelp("Wait until the cluster is healthy, this long at most.", valueName: "seconds"))
    var wait: Double = 0

    func validate() throws {
      guard wait >= 0, wait <= 86_400 else {
        throw ValidationError("--wait \(Units.trimmed(wait)): allowed are 0 to 86400 seconds.")
      }
    }

    func run() throws {
      let status = try patientStatus()
      let health = Health(status: status)
      let style = Style()
      if !node.json { print((health.isGood ? style.good : style.bad)(health.verdict)) }
      node.show(status)
      if !health.isGood { throw finish(.unhealthy) }
    }

    /// The first healthy status, or the last one when the wait is over.
    private func patientStatus() throws -> RESPValue {
      let deadline = ContinuousClock.now + .seconds(wait)
      while true {  // bounded by the deadline
        do {
          let status = try node.ask("NOD", "STATUS")
          if Health(status: status).isGood || ContinuousClock.now >= deadline { return status }
        } catch let trouble as Trouble where trouble.status == .unreachable && ContinuousClock.now < deadline
        {
          // The agent may be starting.
        }
        usleep(Self.pollingMicroseconds)
      }
    }
  }
}
