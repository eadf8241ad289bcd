// One hop of radio in slots: what a receiver gets of the frames that were sent at the same time, and what is lost on
// the way. Three physical layers bound what real ones do; losses come alone or in bursts, per directed link.
import NodCore

/// What becomes of frames that overlap.
package enum FloodPhysics: Sendable, Equatable {
  /// They destroy each other: only a frame that is alone in its slot is heard.
  case collision
  /// With this chance, in thousandths, one of them is heard (the capture effect), else none.
  case capture(permille: Int)
  /// Each is heard as if it were alone: no radio does better.
  case ideal

  package var name: String {
    switch self {
    case .collision: "collision"
    case .capture(let permille): "capture \(Double(permille) / 1000)"
    case .ideal: "ideal"
    }
  }
}

/// How frames are lost on a link.
package struct FloodLoss: Sendable {
  package var permille: Int
  /// Mean length of a burst in slots (Gilbert 1960, Elliott 1963, with nothing lost in the good state and all in the
  /// bad); nil: every frame by itself.
  package var meanBurst: Int?
  package init(permille: Int, meanBurst: Int? = nil) {
    self.permille = permille
    self.meanBurst = meanBurst
  }
}

/// The air between `count` nodes.
struct FloodMedium {
  private let count: Int
  private let physics: FloodPhysics
  private let loss: FloodLoss
  /// Links in their bad state.
  private var isBad: [Bool] = []

  init(count: Int, physics: FloodPhysics, loss: FloodLoss, _ random: inout Random) {
    self.count = count
    self.physics = physics
    self.loss = loss
    guard loss.meanBurst != nil else { return }
    for _ in 0..<count * count { isBad.append(random.happens(permille: loss.permille)) }
  }

  /// Every link goes on to its next state.
  mutating func passSlot(_ random: inout Random) {
    guard let burst = loss.meanBurst, loss.permille < 1000 else { return }
    // bad -> good with 1/burst; good -> bad so that the share of bad is as asked for.
    let spoil = loss.permille * 1_000_000 / (1000 - loss.permille) / burst
    for link in 0..<isBad.count {
      if isBad[link] {
        if random.below(burst) == 0 { isBad[link] = false }
      } else if random.below(1_000_000) < spoil {
        isBad[link] = true
      }
    }
  }

  /// Calls `take` with the place in `speakers` of each that `listener` hears in this slot.
  func hear(_ speakers: [Int], at listener: Int, _ random: inout Random, _ take: (Int, inout Random) -> Void)
  {
    guard !speakers.isEmpty else { return }
    if speakers.count > 1 {
      switch physics {
      case .collision: return
      case .capture(let permille):
        guard random.happens(permille: permille) else { return }
        let which = random.below(speakers.count)
        if passes(speakers[which], listener, &random) { take(which, &random) }
        return
      case .ideal: break
      }
    }
    for which in 0..<speakers.count where passes(speakers[which], listener, &random) { take(which, &random) }
  }

  private func passes(_ a: Int, _ b: Int, _ random: inout Random) -> Bool {
    loss.meanBurst == nil ? !random.happens(permille: loss.permille) : !isBad[a * count + b]
  }
}
