// How much earlier than a frame is due its receiver must be on, and how much longer it must stay: half the
// guard. A sum of named terms, so that a person who wonders where the battery went can read which of them is
// to blame.

/// One half of the guard about the moment at which a frame is due.
///
///     last sync                                          frame due (by this board's clock)
///        |                                                        |
///     ---+----------------- radio off -----------------+----------+----------+---- radio off ---
///        |                                             |  guard   |  guard   |
///        |<------------- time since sync ------------->|<-------->|<-------->|
///                                                      |          |
///                             wake here, ready to hear +          + ... and give up here, if nothing began
///
///     guard = (own drift + peer drift) x time since sync     clocks that part
///           + own uncertainty + peer uncertainty             neither read the grid exactly
///           + host latency                                   a board wakes late
///           + slack                                          what nobody thought of
///
/// Either clock may be fast or slow, so the half is spent twice. Invariant: every term is 0 or more, and
/// `total <= limit`, a quarter of the period: with more, the windows of a silent grid would run into each
/// other.
package struct Guard: Hashable, Sendable {
  /// What this board's clock may have drifted since the last sync.
  package var ownDrift: Microseconds
  /// What the clock of those whom it follows may have drifted since.
  package var peerDrift: Microseconds
  /// What the samples strayed beyond drift: how well this board takes the time of a frame.
  package var ownUncertainty: Microseconds
  /// How far off the last sample was said to be.
  package var peerUncertainty: Microseconds
  /// From the moment that a timer is set for to the moment that the program runs and the receiver hears.
  package var hostLatency: Microseconds
  package var slack: Microseconds
  /// A quarter of the period.
  package var limit: Microseconds

  package var unbounded: Microseconds {
    ownDrift + peerDrift + ownUncertainty + peerUncertainty + hostLatency + slack
  }
  package var total: Microseconds { min(unbounded, limit) }
  /// The terms came to more than a window can carry: the grid is as good as lost.
  package var isAtLimit: Bool { unbounded > limit }
}
