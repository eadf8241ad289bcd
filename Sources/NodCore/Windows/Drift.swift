// How much faster or slower the grid's clock runs than this board's: learned from samples of the grid, in
// integers. A crystal is off by 20 to 50 ppm, an RC oscillator by thousands; what is left after learning
// decides how early a sleeper must wake, and so most of what an idle node's radio costs (see Guard).

/// Mean rate of the last eight samples, each taken over at least four seconds.
///
/// A sample is what the grid moved against this board's clock between two sightings. Samples count by their
/// length: the mean is the excess of all eight over the length of all eight, so that the errors of the
/// sightings in between cancel and only those of the first and the last remain.
///
/// Invariant: `excess` and `length` are the sums over the samples kept, and `abs(ppb) <= Drift.limitPPB`.
package struct Drift: Sendable {
  /// Samples that the mean is taken over.
  package static let sampleLimit = 8
  /// Two sightings nearer than this say more about jitter than about rate.
  package static let shortestSample = Microseconds.seconds(4)
  /// No board clock is worse (an RC oscillator: 2,700 ppm); what looks worse is no drift but a jump.
  package static let limitPPB: Int64 = 3_000_000

  /// Sum of the samples: local time that went by beyond what the grid counted.
  private var excess: Int64 = 0
  /// Sum of the samples: time that the grid counted.
  private var length: Int64 = 0
  private var samples = InlineArray<8, Sample>(repeating: Sample())
  private var cursor = 0
  package private(set) var sampleCount = 0

  private var sighting: Sighting?

  package init() {}

  /// Local time per grid time, less one, in 10^-9: positive when this board's clock runs fast.
  package private(set) var ppb: Int64 = 0

  /// How far `ppb` may be off because no sighting is exact; nil while nothing is learned.
  package var errorPPB: Int64? {
    guard sampleCount > 0, let sighting else { return nil }
    let oldest = samples[sampleCount < Drift.sampleLimit ? 0 : cursor]
    return Drift.perBillion(oldest.startUncertainty + sighting.uncertainty, of: length)
  }

  /// Takes note of where the grid was seen.
  ///
  /// - Parameters:
  ///   - gridTime: the grid's time of the sighting: window number times period.
  ///   - local: this board's time of the same moment.
  ///   - uncertainty: how far `local` may be off.
  ///   - accuracyPPM: what both clocks are good for unlearned. A sample is long enough once the two
  ///     uncertainties weigh less in it than that; learning from less would make the guess worse.
  package mutating func note(gridTime: Int64, local: LocalTime, uncertainty: Microseconds, accuracyPPM: Int) {
    let seen = Sighting(gridTime: gridTime, local: local.microseconds, uncertainty: max(0, uncertainty.raw))
    guard let last = sighting else {
      sighting = seen
      return
    }
    let span = seen.gridTime - last.gridTime
    let doubt = last.uncertainty + seen.uncertainty
    let needed = max(Drift.shortestSample.raw, doubt * 1_000_000 / Int64(max(1, accuracyPPM)))
    if span >= 0 && span < needed { return }
    sighting = seen
    let moved = (seen.local - last.local) - span
    guard span > 0, abs(Drift.perBillion(moved, of: span)) <= Drift.limitPPB else {
      restart(from: seen)  // the grid or this clock jumped: what was learned across it means nothing
      return
    }
    keep(Sample(excess: moved, length: span, startUncertainty: last.uncertainty))
  }

  private mutating func keep(_ sample: Sample) {
    if sampleCount == Drift.sampleLimit {
      excess -= samples[cursor].excess
      length -= samples[cursor].length
    } else {
      sampleCount += 1
    }
    samples[cursor] = sample
    cursor = (cursor + 1) % Drift.sampleLimit
    excess += sample.excess
    length += sample.length
    ppb = Drift.perBillion(excess, of: length)
  }

  private mutating func restart(from seen: Sighting) {
    self = Drift()
    sighting = seen
  }

  /// `part / whole` in 10^-9, by long division in steps of a thousand with the remainder carried: exact to
  /// the last digit, and no product leaves 64 bits for a `whole` of up to 250 years.
  static func perBillion(_ part: Int64, of whole: Int64) -> Int64 {
    precondition(whole > 0)
    if abs(part) >= whole { return part < 0 ? -1_000_000_000 : 1_000_000_000 }
    var quotient: Int64 = 0
    var remainder = abs(part)
    for _ in 0..<3 {
      remainder *= 1_000
      quotient = quotient * 1_000 + remainder / whole
      remainder %= whole
    }
    return part < 0 ? -quotient : quotient
  }

  /// `span` times `ppb` in 10^-9, rounded towards zero; for spans up to 10^18 and rates within `limitPPB`
  /// exact.
  static func share(_ ppb: Int64, of span: Int64) -> Int64 {
    let billion: Int64 = 1_000_000_000
    return span / billion * ppb + span % billion * ppb / billion
  }

  private struct Sighting: Sendable {
    var gridTime: Int64
    var local: Int64
    var uncertainty: Int64
  }

  private struct Sample: Sendable {
    var excess: Int64 = 0
    var length: Int64 = 0
    var startUncertainty: Int64 = 0
  }
}
