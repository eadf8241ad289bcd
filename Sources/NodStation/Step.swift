// What the world round a station does next: it reads the plan, does it, says what came of it, and asks again.
import NodCore
import NodJournal

package struct Plan {
  /// When to call `wake`, if nothing happens before.
  package var wakeAt: LocalTime
  /// The receiver is on; what arrives while it is off is discarded.
  package var radioOn: Bool
  /// Our turn to speak: call `transmit` now.
  package var speaks: Bool
}

/// Why a station cannot start or go on.
package enum StationError<Failure: DiskFailure>: Error {
  case journal(JournalError<Failure>)
  case record(RecordError)
  /// The journal's genesis is of another cluster, node or membership.
  case wrongGenesis(String)

  package var description: String {
    switch self {
    case .journal(let error): error.description
    case .record(let error): error.description
    case .wrongGenesis(let text): text
    }
  }
}
