// What each directed link loses: independently, or in bursts by the chain of Gilbert (1960) and Elliott (1963), in
// which a link is good or bad for a while. Whole numbers only, so that every machine draws alike.
import NodCore

/// Times in which a link is bad. How long it stays good or bad is geometric, in steps of a sixteenth of the mean.
package struct Bursts: Sendable, Equatable {
  package var meanBad: Microseconds
  package var meanGood: Microseconds
  /// Of the frames sent while it is bad.
  package var lossPermille: Int
  package init(meanBad: Microseconds, meanGood: Microseconds, lossPermille: Int = 1000) {
    precondition(meanBad.raw >= 16 && meanGood.raw >= 16)
    self.meanBad = meanBad
    self.meanGood = meanGood
    self.lossPermille = lossPermille
  }
}

/// The links that are not like all others.
struct Links {
  private struct State {
    var bursts: Bursts
    var isBad = false
    var until: Int64 = 0
    var random: Random
  }
  private var loss: [Int: Int] = [:]
  private var states: [Int: State] = [:]
  private let seed: UInt64
  private static let stepsOfMean = 16

  init(seed: UInt64) { self.seed = seed }

  private func key(_ from: Int, _ to: Int) -> Int { from << 8 | to }

  /// Independent loss of one directed link; nil for what all have.
  mutating func setLoss(_ permille: Int?, from: Int, to: Int) { loss[key(from, to)] = permille }
  mutating func setBursts(_ bursts: Bursts?, from: Int, to: Int) {
    let key = key(from, to)
    states[key] = bursts.map { State(bursts: $0, random: Random(seed: seed &+ UInt64(key) &* 0x9E37)) }
  }

  /// All are alike again.
  mutating func forgetAll() {
    loss = [:]
    states = [:]
  }

  func loss(from: Int, to: Int) -> Int? { loss[key(from, to)] }

  /// Whether a frame sent now is taken by a burst.
  mutating func burstTakes(from: Int, to: Int, at now: Int64) -> Bool {
    let key = key(from, to)
    guard var state = states[key] else { return false }
    defer { states[key] = state }
    while state.until <= now {  // one round per stay, so bounded by the time since the last frame
      if state.until > 0 { state.isBad.toggle() }
      let mean = state.isBad ? state.bursts.meanBad : state.bursts.meanGood
      let step = mean.raw / Int64(Links.stepsOfMean)
      var steps: Int64 = 1
      while state.random.below(Links.stepsOfMean) != 0 { steps += 1 }  // ends with probability 1
      state.until = max(state.until, 1) + steps * step
    }
    return state.isBad && state.random.happens(permille: state.bursts.lossPermille)
  }
}

extension WorldOptions {
  /// Every link loses this share of its frames, in bursts of so many windows on average in which it loses all.
  package mutating func loseInBursts(of windows: Int, permille: Int) {
    guard permille > 0 else { return }
    precondition(permille < 1000)
    let bad = period * windows
    let good = Microseconds(bad.raw * Int64(1000 - permille) / Int64(permille))
    lossPermille = 0
    links = Topology(everywhere: .bursts(Bursts(meanBad: bad, meanGood: good)))
  }
}
