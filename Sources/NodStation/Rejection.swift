// Why a datagram was not taken. Each is counted in one of these; those that mean that two members do not understand
// each other are also counted by whom they say they are from, for the line that tells a person why nothing happens.
import NodCore

package enum Rejection: UInt8, Sendable {
  case tooShort = 0
  case unknownVersion
  case unknownType
  case notAMember
  case ownFrame
  case wrongEpoch
  case unknownSalt
  case replayed
  case badTag
  case staleStart
  case malformed

  /// As NOD TRACE and the simulator's events say it.
  package var name: StaticString {
    switch self {
    case .tooShort: "tooShort"
    case .unknownVersion: "unknownVersion"
    case .unknownType: "unknownType"
    case .notAMember: "notAMember"
    case .ownFrame: "ownFrame"
    case .wrongEpoch: "wrongEpoch"
    case .unknownSalt: "unknownSalt"
    case .replayed: "replayed"
    case .badTag: "badTag"
    case .staleStart: "staleStart"
    case .malformed: "malformed"
    }
  }

  /// Keys or rosters that differ look like this: nothing of the sender can be opened.
  var isOfAStranger: Bool {
    switch self {
    case .unknownVersion, .notAMember, .wrongEpoch, .unknownSalt, .badTag: true
    default: false
    }
  }
}

/// How frames that arrived fared; every datagram is counted in one of these.
package struct Rejections: Sendable {
  private var counts = InlineArray<11, UInt64>(repeating: 0)
  package var radioOff: UInt64 = 0
  /// What became of the last datagram that was not taken.
  package private(set) var last = Rejection.tooShort
  package init() {}

  package subscript(kind: Rejection) -> UInt64 { counts[Int(kind.rawValue)] }
  mutating func count(_ kind: Rejection) {
    counts[Int(kind.rawValue)] += 1
    last = kind
  }

  package var total: UInt64 {
    var sum = radioOff
    for i in 0..<11 { sum += counts[i] }
    return sum
  }
}

/// Frames that say they are from one slot and do not open, since one of it last did.
package struct StrangeFrames: Sendable {
  package var count: UInt32 = 0
  package var since = LocalTime.zero
  package var lastAt = LocalTime.zero
  package var last = Rejection.badTag
}
