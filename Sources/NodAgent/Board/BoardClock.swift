// The board's clocks. Everything is scheduled by the boot-time clock: it is never set and goes on while the
// board is suspended, so that a node which slept knows for how long. The wall clock is shown to people and
// used for nothing else.
import CBoard
import NodCore

package enum BoardClock {
  package static var now: LocalTime { LocalTime(microseconds: board_boot_microseconds()) }

  /// Milliseconds since 1970; may jump at any time.
  package static var wallMilliseconds: Int64 { board_wall_milliseconds() }

  /// How long the board has been suspended since it was started.
  ///
  /// The two clocks are read one after the other: differences below a millisecond mean nothing.
  package static var timeSuspended: Microseconds {
    Microseconds(board_boot_microseconds() - board_awake_microseconds())
  }
}
