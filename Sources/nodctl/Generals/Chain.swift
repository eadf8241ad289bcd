// The two generals with plain acknowledgements (Akkoyunlu, Ekanadham & Huber 1975; Gray 1978): A proposes an
// hour, B acknowledges, A acknowledges the acknowledgement, and so on, k messages in all, any of which may be
// lost. Each attacks by the only rule that gives a complete chain to both: when he has received the last
// message meant for him.

/// A rule with `length` messages, 1...; general A sends the odd ones, B the even ones.
struct Chain {
  let length: Int

  init(length: Int) {
    precondition(length >= 1, "a chain without messages proposes nothing")
    self.length = length
  }

  /// What one run came to. All that can differ between two runs is how many messages arrived before one was
  /// lost.
  struct Run: Equatable {
    /// Messages that arrived, 0 ... length; the one after them was lost.
    let arrived: Int
    let aAttacks: Bool
    let bAttacks: Bool
    /// At least one general saw just what he would have seen in a run in which the other acts otherwise.
    let isAnyoneUncertain: Bool

    /// One attacks alone.
    var isDisaster: Bool { aAttacks != bAttacks }
    var isVictory: Bool { aAttacks && bAttacks }
  }

  enum General { case a, b }

  /// Sends the chain over a link that loses each message as `isLost` says: how many arrive.
  func send(isLost: () -> Bool) -> Int {
    var arrived = 0
    while arrived < length, !isLost() { arrived += 1 }
    return arrived
  }

  /// What the generals do, and know, when so many messages have arrived.
  func outcome(arrived: Int) -> Run {
    Run(
      arrived: arrived, aAttacks: attacks(.a, arrived), bAttacks: attacks(.b, arrived),
      isAnyoneUncertain: isUncertain(.a, arrived) || isUncertain(.b, arrived))
  }

  /// The number of the last message that `general` received in such a run; 0: none.
  private func lastReceived(_ general: General, _ arrived: Int) -> Int {
    let isHis = general == .a ? arrived % 2 == 0 : arrived % 2 == 1
    return isHis ? arrived : max(0, arrived - 1)
  }

  /// The last message that is meant for him; A needs none when the chain is a bare proposal.
  private func attacks(_ general: General, _ arrived: Int) -> Bool {
    lastReceived(general, arrived) == lastReceived(general, length)
  }

  /// He looks at all the runs that would have looked the same to him: does the other do the same in each?
  private func isUncertain(_ general: General, _ arrived: Int) -> Bool {
    let other: General = general == .a ? .b : .a
    let alike = (0...length).filter { lastReceived(general, $0) == lastReceived(general, arrived) }
    return Swift.Set(alike.map { attacks(other, $0) }).count > 1
  }
}

/// Many runs of one rule.
struct ChainFigures: Equatable {
  let length: Int
  let trials: Int
  private(set) var victories = 0
  private(set) var disasters = 0
  private(set) var uncertain = 0

  init(length: Int, trials: Int, loss: Double, random: inout some RandomNumberGenerator) {
    self.length = length
    self.trials = trials
    let chain = Chain(length: length)
    let outcomes = (0...length).map(chain.outcome)
    for _ in 0..<trials {
      let run = outcomes[chain.send { Double.random(in: 0..<1, using: &random) < loss }]
      if run.isVictory { victories += 1 }
      if run.isDisaster { disasters += 1 }
      if run.isAnyoneUncertain { uncertain += 1 }
    }
  }

  /// Runs in which somebody attacked.
  var attacks: Int { victories + disasters }
  func share(_ runs: Int) -> Double { Double(runs) / Double(trials) }

  // The same by arithmetic, for what is too rare to be seen in so many trials.

  /// The chance that all messages arrive.
  static func expectedVictories(length: Int, loss: Double) -> Double { allArrive(length, loss) }
  /// The chance that all but the last arrive.
  static func expectedDisasters(length: Int, loss: Double) -> Double { allArrive(length - 1, loss) * loss }
  /// The chance that at least all but the last two arrive: who broke off before knows that nobody attacks.
  static func expectedUncertain(length: Int, loss: Double) -> Double { allArrive(length - 2, loss) }

  private static func allArrive(_ messages: Int, _ loss: Double) -> Double {
    var chance = 1.0
    for _ in 0..<max(0, messages) { chance *= 1 - loss }
    return chance
  }
}

/// SplitMix64 (Steele, Lea & Flood 2014): small, and the same everywhere for the same seed.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
