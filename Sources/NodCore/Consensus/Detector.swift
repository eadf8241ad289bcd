// When is a silent leader presumed dead? Where half of all frames are lost, three missed beacons mean
// nothing; where none are, they mean much. So loss is measured for each directed link, and the patience
// follows from it.
//
// Whoever feeds an estimate counts only while the leader is known to live: else a dead leader would look like
// a bad link, and be waited for all the longer (protocol review B10).

/// How many beacons in a row may go missing.
package enum Detector {
  /// Fewer is hasty at any loss; more would take longer than the cluster can be without a leader.
  package static let bounds = 3...16
  /// A living leader is presumed dead with at most this probability, in 10^-15: one in ten thousand.
  private static let falseAlarm = one / 10_000
  private static let one: Int64 = 1_000_000_000_000_000

  /// How many it takes to support another who presumes it dead: two who miss the same beacons are seldom both wrong,
  /// so a chance of one in a hundred each is enough (protocol review B10).
  package static func missesBeforeSupport(lossPermille: Int) -> Int {
    max(2, (missesBeforeSuspicion(lossPermille: lossPermille) + 1) / 2)
  }

  /// How many consecutive beacons of a living leader may go missing before it is presumed dead.
  ///
  /// With independent loss p, M misses in a row happen with p^M; M is the least for which that is at most
  /// 10^-4: M = ceil(ln 10^-4 / ln p), found by multiplying, so that every machine finds the same.
  ///
  /// - Parameter lossPermille: measured loss, 0 to 1000.
  /// - Returns: misses, within `bounds`.
  package static func missesBeforeSuspicion(lossPermille: Int) -> Int {
    let loss = Int64(min(1_000, max(0, lossPermille)))
    var chance = one
    var misses = 0
    while chance > falseAlarm, misses < bounds.upperBound {
      chance = chance * loss / 1_000
      misses += 1
    }
    return max(bounds.lowerBound, misses)
  }
}

/// The share of frames that get lost on one directed link: counts with a Beta(1, 4) prior that fade by
/// halves.
///
/// Invariant: heard and missed frames together weigh at most `memory`, so the estimate follows a change of
/// the weather within some 100 frames.
package struct LossEstimate: Hashable, Sendable {
  /// Assumed while too little was seen to say.
  package static let assumedPermille = 300
  /// Frames seen before the estimate counts.
  package static let fewestSamples = 20
  /// Frames after which what was seen so far counts half.
  package static let memory = 64

  /// Both in sixteenths of a frame, so that one loss among many can be halved a few times before it is
  /// forgotten.
  private var heardParts: UInt16 = 0
  private var missedParts: UInt16 = 0
  private static let parts: UInt16 = 16

  package init() {}

  package mutating func heard() {
    heardParts += LossEstimate.parts
    fade()
  }

  package mutating func missed() {
    missedParts += LossEstimate.parts
    fade()
  }

  /// Frames that the estimate rests on, those half forgotten counted by halves.
  package var samples: Int { Int(heardParts + missedParts) / Int(LossEstimate.parts) }

  /// Loss of 0 to 1000: the mean of Beta(1 + missed, 4 + heard).
  package var permille: Int {
    guard samples >= LossEstimate.fewestSamples else { return LossEstimate.assumedPermille }
    let part = Int(LossEstimate.parts)
    return 1_000 * (Int(missedParts) + part) / (Int(heardParts) + Int(missedParts) + 5 * part)
  }

  /// The same as it was seen, for people: what the detector assumes beforehand is not in it. Nil while little was seen.
  package var seenPermille: Int? {
    guard samples >= LossEstimate.fewestSamples else { return nil }
    return 1_000 * Int(missedParts) / (Int(heardParts) + Int(missedParts))
  }

  private mutating func fade() {
    guard heardParts + missedParts >= UInt16(LossEstimate.memory) * LossEstimate.parts else { return }
    heardParts /= 2
    missedParts /= 2
  }
}
