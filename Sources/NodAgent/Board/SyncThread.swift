// The helper thread, seen from the one that does everything else: one descriptor is handed over to be
// synced, the result comes as readiness. A vote may be spoken only after that result (design, section 3,
// rule 6).
import CBoard
import NodCore

// Public, since Embedded Swift finds the deinit of any other type within its own module only.
public struct SyncThread: ~Copyable {
  /// What is to be made durable.
  package enum Target {
    /// A file's contents.
    case data(descriptor: Int32)
    /// The names in a directory.
    case names(descriptor: Int32)
  }

  package struct Outcome {
    /// nil when everything is on the medium.
    package let failure: BoardFailure?
    package let took: Microseconds
  }

  private let thread: OpaquePointer
  /// Readable when an outcome waits.
  package let descriptor: Int32
  package private(set) var isBusy = false

  package init() throws(BoardFailure) {
    var verdict: Int32 = 0
    guard let started = board_sync_start(&verdict) else {
      throw BoardFailure("start the sync thread", verdict: verdict)
    }
    thread = started
    descriptor = board_sync_descriptor(started)
  }

  /// Waits for a sync that is under way.
  deinit { board_sync_stop(thread) }

  /// Begins one sync; the descriptor must stay open until the outcome is there.
  package mutating func begin(_ target: Target) throws(BoardFailure) {
    precondition(!isBusy, "one sync at a time")
    switch target {
    case .data(let fd): _ = try checked(board_sync_request(thread, fd, 0), "sync")
    case .names(let fd): _ = try checked(board_sync_request(thread, fd, 1), "sync the directory")
    }
    isBusy = true
  }

  /// The outcome of the sync that was begun, nil while it is under way.
  package mutating func takeOutcome() -> Outcome? {
    var verdict: Int32 = 0
    var took: Int64 = 0
    guard isBusy, board_sync_result(thread, &verdict, &took) == 1 else { return nil }
    isBusy = false
    let failure = verdict == 0 ? nil : BoardFailure("sync", verdict: verdict)
    return Outcome(failure: failure, took: Microseconds(took))
  }
}
