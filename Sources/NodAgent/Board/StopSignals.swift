// SIGTERM, SIGINT, SIGHUP and SIGCHLD as readiness of a descriptor, so that the one loop hears them like
// everything else.
import CBoard

// Public, since Embedded Swift finds the deinit of any other type within its own module only.
public struct StopSignals: ~Copyable {
  package enum Wish {
    case stop, reload
    /// Nobody's wish: a program that we run has ended, or several.
    case childEnded
  }

  package let descriptor: Int32

  /// To be made before any thread is started, since threads inherit what is blocked.
  package init() throws(BoardFailure) {
    descriptor = try checked(board_signals_create(), "take over signals")
  }

  deinit { board_close(descriptor) }

  /// What was asked for next, nil when nothing is.
  package mutating func next() -> Wish? {
    switch board_signals_next(descriptor) {
    case BOARD_SIGNAL_STOP: .stop
    case BOARD_SIGNAL_RELOAD: .reload
    case BOARD_SIGNAL_CHILD: .childEnded
    default: nil
    }
  }
}
