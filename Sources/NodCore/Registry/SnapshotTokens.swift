// Remembered commands in a snapshot. There are as many as the token window is wide and most are alike: the
// next command of the same start of the same node, at the next position, with outcome "ok". Such a one takes
// one byte.
//
//   u8 head: node (5 bits), 0x20 next sequence, 0x40 next position, 0x80 outcome ok
//   [positions skipped] unless 0x40
//   [incarnation, signed sequence - last sequence of that node] unless 0x20
//   [u8 outcome, operand] unless 0x80: 1 integer (signed), 2 none, 3 value (length, bytes), 4 value not kept,
//   5 failed (u8)

/// What both sides know when the next token comes: the position before it, and each node's last command.
struct SnapshotTokens {
  private var position: LogIndex
  private var last = InlineArray<32, CommandID>(
    repeating: CommandID(node: NodeID(0), incarnation: 0, sequence: 0))

  /// Bytes of one token at most, its value's own bytes apart.
  static let largest = 1 + 10 + 5 + 5 + 1 + 10

  /// Positions without a command between two tokens: the widest window.
  private static let mostSkipped: UInt64 = 65_536

  private enum Head {
    static let node: UInt8 = 0x1f
    static let nextSequence: UInt8 = 0x20
    static let nextPosition: UInt8 = 0x40
    static let ok: UInt8 = 0x80
  }
  private enum Kind: UInt8 {
    case integer = 1
    case none, value, valueNotKept, failed
  }

  /// - Parameter oldest: the first position that can carry a token.
  @inline(never)
  init(before oldest: LogIndex) { position = oldest + -1 }

  // MARK: Writing

  mutating func write<Sink: SnapshotSink>(_ token: TokenMemory.Slot, _ value: Bytes, to out: inout Sink) {
    let skipped = token.index.distance(from: position) - 1
    let node = Int(token.id.node.raw & Head.node)
    let follows = isNext(token.id, after: last[node])
    var head = token.id.node.raw & Head.node
    if follows { head |= Head.nextSequence }
    if skipped == 0 { head |= Head.nextPosition }
    if token.outcome == .ok { head |= Head.ok }
    out.u8(head)
    if skipped != 0 { out.varint(UInt64(skipped)) }
    if !follows {
      out.varint(UInt64(token.id.incarnation))
      out.signedVarint(Int64(token.id.sequence) - Int64(last[node].sequence))
    }
    position = token.index
    last[node] = token.id
    write(token.outcome, value, to: &out)
  }

  private func write<Sink: SnapshotSink>(_ outcome: ApplyOutcome, _ value: Bytes, to out: inout Sink) {
    switch outcome {
    case .ok: break
    case .integer(let number):
      out.u8(Kind.integer.rawValue)
      out.signedVarint(number)
    case .none: out.u8(Kind.none.rawValue)
    case .value:
      out.u8(Kind.value.rawValue)
      out.varint(UInt64(value.count))
      out.bytes(value)
    case .valueNotKept: out.u8(Kind.valueNotKept.rawValue)
    case .failed(let failure):
      out.u8(Kind.failed.rawValue)
      out.u8(failure.rawValue)
    case .staleToken: preconditionFailure("what was not applied is not remembered")
    }
  }

  private func isNext(_ id: CommandID, after before: CommandID) -> Bool {
    id.incarnation == before.incarnation && id.sequence == before.sequence &+ 1
  }

  // MARK: Reading

  /// The next token, its value borrowed from the snapshot.
  mutating func read(_ input: inout ByteReader) throws(SnapshotError) -> (
    token: TokenMemory.Slot, value: Bytes
  ) {
    let head = input.u8()
    let node = Int(head & Head.node)
    let skipped = head & Head.nextPosition != 0 ? 0 : input.varint(atMost: Self.mostSkipped)
    var incarnation = last[node].incarnation
    var sequence = Int64(last[node].sequence &+ 1)
    if head & Head.nextSequence == 0 {
      incarnation = UInt32(input.varint(atMost: UInt64(UInt32.max)))
      sequence = Int64(last[node].sequence) &+ input.signedVarint()
    }
    guard !input.failed, let sequence = UInt32(exactly: sequence) else { throw .malformed }
    let id = CommandID(node: NodeID(UInt8(node)), incarnation: incarnation, sequence: sequence)
    var value = Bytes(start: nil, count: 0)
    let outcome = head & Head.ok != 0 ? .ok : try readOutcome(&input, &value)
    if input.failed { throw .malformed }
    position = position + (Int(skipped) + 1)
    last[node] = id
    return (TokenMemory.Slot(index: position, id: id, outcome: outcome, digest: 0), value)
  }

  private func readOutcome(_ input: inout ByteReader, _ value: inout Bytes) throws(SnapshotError)
    -> ApplyOutcome
  {
    switch Kind(rawValue: input.u8()) {
    case .integer: return .integer(input.signedVarint())
    case .none?: return .none
    case .value:
      value = input.bytes(Int(input.varint(atMost: UInt64(RegistryLimits.keptValueBytes))))
      return .value(ValueRange(offset: 0, count: value.count))
    case .valueNotKept: return .valueNotKept
    case .failed:
      guard let failure = RegistryFailure(rawValue: input.u8()) else { throw .malformed }
      return .failed(failure)
    case nil: throw .malformed
    }
  }
}
