// What happened at this node, lately: a ring of small fixed records in memory taken at start. Noting one costs a few
// stores and no allocation, whether anybody reads or not; the words are found when somebody asks (NOD TRACE).
import NodCore

/// One thing that happened. Which fields mean something is said at the kind.
package struct StationEvent: Sendable {
  package enum Kind: UInt8, Sendable {
    /// This start began.
    case power = 0
    /// The receiver went on or off: `detail` is 1 or 0.
    case radio
    /// `detail`: follower, candidate, leader; `number`: the accepted ballot, round << 8 | node.
    case role
    /// `number`: frame; `says`, `size` in bytes; `detail`: speech; `cycle`.
    case sent
    /// `number`: frame; `member`: its sender; `says`, `size`.
    case heard
    /// As `heard`, thrown away on purpose before anything looked at it.
    case lost
    /// Datagrams that came while the receiver was off: `number` of them.
    case missed
    /// A datagram that was not taken: `detail` is a `Rejection`; `member` whom it says it is from, `size`.
    case rejected
    case synced
    /// Entries up to `number` are known to be decided, or are in the own log.
    case decided
    case accepted
    /// `member` is known to have accepted up to `number`, on disk.
    case vote
    /// A caller's request, `number`; its answer after `size` whole periods.
    case submitted
    case answered
    /// The disk takes writes: `detail` is 1 or 0.
    case disk
    /// The process stood still for `number` microseconds.
    case pause

    package var name: StaticString {
      switch self {
      case .power: "power"
      case .radio: "radio"
      case .role: "role"
      case .sent: "sent"
      case .heard: "heard"
      case .lost: "lost"
      case .missed: "missed"
      case .rejected: "rejected"
      case .synced: "synced"
      case .decided: "decided"
      case .accepted: "accepted"
      case .vote: "vote"
      case .submitted: "submitted"
      case .answered: "answered"
      case .disk: "disk"
      case .pause: "pause"
      }
    }
  }

  package var at: LocalTime
  package var number: UInt64 = 0
  package var says = SectionKinds()
  package var window: UInt32
  package var size: UInt16 = 0
  package var kind: Kind
  package var member: UInt8 = 0
  package var detail: UInt8 = 0
  package var cycle: UInt8 = 0

  package init(_ kind: Kind, at time: LocalTime, window: UInt32) {
    self.kind = kind
    at = time
    self.window = window
  }
}

/// A frame's number, alike at its sender and whoever hears it: the low 20 bits of its sender's start salt, then its
/// counter. Within 53 bits, so that every reader of JSON keeps it whole.
package func frameNumber(salt: UInt64, counter: UInt32) -> UInt64 { (salt & 0xfffff) << 32 | UInt64(counter) }

/// The newest events; what is older was overwritten.
///
/// Invariant: the events `oldest ..< next` are there, at most `capacity` of them. `public`, since Embedded Swift finds
/// the deinit of any other type within its own module only.
public struct EventRing: ~Copyable {
  private let events: UnsafeMutablePointer<StationEvent>?
  package let capacity: Int
  /// The number that the next event will have.
  package private(set) var next: UInt64 = 0

  /// - Parameter capacity: 0, and nothing is kept; else a power of two.
  package init(capacity: Int) {
    precondition(capacity >= 0 && capacity & (capacity - 1) == 0)
    self.capacity = capacity
    guard capacity > 0 else {
      events = nil
      return
    }
    let memory = UnsafeMutablePointer<StationEvent>.allocate(capacity: capacity)
    memory.initialize(repeating: StationEvent(.power, at: .zero, window: 0), count: capacity)
    events = memory
  }
  deinit { events?.deallocate() }

  package var isKept: Bool { capacity > 0 }
  package var oldest: UInt64 { next - min(next, UInt64(capacity)) }

  package mutating func note(_ event: StationEvent) {
    guard let events else { return }
    events[Int(next & UInt64(capacity - 1))] = event
    next += 1
  }

  /// - Parameter number: within `oldest ..< next`.
  package subscript(number: UInt64) -> StationEvent {
    precondition(number >= oldest && number < next)
    return events.unsafelyUnwrapped[Int(number & UInt64(capacity - 1))]
  }
}
