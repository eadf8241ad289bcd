// nodctl status: one screen about one node, and an exit code for scripts.
import CBoard
import NodCore

package struct StatusCommand {
  package static var text: CommandText {
    CommandText(
      abstract: "How the node is, and whether the cluster can decide.",
      discussion: """
        Exits with 0 when the node knows a leader and a quorum, with 4 when not, with 3 when no agent answers.

        Example, in a script that must not go on without a quorum:
          nodctl status --node farm/gate --wait 60 > /dev/null || exit 1
        """)
  }

  /// How often `wait` asks.
  private static let pollingMicroseconds: Int64 = 200_000

  /// How long to wait for a healthy cluster; 0 does not wait.
  package var wait = Microseconds.zero

  package init() {}

  package func run(_ link: NodeLink) throws(Trouble) -> ExitStatus {
    let status = try patientStatus(link)
    let health = Health(status: status)
    let style = Style()
    if !link.isJSON { Console.put(health.isGood ? style.good(health.verdict) : style.bad(health.verdict)) }
    link.show(status)
    return health.isGood ? .done : .unhealthy
  }

  /// The first healthy status, or the last one when the wait is over.
  private func patientStatus(_ link: NodeLink) throws(Trouble) -> RESPValue {
    let deadline = Console.now + wait
    while true {  // bounded by the deadline
      do throws(Trouble) {
        let status = try link.ask(["NOD", "STATUS"])
        if Console.now >= deadline || Health(status: status).isGood { return status }
      } catch {
        // The agent may be starting.
        guard error.status == .unreachable, Console.now < deadline else { throw error }
      }
      board_pause(Self.pollingMicroseconds)
    }
  }
}
