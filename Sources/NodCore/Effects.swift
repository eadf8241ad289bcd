// What a node wants done, and what it has to tell: one struct, taken at start, emptied and filled again.

/// What became of a caller's request.
package struct Completion {
  package var ticket: Ticket
  package var result: ApplyResult
  package var token: CommandToken
}

/// A linearizable read that may now be answered from this node's registry, or never will.
package struct ReadCompletion {
  package var ticket: Ticket
  package var isReady: Bool
}

/// Things that an operator should hear of at once.
package enum Alarm: UInt8, Sendable {
  /// This node's state differs from another's at the same index.
  case diverged = 0
  /// Somebody holds votes of this node that its own disk does not: it does not vote any more.
  case lostMemory = 1
  /// An entry or record of an unknown kind: the node stops.
  case unknownKind = 2
  /// The disk failed, is full or read-only.
  case diskFailed = 3
}

public struct Effects: ~Copyable {
  package var records: RecordBuffer
  package private(set) var completions: [Completion] = []
  package private(set) var reads: [ReadCompletion] = []
  package private(set) var alarms: UInt8 = 0
  /// Bytes that completions with values point into: offset is `result.value`.
  package init() {
    records = RecordBuffer(byteCount: Limits.recordBytes)
    completions.reserveCapacity(Limits.outcomes)
    reads.reserveCapacity(Limits.pendingReads)
  }
  package mutating func complete(_ completion: Completion) { completions.append(completion) }
  package mutating func complete(_ read: ReadCompletion) { reads.append(read) }
  package mutating func raise(_ alarm: Alarm) { alarms |= 1 << alarm.rawValue }
  package func has(_ alarm: Alarm) -> Bool { alarms & (1 << alarm.rawValue) != 0 }
  package mutating func removeCompletions() {
    if !completions.isEmpty { completions.removeAll(keepingCapacity: true) }
  }
  package mutating func removeReads() {
    if !reads.isEmpty { reads.removeAll(keepingCapacity: true) }
  }
}
