// Loss in bursts: each directed link is good or bad for a while (Gilbert 1960, Elliott 1963), and loses all while it is
// bad. How long each state lasts is geometric in steps of a sixteenth of its mean, in whole numbers alone.
import NodCore

/// One directed link's state.
struct BurstState {
  var isBad: Bool
  var until: Int64
  var random: Random
}

extension World {
  /// Whether the link is in a burst now. The share of time in bursts is the loss that the world was given.
  func isInBurst(_ from: Int, _ to: Int) -> Bool {
    guard let windows = options.burstWindows, lossPermille > 0 else { return false }
    guard lossPermille < 1000 else { return true }
    let link = from << 8 | to
    let bad = Int64(windows) * options.period.raw
    let good = bad * Int64(1000 - lossPermille) / Int64(lossPermille)
    var state = bursts[link] ?? firstState(link)
    while state.until <= now {  // a step for each stay since the last frame
      if state.until > 0 { state.isBad.toggle() }
      let step = max(1, (state.isBad ? bad : good) / 16)
      var steps: Int64 = 1
      while state.random.below(16) != 0 { steps += 1 }  // ends with probability 1
      state.until = max(state.until, 1) + steps * step
    }
    bursts[link] = state
    return state.isBad
  }

  private func firstState(_ link: Int) -> BurstState {
    var random = Random(seed: options.seed &+ UInt64(link) &* 0x9E37)
    return BurstState(isBad: random.happens(permille: lossPermille), until: 0, random: random)
  }
}
