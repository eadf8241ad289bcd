// How far each member has durably accepted, in one ballot: the heart of the merged frame.
// Merging is by maximum, so any subset of frames, repeated in any order, leaves it true.

/// Invariant: every position is an index that its member had accepted in `ballot`, aligned by its leader,
/// and on disk,
/// before anybody spoke of it. Vectors of different ballots or membership versions never meet.
public struct VoteVector: ~Copyable {
  package private(set) var ballot = Ballot.zero
  package let memberCount: Int
  private let positions: UnsafeMutablePointer<LogIndex>

  package init(memberCount: Int) {
    self.memberCount = memberCount
    positions = .allocate(capacity: memberCount)
    positions.initialize(repeating: .zero, count: memberCount)
  }
  deinit { positions.deallocate() }

  /// Starts empty in another ballot.
  package mutating func restart(in ballot: Ballot) {
    self.ballot = ballot
    positions.update(repeating: .zero, count: memberCount)
  }
  package subscript(node: NodeID) -> LogIndex { positions[Int(node.raw)] }
  package mutating func raise(_ node: NodeID, to index: LogIndex) {
    precondition(Int(node.raw) < memberCount)
    if index > positions[Int(node.raw)] { positions[Int(node.raw)] = index }
  }
  /// Merges by maximum.
  package mutating func merge(_ other: borrowing VoteVector) {
    precondition(other.ballot == ballot)
    var i = 0
    while i < memberCount {
      if other.positions[i] > positions[i] { positions[i] = other.positions[i] }
      i += 1
    }
  }
  package func decided(quorum: Int) -> LogIndex {
    Quorum.decided(UnsafeBufferPointer(start: positions, count: memberCount), quorum: quorum)
  }
  /// Members whose position is at least `index`.
  package func members(at index: LogIndex) -> NodeSet {
    var set = NodeSet()
    var i = 0
    while i < memberCount {
      if positions[i] >= index { set.insert(NodeID(UInt8(i))) }
      i += 1
    }
    return set
  }
  /// Whether this vector shows a vote that `other` (of the same ballot) does not.
  package func shows(moreThan other: borrowing VoteVector, above floor: LogIndex) -> Bool {
    var i = 0
    while i < memberCount {
      if positions[i] > other.positions[i] && positions[i] > floor { return true }
      i += 1
    }
    return false
  }

  /// Layout: a position that many share (varint), bitmap of the members there (a bit each, slot 0 first), number of
  /// the others told (u8), and for each its slot (u8) and how far it is ahead (signed varint). Positions at or below
  /// `floor` are left out, but for the sender's own. Where room is short others are left out too, the own position
  /// last of all: a vector that tells less is as true.
  package func write(to out: inout ByteWriter, floor: LogIndex, own: NodeID) {
    let shared = mostShared(floor, own)
    out.varint(shared.raw)
    var byte: UInt8 = 0
    var i = 0
    while i < memberCount {
      if positions[i] == shared && shared.raw > 0 { byte |= 1 << UInt8(i & 7) }
      if i & 7 == 7 || i == memberCount - 1 {
        out.u8(byte)
        byte = 0
      }
      i += 1
    }
    let mark = out.count
    var others: UInt8 = 0
    out.u8(0)
    i = 0
    while i < memberCount && others < .max {
      let k = (Int(own.raw) + i) % memberCount
      if positions[k] != shared && isTold(k, floor, own) {
        let ahead = Int64(positions[k].raw) - Int64(shared.raw)
        if i > 0 && out.remaining < 1 + ByteWriter.signedVarintLength(ahead) { break }
        out.u8(UInt8(k))
        out.signedVarint(ahead)
        others += 1
      }
      i += 1
    }
    out.patch(mark, others)
  }
  /// Of the positions that are told the one of most members; of several, the highest.
  private func mostShared(_ floor: LogIndex, _ own: NodeID) -> LogIndex {
    var best = (LogIndex.zero, 0)
    var i = 0
    while i < memberCount {
      if positions[i] != best.0 && isTold(i, floor, own) {
        var count = 0
        var k = 0
        while k < memberCount {
          if positions[k] == positions[i] { count += 1 }
          k += 1
        }
        if count > best.1 || count == best.1 && positions[i] > best.0 { best = (positions[i], count) }
      }
      i += 1
    }
    return best.0
  }
  private func isTold(_ i: Int, _ floor: LogIndex, _ own: NodeID) -> Bool {
    positions[i].raw > 0 && (positions[i] > floor || i == Int(own.raw))
  }

  /// Replaces this vector by the one in `bytes`. false: no vector of `memberCount` members; this one is
  /// then empty.
  package mutating func read(_ bytes: Bytes, ballot: Ballot) -> Bool {
    restart(in: ballot)
    var input = ByteReader(bytes)
    let shared = input.varint(atMost: UInt64(Int64.max))
    var i = 0
    while i < memberCount {
      var byte: UInt8 = 0
      byte = input.u8()
      var bit = 0
      while bit < 8 && i < memberCount {
        if byte & (1 << UInt8(bit)) != 0 { positions[i] = LogIndex(shared) }
        bit += 1
        i += 1
      }
    }
    var others = Int(input.u8())
    while others > 0 && !input.failed {  // at most 255
      let slot = Int(input.u8())
      let (position, overflow) = Int64(shared).addingReportingOverflow(input.signedVarint())
      if slot >= memberCount || overflow || position < 0 {
        input.fail()
      } else if !input.failed {
        positions[slot] = LogIndex(UInt64(position))
      }
      others -= 1
    }
    if input.failed || !input.isAtEnd {
      restart(in: ballot)
      return false
    }
    return true
  }
}
