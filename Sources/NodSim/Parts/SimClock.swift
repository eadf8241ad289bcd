// A board's boot-time clock: starts with the board, runs a little fast or slow, goes on while the board is suspended,
// and is never set. A step of the wall clock is therefore nothing that a node could notice. What a clock can still do
// wrong is to jump when a virtual machine is moved: `jump` is for that.
import NodCore

struct SimClock {
  /// World time of this start.
  var bootedAt: Int64 = 0
  /// How fast it runs, in parts per 1e9.
  var ratePPB: Int64 = 0
  /// What it has been set off by since the start.
  private(set) var offset: Int64 = 0
  /// Boot time is not zero when the agent starts.
  private static let atStart: Int64 = 1_000_000

  mutating func boot(at now: Int64) {
    bootedAt = now
    offset = 0
  }
  mutating func jump(_ span: Microseconds) { offset += span.raw }

  func local(_ now: Int64) -> LocalTime {
    let elapsed = now - bootedAt
    return LocalTime(
      microseconds: SimClock.atStart + offset + elapsed + elapsed / 1000 * ratePPB / 1_000_000)
  }
  /// The world's time just before this clock shows `local`: a microsecond later it does.
  func world(_ local: LocalTime) -> Int64 {
    let elapsed = local.microseconds - SimClock.atStart - offset
    if elapsed > .max / 8 { return .max / 4 }
    // Right to the first order, and early by the second: a millisecond after a day at 100 ppm.
    let guess = bootedAt + elapsed - elapsed / 1000 * ratePPB / 1_000_000
    var exact = guess
    while self.local(exact) < local {  // two or three rounds
      exact += max(1, (local - self.local(exact)).raw)
    }
    return max(guess, exact - 1)
  }
}
