// The vector in every frame: merging is by maximum, what is written is read, and what is no vector leaves
// none behind.
import NodCore
import Testing

@Suite struct VoteVectorTests {
  private func positions(_ vector: borrowing VoteVector) -> [UInt64] {
    var all: [UInt64] = []
    for slot in 0..<vector.memberCount { all.append(vector[NodeID(UInt8(slot))].raw) }
    return all
  }

  private func make(_ positions: [UInt64]) -> VoteVector {
    var vector = VoteVector(memberCount: positions.count)
    vector.restart(in: ballot(1))
    for (slot, index) in positions.enumerated() { vector.raise(NodeID(UInt8(slot)), to: LogIndex(index)) }
    return vector
  }

  private func draw(_ count: Int, _ random: inout SeededRandom) -> [UInt64] {
    let spread = random.chance(50) ? 4 : 100_000
    return (0..<count).map { _ in random.chance(20) ? 0 : UInt64(random.below(spread)) }
  }

  @Test func mergingTakesTheHigherOfEachAndOrderDoesNotMatter() {
    var random = SeededRandom(seed: 7)
    for _ in 0..<5_000 {
      let count = 1 + random.below(31)
      let a = draw(count, &random)
      let b = draw(count, &random)
      var forwards = make(a)
      forwards.merge(make(b))
      var backwards = make(b)
      backwards.merge(make(a))
      backwards.merge(make(a))
      let expected = zip(a, b).map { max($0, $1) }
      if positions(forwards) != expected || positions(backwards) != expected {
        Issue.record("\(a) and \(b)")
        return
      }
    }
  }

  @Test func whatIsWrittenIsReadButForWhatIsDecidedAnyway() {
    var random = SeededRandom(seed: 8)
    var read = VoteVector(memberCount: 1)
    for _ in 0..<20_000 {
      let count = 1 + random.below(31)
      let told = draw(count, &random)
      let own = random.below(count)
      let floor = UInt64(random.below(6))
      let vector = make(told)
      let bytes = written { vector.write(to: &$0, floor: LogIndex(floor), own: NodeID(UInt8(own))) }
      if read.memberCount != count { read = VoteVector(memberCount: count) }
      let isRead = bytes.withUnsafeBytes { read.read($0, ballot: ballot(3)) }
      let candidates = told.enumerated().filter { $1 > 0 && ($1 > floor || $0 == own) }.map { $1 }
      let shared = candidates.max { a, b in
        let (ofA, ofB) = (told.count { $0 == a }, told.count { $0 == b })
        return ofA == ofB ? a < b : ofA < ofB
      }
      let expected = told.enumerated().map { $1 == shared || $1 > floor || $0 == own ? $1 : 0 }
      let found = positions(read)
      if !isRead || found != expected || read.ballot != ballot(3) {
        Issue.record("\(told) floor \(floor) own \(own) became \(found)")
        return
      }
    }
  }

  /// Where a frame has no room for all, it tells fewer: the sender's own vote, and those after its slot.
  @Test func aVectorFitsWhateverRoomThereIsAndTellsTheOwnVote() {
    let told = (0..<31).map { UInt64(200 + $0 * ($0 % 3)) }
    let vector = make(told)
    for own in 0..<31 {
      let whole = written { vector.write(to: &$0, floor: LogIndex(100), own: NodeID(UInt8(own))) }
      for room in 11..<whole.count {
        var bytes = [UInt8](repeating: 0, count: room)
        let (count, overflowed) = bytes.withUnsafeMutableBytes { buffer in
          var out = ByteWriter(buffer)
          vector.write(to: &out, floor: LogIndex(100), own: NodeID(UInt8(own)))
          return (out.count, out.overflowed)
        }
        var read = VoteVector(memberCount: 31)
        let isRead = bytes[..<count].withUnsafeBytes { read.read($0, ballot: ballot(1)) }
        #expect(!overflowed && isRead && read[NodeID(UInt8(own))].raw == told[own])
        for slot in 0..<31 where read[NodeID(UInt8(slot))].raw > 0 {
          #expect(read[NodeID(UInt8(slot))].raw == told[slot])
        }
      }
    }
  }

  @Test func aVectorCutShortOrLongerThanItselfIsRefused() {
    let vector = make([300, 12, 0, 299, 300, 1, 2])
    let bytes = written { vector.write(to: &$0, floor: .zero, own: NodeID(0)) }
    var read = make([1, 1, 1, 1, 1, 1, 1])
    for count in 0..<bytes.count {
      let isRead = bytes[..<count].withUnsafeBytes { read.read($0, ballot: ballot(2)) }
      #expect(!isRead)
      let left = positions(read)
      #expect(left == [0, 0, 0, 0, 0, 0, 0])
    }
    let isRead = (bytes + [0]).withUnsafeBytes { read.read($0, ballot: ballot(2)) }
    #expect(!isRead)
  }

  @Test(
    arguments: [
      [10, 0b001, 1, 3, 1],  // slot 3 of three members
      [10, 0b001, 1, 1, 21],  // eleven behind ten
      [10, 0b001, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],  // beyond 63 bits
      [10, 0b001, 2, 1, 1],  // one of two is told
      [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 0, 0],  // past 64 bits
    ] as [[UInt8]])
  func nonsenseIsRefusedAndLeavesAnEmptyVector(bytes: [UInt8]) {
    var read = make([4, 5, 6])
    let isRead = bytes.withUnsafeBytes { read.read($0, ballot: ballot(2)) }
    #expect(!isRead)
    let left = positions(read)
    #expect(left == [0, 0, 0])
  }

  @Test func randomBytesNeverHarm() {
    var random = SeededRandom(seed: 9)
    var read = VoteVector(memberCount: 5)
    var taken = 0
    for _ in 0..<100_000 {
      let bytes = randomBytes(random.below(12), &random)
      let isRead = bytes.withUnsafeBytes { read.read($0, ballot: ballot(1)) }
      if isRead {
        taken += 1
      } else if positions(read) != [0, 0, 0, 0, 0] {
        Issue.record("\(bytes) left votes behind")
      }
    }
    #expect(taken > 0)
  }
}
