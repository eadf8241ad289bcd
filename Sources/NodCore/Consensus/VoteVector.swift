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

  /// Layout: highest position (varint), bitmap of the members there (a bit each, slot 0 first), number of
  /// the others
  /// told (u8), and for each its slot (u8) and distance below the highest (varint). Positions at or below
  /// `floor`
  /// are left out, but for the sender's own.
  package func write(to out: inout ByteWriter, floor: LogIndex, own: NodeID) {
    var top = LogIndex.zero
    var others = 0
    var i = 0
    while i < memberCount {
      if positions[i] > top { top = positions[i] }
      i += 1
    }
    out.varint(top.raw)
    var byte: UInt8 = 0
    i = 0
    while i < memberCount {
      if positions[i] == top && top.raw > 0 {
        byte |= 1 << UInt8(i & 7)
      } else if isTold(i, floor, own) {
        others += 1
      }
      if i & 7 == 7 || i == memberCount - 1 {
        out.u8(byte)
        byte = 0
      }
      i += 1
    }
    out.u8(UInt8(others))
    i = 0
    while i < memberCount {
      if positions[i] != top && isTold(i, floor, own) {
        out.u8(UInt8(i))
        out.varint(top.raw - positions[i].raw)
      }
      i += 1
    }
  }
  private func isTold(_ i: Int, _ floor: LogIndex, _ own: NodeID) -> Bool {
    positions[i].raw > 0 && (positions[i] > floor || i == Int(own.raw))
  }

  /// Replaces this vector by the one in `bytes`. false: no vector of `memberCount` members; this one is
  /// then empty.
  package mutating func read(_ bytes: Bytes, ballot: Ballot) -> Bool {
    restart(in: ballot)
    var input = ByteReader(bytes)
    let top = input.varint()
    var i = 0
    while i < memberCount {
      var byte: UInt8 = 0
      byte = input.u8()
      var bit = 0
      while bit < 8 && i < memberCount {
        if byte & (1 << UInt8(bit)) != 0 { positions[i] = LogIndex(top) }
        bit += 1
        i += 1
      }
    }
    var others = Int(input.u8())
    while others > 0 && !input.failed {  // at most 255
      let slot = Int(input.u8())
      let below = input.varint(atMost: top)
      if slot >= memberCount {
        input.fail()
      } else if !input.failed {
        positions[slot] = LogIndex(top - below)
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
