// One wake-up at a moment of the boot-time clock, as readiness of a descriptor. With the permission to
// (CAP_WAKE_ALARM) it wakes a suspended board too; without, it is an ordinary timer and says so.
import CBoard
import NodCore

// Public, since Embedded Swift finds the deinit of any other type within its own module only.
public struct Alarm: ~Copyable {
  /// Readable once the alarm has rung.
  package let descriptor: Int32
  /// Whether it wakes a board that is suspended.
  package let wakesTheBoard: Bool
  /// What it is set to; `.never` when it is not.
  package private(set) var setting = LocalTime.never

  /// - Parameter wakingTheBoard: ask for an alarm that ends a suspension.
  package init(wakingTheBoard: Bool) throws(BoardFailure) {
    var granted: Int32 = 0
    descriptor = try checked(board_alarm_create(wakingTheBoard ? 1 : 0, &granted), "create a timer")
    wakesTheBoard = granted != 0
  }

  deinit { board_close(descriptor) }

  /// Rings at `moment`, at once if that is past, not at all if it is `.never`. Setting what is set costs
  /// nothing.
  package mutating func set(at moment: LocalTime) throws(BoardFailure) {
    if moment == setting { return }
    if moment >= .never {
      _ = try checked(board_alarm_disarm(descriptor), "disarm the timer")
    } else {
      _ = try checked(board_alarm_set(descriptor, moment.microseconds), "set the timer")
    }
    setting = moment
  }

  /// Takes note of a ring; the descriptor is quiet and nothing is set afterwards.
  ///
  /// - Returns: whether it had rung.
  package mutating func acknowledge() throws(BoardFailure) -> Bool {
    let hasRung = try checked(board_alarm_clear(descriptor), "read the timer") == 1
    if hasRung { setting = .never }
    return hasRung
  }
}
