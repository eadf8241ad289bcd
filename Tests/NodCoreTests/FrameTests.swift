// A frame's body: the published vectors both ways, the bounds of its sections, and a third of a million
// bodies of all
// kinds that must do no harm.
import NodCore
import Testing

/// The section `cycle` is `varint 640, u8 0`, and so on: its values in the order of their bytes.
private func writeTyped(_ text: String, to out: inout ByteWriter) {
  for part in text.split(separator: ",") {
    let words = part.split(separator: " ")
    switch words[0] {
    case "u8": out.u8(UInt8(words[1])!)
    case "u16": out.u16(UInt16(words[1])!)
    case "u32": out.u32(UInt32(words[1])!)
    case "u64": out.u64(UInt64(words[1])!)
    case "varint": out.varint(UInt64(words[1])!)
    case "ballot": BallotCodec.write(FrameVector.ballot(words[1]), to: &out)
    case "token": EntryCodec.writeToken(FrameVector.token(words[1]), to: &out)
    default: FrameVector.hexBytes(words[1]).withUnsafeBytes { out.bytes($0) }
    }
  }
}

private func typedIsIn(_ bytes: Bytes, _ text: String) -> Bool {
  var input = ByteReader(bytes)
  for part in text.split(separator: ",") {
    let words = part.split(separator: " ")
    let isSame =
      switch words[0] {
      case "u8": input.u8() == UInt8(words[1])!
      case "u16": input.u16() == UInt16(words[1])!
      case "u32": input.u32() == UInt32(words[1])!
      case "u64": input.u64() == UInt64(words[1])!
      case "varint": input.varint() == UInt64(words[1])!
      case "ballot": BallotCodec.read(&input) == FrameVector.ballot(words[1])
      case "token": EntryCodec.readToken(&input) == FrameVector.token(words[1])
      default: Array(input.bytes(words[1].count / 2)) == FrameVector.hexBytes(words[1])
      }
    if !isSame { return false }
  }
  return input.isAtEnd && !input.failed
}

private func writeEntries(_ text: String, _ entries: [VectorEntry], to out: inout ByteWriter) {
  let words = text.split(separator: " ")
  let first = LogIndex(UInt64(words[1])!)
  let base = ClusterTime(milliseconds: UInt64(words[3])!)
  out.varint(first.raw)
  out.varint(base.milliseconds)
  out.varint(UInt64(entries.count))
  for (k, entry) in entries.enumerated() {
    entry.payload.withUnsafeBytes { EntryCodec.write(entry.head, $0, at: first + k, base: base, to: &out) }
  }
}

private func entriesAreIn(_ bytes: Bytes, _ text: String, _ entries: [VectorEntry]) -> Bool {
  let words = text.split(separator: " ")
  var input = ByteReader(bytes)
  guard input.varint() == UInt64(words[1])! else { return false }
  let base = ClusterTime(milliseconds: input.varint())
  guard base.milliseconds == UInt64(words[3])!, input.varint() == UInt64(entries.count) else { return false }
  for entry in entries {
    var unknown = false
    guard let (head, payload) = EntryCodec.read(&input, base: base, payloadLimit: 64, unknownKind: &unknown)
    else {
      return false
    }
    let isSame =
      head.kind == entry.head.kind && head.hasMore == entry.head.hasMore && head.stamp == entry.head.stamp
      && head.token == entry.head.token && Array(payload) == entry.payload
    if !isSame { return false }
  }
  return input.isAtEnd && !input.failed
}

private func votesAreIn(_ bytes: Bytes, _ votes: VectorVotes) -> Bool {
  var read = VoteVector(memberCount: votes.positions.count)
  guard read.read(bytes, ballot: ballot(1)) else { return false }
  for (slot, index) in votes.told.enumerated() where read[NodeID(UInt8(slot))].raw != index { return false }
  return true
}

private func encoded(_ vector: FrameVector, room: Int = 1_024) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: room)
  let count = bytes.withUnsafeMutableBytes { buffer in
    var writer = FrameWriter(buffer, vector.prelude)
    for section in vector.sections {
      guard let kind = SectionKind(rawValue: section.kind) else {
        writer.out.u8(section.kind)  // of a later version: no writer of this one makes it
        let body = written { writeTyped(section.value, to: &$0) }
        writer.out.varint(UInt64(body.count))
        body.withUnsafeBytes { writer.out.bytes($0) }
        continue
      }
      writer.section(kind) { out in
        switch kind {
        case .entries: writeEntries(section.value, section.entries, to: &out)
        case .votes:
          let votes = VectorVotes(section.value)
          var vector = VoteVector(memberCount: votes.positions.count)
          for (slot, index) in votes.positions.enumerated() {
            vector.raise(NodeID(UInt8(slot)), to: LogIndex(index))
          }
          vector.write(to: &out, floor: LogIndex(votes.floor), own: votes.own)
        default: writeTyped(section.value, to: &out)
        }
      }
    }
    return writer.count
  }
  return Array(bytes[..<count])
}

/// What became of a body.
private enum Verdict: Equatable {
  case taken(unknownSections: Int)
  case truncated, badSection, tooManySections
}

private func decode(_ bytes: [UInt8]) -> Verdict {
  bytes.withUnsafeBytes { body in
    do throws(FrameError) {
      return .taken(unknownSections: try Frame(decoding: body, from: NodeID(1)).unknownSections)
    } catch {
      switch error {
      case .truncated: return .truncated
      case .badSection: return .badSection
      case .tooManySections: return .tooManySections
      }
    }
  }
}

private let vectorNames = [
  "beacon", "proposal", "vote", "prepare", "promise", "commands", "snapshot", "full",
]

@Suite struct FrameTests {
  @Test(arguments: vectorNames) func theFieldsMakeThePublishedBytes(name: String) throws {
    let vector = try FrameVector.named(name)
    #expect(vector.sections.count > 0)
    #expect(encoded(vector) == vector.body)
  }

  @Test(arguments: vectorNames) func thePublishedBytesGiveTheFields(name: String) throws {
    let vector = try FrameVector.named(name)
    try vector.body.withUnsafeBytes { body in
      let frame = try Frame(decoding: body, from: NodeID(1))
      let found = frame.prelude
      let expected = vector.prelude
      #expect(found.flags == expected.flags)
      #expect(found.membershipVersion == expected.membershipVersion)
      #expect(found.promised == expected.promised)
      #expect(found.accepted == expected.accepted)
      #expect(found.window == expected.window)
      #expect(found.leaderAge == expected.leaderAge)
      #expect(found.decided == expected.decided)
      #expect(found.incarnation == expected.incarnation)
      #expect(found.offset == expected.offset)
      #expect(found.hops == expected.hops)
      #expect(found.founder == expected.founder)
      #expect(frame.unknownSections == vector.sections.count { SectionKind(rawValue: $0.kind) == nil })
      for section in vector.sections {
        guard let kind = SectionKind(rawValue: section.kind) else { continue }
        let bytes = try #require(frame.section(kind))
        switch kind {
        case .votes: #expect(votesAreIn(bytes, VectorVotes(section.value)))
        case .entries: #expect(entriesAreIn(bytes, section.value, section.entries))
        default: #expect(typedIsIn(bytes, section.value), "\(section.key)")
        }
      }
    }
  }

  /// A body that is cut inside a section is refused whole; cut between sections it is another, shorter frame.
  @Test(arguments: vectorNames) func aBodyCutShortIsRefused(name: String) throws {
    let vector = try FrameVector.named(name)
    var shorter = vector
    var whole: Set<Int> = []
    while let last = shorter.sections.last {
      whole.insert(encoded(shorter).count)
      let at = shorter.fields.lastIndex { $0.key == last.key }!
      shorter.fields.removeSubrange(at...)
    }
    whole.insert(encoded(shorter).count)
    for count in 0..<vector.body.count {
      let isTaken = if case .taken = decode(Array(vector.body[..<count])) { true } else { false }
      #expect(isTaken == whole.contains(count), "\(count) bytes")
    }
  }

  @Test func anAcceptedBallotAboveThePromisedOneIsRefused() {
    var prelude = Prelude()
    prelude.promised = ballot(3)
    prelude.accepted = ballot(4)
    let bytes = written { prelude.write(to: &$0) }
    #expect(decode(bytes) == .truncated)
  }

  @Test func slotsBeyondTheLastAreRefused() {
    // Flags 4, membership 1, round 1, then the ballot's slot.
    #expect(decode([4, 1, 1, 192, 0, 0, 255, 0]) == .truncated)
    #expect(decode([4, 1, 1, 30, 0, 0, 255, 0]) == .taken(unknownSections: 0))
    // Timed: the founder's slot comes last.
    #expect(decode([5, 1, 1, 30, 0, 0, 0, 0, 255, 0, 0, 0, 192]) == .truncated)
    #expect(decode([5, 1, 1, 30, 0, 0, 0, 0, 255, 0, 0, 0, 30]) == .taken(unknownSections: 0))
  }

  @Test func moreSectionsThanTheLimitAreRefused() {
    let bare = written { Prelude().write(to: &$0) }
    let section: [UInt8] = [200, 0]
    let most = bare + Array(repeating: section, count: Frame.sectionLimit).joined()
    #expect(decode(most) == .taken(unknownSections: Frame.sectionLimit))
    #expect(decode(most + section) == .tooManySections)
  }

  @Test(arguments: [0, 1, 127, 128, 129, 900]) func sectionsOfAnyLengthComeBackWhole(count: Int) throws {
    let content = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    var bytes = [UInt8](repeating: 0xEE, count: 1_000)
    let used = bytes.withUnsafeMutableBytes { buffer in
      var writer = FrameWriter(buffer, Prelude())
      let isWritten = writer.section(.commands) { out in content.withUnsafeBytes { out.bytes($0) } }
      #expect(isWritten)
      let sections = writer.sections
      #expect(sections == 1)
      writer.section(.support) { $0.u8(3) }
      return writer.count
    }
    try bytes[..<used].withUnsafeBytes { body in
      let frame = try Frame(decoding: body, from: NodeID(1))
      #expect(Array(try #require(frame.section(.commands))) == content)
      #expect(Array(try #require(frame.section(.support))) == [3])
      #expect(frame.section(.votes) == nil)
    }
  }

  /// At every size of the room: a section is there whole or not at all, and what comes after it can still
  /// fit.
  @Test(arguments: [20, 127, 128, 140]) func aSectionThatDoesNotFitIsTakenBackWhole(count: Int) {
    let bare = written { Prelude().write(to: &$0) }.count
    let needed = bare + count + (count < 128 ? 2 : 3)
    for room in bare..<needed + 2 {
      var bytes = [UInt8](repeating: 0, count: room)
      bytes.withUnsafeMutableBytes { buffer in
        var writer = FrameWriter(buffer, Prelude())
        let isWritten = writer.section(.commands) { out in
          for _ in 0..<count { out.u8(7) }
        }
        let used = writer.count
        #expect(isWritten == (room >= needed))
        #expect(used == (isWritten ? needed : bare))
        let isNextWritten = writer.section(.alive) { _ in }
        #expect(isNextWritten == (room - used >= 2))
      }
    }
  }

  /// Mutated, spliced and random bodies: the decoder, and all that reads sections, stay within their bytes.
  @Test func aThirdOfAMillionHostileBodiesDoNoHarm() throws {
    var random = SeededRandom(seed: 31)
    let pool = try vectorNames.map { try FrameVector.named($0).body }
    var votes = VoteVector(memberCount: 5)
    var decoded = 0
    for _ in 0..<300_000 {
      var bytes = pool[random.below(pool.count)]
      switch random.below(5) {
      case 0: bytes = randomBytes(random.below(64), &random)
      case 1: bytes.removeLast(random.below(bytes.count))
      case 2:
        bytes =
          Array(bytes.prefix(random.below(bytes.count)))
          + pool[random.below(pool.count)].suffix(random.below(40))
      default:
        for _ in 0...random.below(3) {
          bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
        }
      }
      bytes.withUnsafeBytes { body in
        guard let frame = try? Frame(decoding: body, from: NodeID(2)) else { return }
        decoded += 1
        if frame.prelude.accepted > frame.prelude.promised { Issue.record("ballots out of order: \(bytes)") }
        if frame.body.count > body.count { Issue.record("a body longer than its bytes: \(bytes)") }
        if let section = frame.section(.votes) { _ = votes.read(section, ballot: frame.prelude.accepted) }
        if let section = frame.section(.entries) { readAll(section) }
      }
    }
    #expect(decoded > 30_000 && decoded < 270_000)
  }

  private func readAll(_ section: Bytes) {
    var input = ByteReader(section)
    _ = input.varint()
    let base = ClusterTime(milliseconds: input.varint())
    var unknown = false
    while !input.isAtEnd,
      let (_, payload) = EntryCodec.read(&input, base: base, payloadLimit: 64, unknownKind: &unknown)
    {
      if payload.count > 64 { Issue.record("a payload beyond its limit") }
    }
  }
}
