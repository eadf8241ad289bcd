// The only source of chance in a simulated world: everything follows from one 64-bit seed.

/// SplitMix64 (Steele, Lea, Flood 2014).
package struct Random: Sendable {
  private var state: UInt64
  package init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  /// A whole number in 0 ..< bound.
  package mutating func below(_ bound: Int) -> Int { Int(next() >> 11) % max(1, bound) }
  package mutating func happens(permille: Int) -> Bool { below(1000) < permille }
}
