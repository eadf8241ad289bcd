// Majority arithmetic against the obvious way: sort, and take the place that a quorum reaches.
import NodCore
import Testing

private func decided(_ votes: [UInt64], quorum: Int) -> UInt64 {
  votes.map { LogIndex($0) }.withUnsafeBufferPointer { Quorum.decided($0, quorum: quorum).raw }
}

@Test(
  arguments: [
    ([0, 0, 0], 0), ([5, 0, 0], 0), ([5, 3, 0], 3), ([5, 5, 0], 5), ([1, 2, 3], 2), ([7], 7), ([2, 9], 2),
    ([4, 4, 4, 9, 9], 4), ([9, 4, 9, 4, 9], 9),
  ] as [([UInt64], UInt64)])
func aMajorityDecidesWhatItsSlowestMemberReached(votes: [UInt64], index: UInt64) {
  #expect(decided(votes, quorum: votes.count / 2 + 1) == index)
}

@Test func quorumsAgreeWithSorting() {
  var random = SeededRandom(seed: 1)
  for _ in 0..<50_000 {
    let count = 1 + random.below(31)
    let votes = (0..<count).map { _ in UInt64(random.below(12)) }
    let quorum = 1 + random.below(count + 1)
    let sorted = votes.sorted(by: >)
    let expected = quorum <= count ? sorted[quorum - 1] : 0
    if decided(votes, quorum: quorum) != expected {
      Issue.record("\(votes), quorum \(quorum): not \(expected)")
      return
    }
  }
}

@Test func nobodyDecidesNothing() {
  #expect(decided([], quorum: 1) == 0)
}
