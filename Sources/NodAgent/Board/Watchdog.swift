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
  package func ready(_ status: StaticString) {
    _ = board_notify("READY=1")
    self.status(status)
  }
  /// What we are at, perhaps of somebody: "listening", or "n2" and " leads". Nothing is allocated for it.
  package func status(_ text: StaticString, of name: String = "") {
    name.withBytes { _ = board_notify_status($0.baseAddress, $0.count, text.utf8Start) }
  }
  package func stopping() { _ = board_notify("STOPPING=1") }
}
