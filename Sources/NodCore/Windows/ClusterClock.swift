// Where the cluster's grid lies on this board's clock: window numbers to local times and back, held in place
// by time samples from whom the node trusts. Whose samples those are, and which grid gives way, is decided in
// Node+Time.
//
// The grid is a straight line through the newest sample, with the learned drift as its slope. Nothing is
// added up from window to window, so no rounding gathers; all is integer arithmetic, alike on every machine.

/// What became of a time sample.
package enum TimeSample: Hashable, Sendable {
  /// The grid moved by this much.
  case corrected(Microseconds)
  /// The sample lies this far off, outside the guard. The grid did not move; `set` moves it, if the caller so
  /// decides.
  case jump(Microseconds)
}

/// Invariant: `gridPoint(of:)` rises strictly with the window, by the period give or take `Drift.limitPPB`,
/// and `window(at: gridPoint(of: w)) == w`. No sample moves the grid by more than the guard.
package struct ClusterClock: Sendable {
  package let period: Microseconds
  package let ownAccuracyPPM: Int
  package let hostLatency: Microseconds
  package let slack: Microseconds
  package private(set) var isSet = false
  package private(set) var drift = Drift()
  /// The newest sample's distance from where the grid was thought to be, taken over or not.
  package private(set) var offsetOfLastSample = Microseconds.zero
  /// Samples in a row that lay outside the guard. A few that agree mean that it is this node that is wrong.
  package private(set) var jumpsInARow = 0

  private var anchorWindow: UInt32 = 0
  private var anchor = LocalTime.zero
  private var lastSync = LocalTime.zero
  private var uncertainty = Microseconds.zero
  private var jitter = Microseconds.zero
  private var peerAccuracyPPM: Int

  /// Guards are bounded to this share of the period.
  private static let guardShare: Int64 = 4
  /// A learned rate moves with the temperature: this share of a clock's accuracy remains in doubt.
  private static let wanderShare: Int64 = 8
  /// How fast the memory of a bad sample fades: by this share with every good one.
  private static let jitterFading: Int64 = 8

  /// - Parameters:
  ///   - period: distance of two grid points.
  ///   - ownAccuracyPPM: how far this board's clock may be off, from its data sheet.
  ///   - hostLatency: from a timer's moment to a receiver that hears.
  ///   - slack: added to every guard.
  package init(period: Microseconds, ownAccuracyPPM: Int, hostLatency: Microseconds, slack: Microseconds) {
    precondition(period > .zero && ownAccuracyPPM >= 0 && hostLatency >= .zero && slack >= .zero)
    self.period = period
    self.ownAccuracyPPM = ownAccuracyPPM
    self.hostLatency = hostLatency
    self.slack = slack
    peerAccuracyPPM = ownAccuracyPPM
  }

  /// Begins a grid, or takes another one for it; what was learned of the old one's rate is forgotten.
  package mutating func set(window: UInt32, gridPoint: LocalTime, uncertainty: Microseconds) {
    if isSet { offsetOfLastSample = gridPoint - self.gridPoint(of: window) }
    isSet = true
    drift = Drift()
    jitter = .zero
    jumpsInARow = 0
    lastSync = gridPoint
    place(window, gridPoint, uncertainty)
  }

  /// Corrects the phase by a sample of the same grid, and learns the rate from it.
  ///
  /// - Parameters:
  ///   - window: the window that the sample speaks of.
  ///   - gridPoint: when that window's grid point was, by this board's clock.
  ///   - uncertainty: how far that may be off, the sender's own doubt included.
  ///   - peerAccuracyPPM: how far the clock behind the sample may be off.
  ///   - now: when the sample came.
  /// - Returns: a jump leaves the grid where it was; `jumpsInARow` says how often that came.
  @discardableResult
  package mutating func observe(
    window: UInt32, gridPoint: LocalTime, uncertainty: Microseconds, peerAccuracyPPM: Int, now: LocalTime
  ) -> TimeSample {
    guard isSet else {
      set(window: window, gridPoint: gridPoint, uncertainty: uncertainty)
      lastSync = now
      return .corrected(.zero)
    }
    self.peerAccuracyPPM = max(0, peerAccuracyPPM)
    let offset = gridPoint - self.gridPoint(of: window)
    let terms = guardTerms(at: now)
    offsetOfLastSample = offset
    guard abs(offset.raw) <= min(terms.unbounded.raw + uncertainty.raw, terms.limit.raw) else {
      jumpsInARow += 1
      return .jump(offset)
    }
    jumpsInARow = 0
    let unexplained = abs(offset.raw) - terms.ownDrift.raw - terms.peerDrift.raw - uncertainty.raw
    jitter = Microseconds(max(unexplained, jitter.raw - jitter.raw / ClusterClock.jitterFading, 0))
    drift.note(
      gridTime: Int64(window) * period.raw, local: gridPoint, uncertainty: uncertainty + jitter,
      accuracyPPM: ownAccuracyPPM + self.peerAccuracyPPM)
    place(window, gridPoint, uncertainty)
    lastSync = max(lastSync, now)
    return .corrected(offset)
  }

  /// This node's own grid is the one that the others follow (it leads): no silence ages it.
  package mutating func holdAsReference(now: LocalTime) {
    lastSync = max(lastSync, now)
  }

  private mutating func place(_ window: UInt32, _ gridPoint: LocalTime, _ uncertainty: Microseconds) {
    anchorWindow = window
    anchor = gridPoint
    self.uncertainty = max(.zero, uncertainty)
  }

  // MARK: the grid

  /// When a window's grid point is, by this board's clock.
  package func gridPoint(of window: UInt32) -> LocalTime {
    let span = (Int64(window) - Int64(anchorWindow)) * period.raw
    return anchor + Microseconds(span + Drift.share(drift.ppb, of: span))
  }

  /// The last window whose grid point is not after `time`; 0 before the first, the highest after the last.
  package func window(at time: LocalTime) -> UInt32 {
    let span = (time - anchor).raw
    // Back to grid time: x / (1 + r) is x (1 - r) but for r squared, 9e-6 of x; the loops below take away the
    // rest.
    let guess = Int64(anchorWindow) + ClusterClock.floor(gridSpan(span), period.raw)
    var window = UInt32(clamping: guess)
    while window > 0, gridPoint(of: window) > time { window -= 1 }  // at most once or twice
    while window < .max, gridPoint(of: window + 1) <= time { window += 1 }
    return window
  }

  /// Grid time that goes by in `span` of local time, to a few microseconds: three turns of x = span - r x.
  private func gridSpan(_ span: Int64) -> Int64 {
    var x = span
    for _ in 0..<6 { x = span - Drift.share(drift.ppb, of: x) }
    return x
  }

  private static func floor(_ a: Int64, _ b: Int64) -> Int64 {
    let quotient = a / b
    return a % b < 0 ? quotient - 1 : quotient
  }

  // MARK: how sure it is

  package func timeSinceSync(_ now: LocalTime) -> Microseconds { max(.zero, now - lastSync) }

  /// The half guard of what is due at `time`: ask for the moment that is awaited, not for the moment of
  /// asking.
  package func guardTime(at time: LocalTime) -> Microseconds { guardTerms(at: time).total }

  package func guardTerms(at time: LocalTime) -> Guard {
    let elapsed = timeSinceSync(time).raw
    let (own, peer) = driftInDoubt
    return Guard(
      ownDrift: Microseconds(Drift.share(own, of: elapsed)),
      peerDrift: Microseconds(Drift.share(peer, of: elapsed)),
      ownUncertainty: jitter, peerUncertainty: uncertainty, hostLatency: hostLatency, slack: slack,
      limit: Microseconds(period.raw / ClusterClock.guardShare))
  }

  /// What may be wrong with either clock's rate, in 10^-9: its accuracy, or once the rate between them is
  /// learned, its wander and half of what the samples leave open, if that is less.
  private var driftInDoubt: (own: Int64, peer: Int64) {
    let own = Int64(ownAccuracyPPM) * 1_000
    let peer = Int64(peerAccuracyPPM) * 1_000
    guard let error = drift.errorPPB else { return (own, peer) }
    return (
      min(own, own / ClusterClock.wanderShare + (error + 1) / 2),
      min(peer, peer / ClusterClock.wanderShare + (error + 1) / 2)
    )
  }
}
