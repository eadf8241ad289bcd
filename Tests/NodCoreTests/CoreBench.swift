// What the tests of logs, acceptors and frames share: entries by the numbers, and bytes that are lent to
// the core.
import NodCore

func ballot(_ round: UInt32, _ node: UInt8 = 1) -> Ballot { Ballot(round: round, node: NodeID(node)) }

func commandHead(_ sequence: UInt32, stamp: UInt64 = 0, hasMore: Bool = false) -> EntryHead {
  EntryHead(
    kind: .command, hasMore: hasMore, stamp: ClusterTime(milliseconds: stamp),
    token: CommandToken(id: CommandID(node: NodeID(1), incarnation: 1, sequence: sequence), issuedAt: .zero))
}

func beginHead(stamp: UInt64 = 0) -> EntryHead {
  EntryHead(kind: .begin, hasMore: false, stamp: ClusterTime(milliseconds: stamp), token: EntryHead.noToken)
}

/// What a writer wrote into a buffer of `room` bytes.
func written(room: Int = 2_048, _ body: (inout ByteWriter) -> Void) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: room)
  let count = bytes.withUnsafeMutableBytes { buffer in
    var out = ByteWriter(buffer)
    body(&out)
    precondition(!out.overflowed)
    return out.count
  }
  return Array(bytes[..<count])
}

func beginPayload(_ ballot: Ballot, adopted: Ballot) -> [UInt8] {
  written { BallotStart(ballot: ballot, adopted: adopted).write(to: &$0) }
}

func randomBytes(_ count: Int, _ random: inout SeededRandom) -> [UInt8] {
  (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}
