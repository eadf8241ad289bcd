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

/// How a frame that arrived fared; every datagram is counted in one of these.
package struct Rejections: Sendable {
  package var tooShort: UInt64 = 0
  package var unknownVersion: UInt64 = 0
  package var unknownType: UInt64 = 0
  package var notAMember: UInt64 = 0
  package var ownFrame: UInt64 = 0
  package var wrongEpoch: UInt64 = 0
  package var unknownSalt: UInt64 = 0
  package var replayed: UInt64 = 0
  package var badTag: UInt64 = 0
  package var staleStart: UInt64 = 0
  package var malformed: UInt64 = 0
  package var radioOff: UInt64 = 0
  package init() {}
  package var total: UInt64 {
    tooShort + unknownVersion + unknownType + notAMember + ownFrame + wrongEpoch + unknownSalt + replayed
      + badTag
      + staleStart + malformed + radioOff
  }
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
