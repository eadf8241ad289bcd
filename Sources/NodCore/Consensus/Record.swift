// What a node remembers across power cuts: one kind of journal record each, both directions in this file.
// Everything is durable before any frame speaks of it; the station sees to that.

/// Kinds of journal records. A kind that is not known stops the node: it may be a promise.
package enum RecordKind: UInt8, Sendable {
  /// Cluster, slot, membership version, whether this journal may vote. First in every journal.
  case genesis = 1
  /// A start of the agent: its incarnation.
  case start = 2
  /// A promised ballot.
  case promised = 3
  /// An entry of the accepted ballot, at the index after the last.
  case entry = 4
  /// Staging of another log begins, to follow this index. Means nothing until `aligned`.
  case stageBegin = 5
  /// An entry of the staged log, at the index after the last staged.
  case staged = 6
  /// From here on the log is the one up to the base of the staging, then the staged entries, accepted in
  /// this ballot.
  case aligned = 7
  /// The decided index as far as it was known; never written for its own sake.
  case decided = 8
  /// A piece of the snapshot.
  case snapshot = 9
  /// The last piece was read: index, accepted ballot, ballot of the last `begin` at or below it.
  case base = 10
  /// This node lost memory that others hold votes of: it never votes again with this journal.
  case disqualified = 11
  /// A peer's start salt and incarnation: a hint that spares a hello.
  case peerSalt = 12
  /// Air time spent in the last hour, so that a restart does not forget the law.
  case airtime = 13
}

/// Why a journal's records cannot be taken.
package enum RecordError: Error, Sendable {
  /// Written by a newer Nod: `kind` is not known here.
  case unknownKind(UInt8)
  case unknownEntryKind
  case malformed(UInt8)
  /// Right in itself, but not after what came before it.
  case outOfPlace(UInt8)
  case badSnapshot

  package var description: String {
    switch self {
    case .unknownKind(let kind):
      "record of unknown kind \(kind): written by a newer version; install that version again"
    case .unknownEntryKind:
      "log entry of unknown kind: written by a newer version; install that version again"
    case .malformed(let kind): "record of kind \(kind) cannot be read"
    case .outOfPlace(let kind): "record of kind \(kind) does not follow what came before it"
    case .badSnapshot: "the snapshot in the journal cannot be read"
    }
  }
}

/// Who a journal belongs to.
package struct Genesis: Sendable, Equatable {
  package var clusterLow: UInt64
  package var clusterHigh: UInt64
  package var node: NodeID
  package var membershipVersion: UInt8
  /// False for a journal that was not made when the cluster was provisioned: it may hold less than was
  /// promised.
  package var mayVote: Bool

  package init(clusterLow: UInt64, clusterHigh: UInt64, node: NodeID, membershipVersion: UInt8, mayVote: Bool)
  {
    self.clusterLow = clusterLow
    self.clusterHigh = clusterHigh
    self.node = node
    self.membershipVersion = membershipVersion
    self.mayVote = mayVote
  }
  package func write(to out: inout ByteWriter) {
    out.u64(clusterLow)
    out.u64(clusterHigh)
    out.u8(node.raw)
    out.u8(membershipVersion)
    out.u8(mayVote ? 1 : 0)
  }
  package init?(_ payload: Bytes) {
    var input = ByteReader(payload)
    clusterLow = input.u64()
    clusterHigh = input.u64()
    node = NodeID(input.u8())
    membershipVersion = input.u8()
    mayVote = input.u8() == 1
    if input.failed || !input.isAtEnd { return nil }
  }
}

/// Records on their way to the journal: written by the node, taken by the station, never reallocated.
///
/// Form of each: kind (u8), payload length (u16), payload.
public struct RecordBuffer: ~Copyable {
  private let store: UnsafeMutableRawBufferPointer
  private var used = 0
  /// Records written since start: the node's own measure of what is durable.
  package private(set) var written: UInt64 = 0

  package init(byteCount: Int) { store = .allocate(byteCount: byteCount, alignment: 8) }
  deinit { store.deallocate() }

  package var isEmpty: Bool { used == 0 }
  package var free: Int { store.count - used }

  package mutating func append(_ kind: RecordKind, _ body: (inout ByteWriter) -> Void) {
    var out = begin()
    body(&out)
    finish(kind, out)
  }
  @inline(never)
  private func begin() -> ByteWriter {
    precondition(store.count - used > 3, "the station takes records away after every input")
    return ByteWriter(UnsafeMutableRawBufferPointer(rebasing: store[(used + 3)...]))
  }
  @inline(never)
  private mutating func finish(_ kind: RecordKind, _ out: ByteWriter) {
    precondition(!out.overflowed && out.count <= Int(UInt16.max), "records are bounded by Limits.recordBytes")
    store[used] = kind.rawValue
    store[used + 1] = UInt8(truncatingIfNeeded: out.count)
    store[used + 2] = UInt8(truncatingIfNeeded: out.count >> 8)
    used += 3 + out.count
    written += 1
  }

  /// Hands over every record in order, then is empty.
  package mutating func drain<E: Error>(_ body: (UInt8, Bytes) throws(E) -> Void) throws(E) {
    var at = 0
    while at < used {
      let length = Int(store[at + 1]) | Int(store[at + 2]) << 8
      try body(store[at], Bytes(rebasing: store[(at + 3)..<(at + 3 + length)]))
      at += 3 + length
    }
    used = 0
  }
}
