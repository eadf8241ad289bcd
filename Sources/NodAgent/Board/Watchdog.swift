// What the service manager is told: ready, alive, what we are at, stopping (sd_notify). Without one,
// nothing happens.
import CBoard
import NodCore

package struct Watchdog {
  /// How often the manager must hear of us at least; nil when it does not ask.
  package let limit: Microseconds?
  private var lastPat = LocalTime.zero

  package init() {
    let asked = board_watchdog_microseconds()
    limit = asked > 0 ? Microseconds(asked) : nil
  }

  /// When `pat` is due next: at half the limit, so that one late wake-up is forgiven. `.never` when nobody
  /// asks.
  package var due: LocalTime {
    guard let limit else { return .never }
    return lastPat + Microseconds(limit.raw / 2)
  }

  /// Says that we live, if it is time to.
  package mutating func pat(now: LocalTime) {
    guard now >= due else { return }
    lastPat = now
    _ = board_notify("WATCHDOG=1")
  }

  /// Says that start-up is over; `status` is shown by `systemctl status`.
  package func ready(status: String) { tell("READY=1\nSTATUS=\(status)") }
  package func status(_ text: String) { tell("STATUS=\(text)") }
  package func stopping() { tell("STOPPING=1") }

  private func tell(_ state: String) { _ = state.withCString { board_notify($0) } }
}
