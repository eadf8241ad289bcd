// Who and where: member slots, sets of them, ballots, log indices.
// Bare integers never stand for these; each type carries the order that the protocol relies on.

/// A member's slot in the roster, 0 ..< 31. It never moves and is never given to another board.
package struct NodeID: Hashable, Comparable, Sendable {
  package let raw: UInt8
  package init(_ raw: UInt8) { self.raw = raw }
  package static func < (a: NodeID, b: NodeID) -> Bool { a.raw < b.raw }
  /// The most members that a roster can name.
  package static let limit = 31
}

/// A set of member slots, one bit each. Wider than any roster: the simulator runs the same core with 188 voters.
package struct NodeSet: Hashable, Sendable {
  /// The most slots that a set can tell apart.
  package static let capacity = 192
  private var low: UInt64 = 0
  private var middle: UInt64 = 0
  private var high: UInt64 = 0

  package init() {}
  package init(_ node: NodeID) { insert(node) }
  /// The slots 0 ..< count.
  package init(firstSlots count: Int) {
    low = NodeSet.ones(count)
    middle = NodeSet.ones(count - 64)
    high = NodeSet.ones(count - 128)
  }
  private static func ones(_ count: Int) -> UInt64 { count >= 64 ? .max : (1 << UInt64(max(0, count))) - 1 }

  @inline(never)
  package var count: Int { low.nonzeroBitCount + middle.nonzeroBitCount + high.nonzeroBitCount }
  package var isEmpty: Bool { low | middle | high == 0 }
  package func contains(_ node: NodeID) -> Bool { word(node.raw >> 6) & (1 << UInt64(node.raw & 63)) != 0 }
  package mutating func insert(_ node: NodeID) {
    let bit = UInt64(1) << UInt64(node.raw & 63)
    switch node.raw >> 6 {
    case 0: low |= bit
    case 1: middle |= bit
    case 2: high |= bit
    default: break
    }
  }
  package mutating func remove(_ node: NodeID) {
    let bit = UInt64(1) << UInt64(node.raw & 63)
    switch node.raw >> 6 {
    case 0: low &= ~bit
    case 1: middle &= ~bit
    case 2: high &= ~bit
    default: break
    }
  }
  package func isSubset(of other: NodeSet) -> Bool {
    low & ~other.low | middle & ~other.middle | high & ~other.high == 0
  }
  package mutating func formUnion(_ other: NodeSet) {
    low |= other.low
    middle |= other.middle
    high |= other.high
  }
  private func word(_ number: UInt8) -> UInt64 {
    switch number {
    case 0: low
    case 1: middle
    case 2: high
    default: 0
    }
  }
}

/// The number of a proposer's attempt to lead: totally ordered, never used by two nodes (Lamport 2001,
/// section 2.2).
///
/// Priority is not part of it: once canvassing exists it changes no election, and it costs a byte in every
/// frame.
package struct Ballot: Hashable, Comparable, Sendable {
  package var round: UInt32
  package var node: NodeID
  package init(round: UInt32, node: NodeID) {
    self.round = round
    self.node = node
  }
  /// Below every ballot that anybody can prepare.
  package static let zero = Ballot(round: 0, node: NodeID(0))
  package static func < (a: Ballot, b: Ballot) -> Bool {
    a.round != b.round ? a.round < b.round : a.node.raw < b.node.raw
  }
}

/// A position in the replicated log. The first entry has index 1; 0 means "nothing".
package struct LogIndex: Hashable, Comparable, Sendable {
  package var raw: UInt64
  package init(_ raw: UInt64) { self.raw = raw }
  package static let zero = LogIndex(0)
  package static func < (a: LogIndex, b: LogIndex) -> Bool { a.raw < b.raw }
  package static func + (a: LogIndex, b: Int) -> LogIndex { LogIndex(a.raw &+ UInt64(bitPattern: Int64(b))) }
  /// No distance is told to be more than this, on boards whose Int has 32 bits and on others alike: no log is as long.
  package static let farthest: Int64 = 1 << 30
  /// How far this index is past `other`; negative when it is before.
  package func distance(from other: LogIndex) -> Int {
    let apart = Int64(bitPattern: raw &- other.raw)
    return Int(max(-LogIndex.farthest, min(apart, LogIndex.farthest)))
  }
}

/// Names a command for ever: which node took it, in which of its starts, as which one.
///
/// Equal identities are the same command, however often it was forwarded, appended or retried.
package struct CommandID: Hashable, Sendable {
  package var node: NodeID
  /// Which start of the node, 1...
  package var incarnation: UInt32
  package var sequence: UInt32
  package init(node: NodeID, incarnation: UInt32, sequence: UInt32) {
    self.node = node
    self.incarnation = incarnation
    self.sequence = sequence
  }
}

extension CommandID {
  /// Where a hash table puts it. Eight commands in a row of one origin lie side by side: they come and go together, in
  /// one cache line or two.
  var place: Int {
    var x = UInt64(sequence >> 3) | UInt64(incarnation) << 32
    x ^= UInt64(node.raw) << 56
    x = (x ^ (x >> 31)) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: x >> 20) << 3 | Int(truncatingIfNeeded: sequence & 7)
  }
}

/// Tells a caller's request and its outcome together; local to one agent.
package struct Ticket: Hashable, Sendable {
  package var raw: UInt64
  package init(_ raw: UInt64) { self.raw = raw }
}

/// A command's name together with the log position at which it was issued (protocol review A9).
///
/// A state machine at position `i` applies it only when `i - issuedAt` is within the token window, whose
/// commands it remembers one by one: so a token is applied once, or refused, never twice.
package struct CommandToken: Hashable, Sendable {
  package var id: CommandID
  package var issuedAt: LogIndex
  package init(id: CommandID, issuedAt: LogIndex) {
    self.id = id
    self.issuedAt = issuedAt
  }
}
