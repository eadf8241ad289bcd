// Boards whose Int has 32 bits: numbers that come from elsewhere are bounded before they become an Int. What these
// tests hold is the same on every board; Tests/integration/test_boards.py runs the agent where it matters.
import NodCore
import Testing

@Test(arguments: [
  (UInt64(7), UInt64(3), 4), (3, 7, -4), (1 << 40, 3, 1 << 30), (3, 1 << 40, -(1 << 30)), (.max, 0, -1),
]) func aDistanceIsToldUpToTheFarthest(index: UInt64, other: UInt64, distance: Int) {
  #expect(LogIndex(index).distance(from: LogIndex(other)) == distance)
}

@Test func aDigestIsFoundAtAnIndexBeyond32Bits() {
  var history = DigestHistory()
  let far = LogIndex(DigestHistory.every << 40)
  history.note(far, 17)
  #expect(history.digest(at: far) == 17)
  #expect(history.digest(at: LogIndex(.max)) == nil)
}

@Test func aNumberOfArrivalLeavesRoomForMore() {
  #expect(PendingCommands.mostNumbered <= UInt64(Int.max - (1 << 20)))
}
