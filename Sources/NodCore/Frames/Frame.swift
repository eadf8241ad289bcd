// A frame's body: what is inside the seal. A fixed prelude, then sections, each kind (u8), length (varint),
// bytes.
// The layout is specified byte by byte in docs/wire-format.md. Decoding makes a checked view of the
// caller's bytes.

package enum FrameError: Error, Sendable {
  case truncated
  case badSection(UInt8)
  case tooManySections
}

/// What every frame begins with.
package struct Prelude: Sendable {
  package static let timed: UInt8 = 1
  package static let leads: UInt8 = 2
  package static let sameBallot: UInt8 = 4
  package static let started: UInt8 = 8
  package static let resigning: UInt8 = 16
  package static let full: UInt8 = 32
  package static let backed: UInt8 = 64
  /// The sender knows peers that have not quoted its start salt yet: please greet it.
  package static let asks: UInt8 = 128

  package var flags: UInt8 = 0
  package var membershipVersion: UInt8 = 1
  /// The highest ballot that the sender promised.
  package var promised = Ballot.zero
  /// The ballot in which its votes, entries and decided index stand.
  package var accepted = Ballot.zero
  /// Low 16 bits, or all 32 when timed.
  package var window: UInt32 = 0
  /// Windows since the newest one in which the leader of `promised` is known to have spoken; 255: none known.
  package var leaderAge: UInt8 = 255
  /// Entries 1 ... decided of the sender's log, as accepted in `accepted`, are decided.
  package var decided = LogIndex.zero
  /// Which start of the sender this is; only with `started`.
  package var incarnation: UInt32 = 0
  /// Timed only: from the window's grid point to the beginning of this frame's transmission.
  package var offset = Microseconds.zero
  /// Timed only: how many members passed the time on, 0 from whoever defines the grid.
  package var hops: UInt8 = 0
  /// Timed only: whose grid this is.
  package var founder = NodeID(0)

  package init() {}
  package func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

  package func write(to out: inout ByteWriter) {
    out.u8(promised == accepted ? flags | Prelude.sameBallot : flags & ~Prelude.sameBallot)
    out.u8(membershipVersion)
    BallotCodec.write(promised, to: &out)
    if promised != accepted { BallotCodec.write(accepted, to: &out) }
    if has(Prelude.timed) { out.u32(window) } else { out.u16(UInt16(truncatingIfNeeded: window)) }
    out.u8(leaderAge)
    out.varint(decided.raw)
    if has(Prelude.started) { out.varint(UInt64(incarnation)) }
    if has(Prelude.timed) {
      out.varint(UInt64(max(0, offset.raw)))
      out.u8(hops)
      out.u8(founder.raw)
    }
  }

  init(_ input: inout ByteReader) {
    flags = input.u8()
    membershipVersion = input.u8()
    promised = BallotCodec.read(&input)
    accepted = has(Prelude.sameBallot) ? promised : BallotCodec.read(&input)
    window = has(Prelude.timed) ? input.u32() : UInt32(input.u16())
    leaderAge = input.u8()
    decided = LogIndex(input.varint(atMost: UInt64(Int64.max)))
    if has(Prelude.started) { incarnation = UInt32(input.varint(atMost: UInt64(UInt32.max))) }
    if has(Prelude.timed) {
      offset = Microseconds(Int64(input.varint(atMost: 1 << 40)))
      hops = input.u8()
      let slot = input.u8()
      if Int(slot) >= NodeSet.capacity { input.fail() }
      founder = NodeID(slot)
    }
    if accepted > promised { input.fail() }
  }
}

/// A decoded frame, valid as long as the bytes it came in.
package struct Frame {
  package static let sectionLimit = 24
  package let sender: NodeID
  package let prelude: Prelude
  /// The bytes of all sections; walked by `forEachSection`.
  package let body: Bytes
  package private(set) var unknownSections = 0
  package private(set) var kinds = SectionKinds()

  package init(decoding bytes: Bytes, from sender: NodeID) throws(FrameError) {
    self.sender = sender
    var input = ByteReader(bytes)
    prelude = Prelude(&input)
    if input.failed { throw .truncated }
    body = bytes.part(input.offset, bytes.count)
    var walk = ByteReader(body)
    var count = 0
    while !walk.isAtEnd {
      let kind = walk.u8()
      let length = walk.varint(atMost: UInt64(body.count))
      _ = walk.bytes(Int(length))
      if walk.failed { throw .badSection(kind) }
      if let kind = SectionKind(rawValue: kind) { kinds.insert(kind) } else { unknownSections += 1 }
      count += 1
      if count > Frame.sectionLimit { throw .tooManySections }
    }
  }

  /// The first section of a kind; nil when there is none.
  package func section(_ kind: SectionKind) -> Bytes? {
    var walk = ByteReader(body)
    while !walk.isAtEnd {
      let k = walk.u8()
      let length = walk.varint(atMost: UInt64(body.count))
      let bytes = walk.bytes(Int(length))
      if walk.failed { return nil }
      if k == kind.rawValue { return bytes }
    }
    return nil
  }
  package func has(_ kind: SectionKind) -> Bool { section(kind) != nil }
  /// Every section of one kind, in order: who passes on what others brought adds theirs to its own.
  @inline(never)
  package func all(_ kind: SectionKind, _ body: (Bytes) -> Void) {
    var walk = ByteReader(self.body)
    while !walk.isAtEnd {
      let k = walk.u8()
      let length = walk.varint(atMost: UInt64(self.body.count))
      let bytes = walk.bytes(Int(length))
      if walk.failed { return }
      if k == kind.rawValue { body(bytes) }
    }
  }
}

/// Composes a frame's body section by section; a section that does not fit is taken back whole.
package struct FrameWriter: ~Copyable {
  package var out: ByteWriter
  package private(set) var sections = 0
  package private(set) var kinds = SectionKinds()

  package init(_ buffer: UnsafeMutableRawBufferPointer, _ prelude: Prelude) {
    out = ByteWriter(buffer)
    prelude.write(to: &out)
    precondition(!out.overflowed, "a prelude fits every MTU that is allowed")
  }

  package var remaining: Int { out.remaining }
  package var count: Int { out.count }

  /// - Returns: whether the section was written.
  @discardableResult
  package mutating func section(_ kind: SectionKind, _ body: (inout ByteWriter) -> Void) -> Bool {
    let mark = out.count
    out.u8(kind.rawValue)
    out.u8(0)
    let start = out.count
    body(&out)
    let length = out.count - start
    guard !out.overflowed else {
      out.rewind(to: mark)
      return false
    }
    if length < 0x80 {
      out.patch(start - 1, UInt8(length))
    } else if !widen(start, length) {
      out.rewind(to: mark)
      return false
    }
    sections += 1
    kinds.insert(kind)
    return true
  }

  /// Makes the length field two bytes wide: the section's bytes move by one.
  private mutating func widen(_ start: Int, _ length: Int) -> Bool {
    guard length < 0x4000, out.remaining >= 1 else { return false }
    out.u8(0)
    let base = out.buffer.baseAddress! + start
    (base + 1).copyMemory(from: base, byteCount: length)
    out.patch(start - 1, UInt8(length & 0x7f) | 0x80)
    out.patch(start, UInt8(length >> 7))
    return true
  }
}
