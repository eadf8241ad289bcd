// One entry of the replicated log, and its bytes: the same form in frames and in the journal.
// A command larger than a frame becomes consecutive entries, joined when they are applied.

/// What an entry is. An unknown kind stops the node: to skip it would be to apply another log than the
/// others do.
package enum EntryKind: UInt8, Sendable {
  /// The first entry of a ballot, proposed by its leader: names the ballot and the one whose log was adopted.
  ///
  /// Whoever holds the log of ballot b up to here holds all that its leader started from: it is aligned.
  case begin = 1
  /// A command, or the first part of one; carries its token.
  case command = 2
  /// A further part of the command before it.
  case part = 3
}

package struct EntryHead: Sendable {
  package var kind: EntryKind
  /// More parts of this command follow at the next index.
  package var hasMore: Bool
  package var stamp: ClusterTime
  /// Of commands only.
  package var token: CommandToken
  package init(kind: EntryKind, hasMore: Bool, stamp: ClusterTime, token: CommandToken) {
    self.kind = kind
    self.hasMore = hasMore
    self.stamp = stamp
    self.token = token
  }
  package static let noToken = CommandToken(
    id: CommandID(node: NodeID(0), incarnation: 0, sequence: 0), issuedAt: .zero)
}

package enum EntryCodec {
  /// Appends the entry: kind (bit 7: more parts follow), stamp above `base`, token, payload length, payload.
  @inline(never)
  package static func write(
    _ head: EntryHead, _ payload: Bytes, at index: LogIndex, base: ClusterTime, to out: inout ByteWriter
  ) {
    out.u8(head.kind.rawValue | (head.hasMore ? 0x80 : 0))
    out.signedVarint(Int64(bitPattern: head.stamp.milliseconds &- base.milliseconds))
    if head.kind == .command {
      writeToken(head.token, to: &out)
    }
    out.varint(UInt64(payload.count))
    out.bytes(payload)
  }

  /// Reads what `write` wrote. nil when the bytes are no entry; `unknownKind` tells that apart from damage.
  package static func read(
    _ input: inout ByteReader, base: ClusterTime, payloadLimit: Int, unknownKind: inout Bool
  )
    -> (head: EntryHead, payload: Bytes)?
  {
    let tag = input.u8()
    if input.failed { return nil }
    guard let kind = EntryKind(rawValue: tag & 0x7f) else {
      unknownKind = true
      return nil
    }
    let stamp = base.milliseconds &+ UInt64(bitPattern: input.signedVarint())
    var token = EntryHead.noToken
    if kind == .command { token = readToken(&input) }
    let length = input.varint(atMost: UInt64(payloadLimit))
    let payload = input.bytes(Int(length))
    if input.failed { return nil }
    return (
      EntryHead(kind: kind, hasMore: tag & 0x80 != 0, stamp: ClusterTime(milliseconds: stamp), token: token),
      payload
    )
  }

  package static func writeToken(_ token: CommandToken, to out: inout ByteWriter) {
    out.u8(token.id.node.raw)
    out.varint(UInt64(token.id.incarnation))
    out.varint(UInt64(token.id.sequence))
    out.varint(token.issuedAt.raw)
  }

  package static func readToken(_ input: inout ByteReader) -> CommandToken {
    let node = input.u8()
    let incarnation = input.varint(atMost: UInt64(UInt32.max))
    let sequence = input.varint(atMost: UInt64(UInt32.max))
    let issued = input.varint()
    if Int(node) >= NodeSet.capacity { input.fail() }
    return CommandToken(
      id: CommandID(node: NodeID(node), incarnation: UInt32(incarnation), sequence: UInt32(sequence)),
      issuedAt: LogIndex(issued))
  }

  /// Bytes that `write` takes, payload included.
  package static func size(_ head: EntryHead, payload: Int, base: ClusterTime) -> Int {
    let stamp = Int64(bitPattern: head.stamp.milliseconds &- base.milliseconds)
    var bytes = 1 + ByteWriter.signedVarintLength(stamp) + ByteWriter.varintLength(UInt64(payload)) + payload
    if head.kind == .command { bytes += tokenSize(head.token) }
    return bytes
  }
  /// Bytes that `writeToken` takes.
  package static func tokenSize(_ token: CommandToken) -> Int {
    1 + ByteWriter.varintLength(UInt64(token.id.incarnation))
      + ByteWriter.varintLength(UInt64(token.id.sequence))
      + ByteWriter.varintLength(token.issuedAt.raw)
  }
}

/// The payload of a `begin` entry.
package struct BallotStart: Sendable {
  package var ballot: Ballot
  /// The accepted ballot of the log that the leader adopted; who accepted in it shares that log's prefix.
  package var adopted: Ballot

  package init(ballot: Ballot, adopted: Ballot) {
    self.ballot = ballot
    self.adopted = adopted
  }
  package init?(_ payload: Bytes) {
    var input = ByteReader(payload)
    ballot = BallotCodec.read(&input)
    adopted = BallotCodec.read(&input)
    if input.failed || !input.isAtEnd { return nil }
  }
  package func write(to out: inout ByteWriter) {
    BallotCodec.write(ballot, to: &out)
    BallotCodec.write(adopted, to: &out)
  }
}

package enum BallotCodec {
  @inline(never)
  package static func write(_ ballot: Ballot, to out: inout ByteWriter) {
    out.varint(UInt64(ballot.round))
    out.u8(ballot.node.raw)
  }
  @inline(never)
  package static func read(_ input: inout ByteReader) -> Ballot {
    let round = input.varint(atMost: UInt64(UInt32.max))
    let node = input.u8()
    if Int(node) >= NodeSet.capacity { input.fail() }
    return Ballot(round: UInt32(round), node: NodeID(node))
  }
}
