// Loss on purpose, for demonstrations on a network that loses nothing: each received datagram is thrown
// away with a given probability, independently, by a generator of its own, so that a run can be repeated.

package struct DeliberateLoss: Sendable {
  /// Of 100 received frames, how many are thrown away on average.
  package let percent: UInt32
  private var state: UInt64

  /// - Parameters:
  ///   - percent: 0 ... 100.
  ///   - seed: equal seeds lose alike; members of one cluster need different ones.
  package init(percent: Int, seed: UInt64) {
    precondition(percent >= 0 && percent <= 100)
    self.percent = UInt32(percent)
    state = seed
  }

  /// Whether the next datagram is lost.
  package mutating func strikes() -> Bool {
    guard percent > 0 else { return false }
    // 2^32 values over 100 differ from fairness by less than one in ten million.
    return UInt32(truncatingIfNeeded: next() >> 32) % 100 < percent
  }

  /// SplitMix64 (Steele, Lea, Flood 2014): any seed is a good one.
  private mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
