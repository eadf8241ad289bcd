// nodctl status: one screen about one node, and an exit code for scripts.
import CBoard
import NodCore

package struct StatusCommand {
  package static var text: CommandText {
    CommandText(
      abstract: "How the node is, and whether the cluster can decide.",
      discussion: """
        One screen; --all shows every field of NOD STATUS under its own name. Exits with 0 when the node knows a \
        leader and a quorum and nothing is stuck, with 4 when not, with 3 when no agent answers.

        Example, in a script that must not go on without a quorum:
          nodctl status --node farm/gate --wait 60 > /dev/null || exit 1
        """)
  }

  /// How often `wait` asks.
  private static let pollingMicroseconds: Int64 = 200_000

  /// How long to wait for a healthy cluster; 0 does not wait.
  package var wait = Microseconds.zero
  /// Every field, as it is named.
  package var isComplete = false
  /// The member that is asked over the radio.
  package var via: String?

  package init() {}

  package func run(_ link: NodeLink) throws(Trouble) -> ExitStatus {
    let status = try patientStatus(link)
    let health = Health(status: status)
    if link.isJSON {
      Console.put(jsonText(status))
    } else if isComplete {
      let style = Style()
      Console.put(health.isGood ? style.good(health.verdict) : style.bad(health.verdict))
      link.show(status)
    } else {
      var screen = StatusScreen(status, Style())
      Console.put(screen.lines())
    }
    return health.isGood ? .done : .unhealthy
  }

  /// The first healthy status, or the last one when the wait is over.
  private func patientStatus(_ link: NodeLink) throws(Trouble) -> RESPValue {
    let deadline = Console.now + wait
    var waiting = Waiting("waiting for a healthy cluster")
    while true {  // bounded by the deadline
      do throws(Trouble) {
        let status = try link.ask(NodeLink.question("STATUS", via: via))
        if Console.now >= deadline || Health(status: status).isGood {
          waiting.end()
          return status
        }
      } catch {
        // The agent may be starting.
        guard error.status == .unreachable, Console.now < deadline else {
          waiting.end()
          throw error
        }
      }
      waiting.note()
      board_pause(Self.pollingMicroseconds)
    }
  }
}
