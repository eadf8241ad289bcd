// The lower bound of frames until everybody knows, beside the one until the leader does (Measure.swift).

/// Expected broadcasts until each of `receivers` has heard one, each lost with chance p at each of them:
/// `M(m, p) = sum over r >= 0 of 1 - (1 - p^r)^m`.
package func expectedBroadcasts(receivers m: Int, loss p: Double) -> Double {
  guard m > 0 else { return 0 }
  var sum = 0.0
  var lost = 1.0  // p^r
  for _ in 0..<10_000 {
    let term = 1 - power(1 - lost, m)
    sum += term
    if term < 1e-12 { break }
    lost *= p
  }
  return sum
}

/// `F_a = max(F_c, (q-2) + M(n-1, p))`: besides q-2 votes, enough broadcasts that everybody hears the last one.
package func leastFramesUntilAllKnow(memberCount n: Int, loss p: Double) -> Double {
  max(
    leastFramesUntilLeaderKnows(memberCount: n, loss: p),
    Double(n / 2 + 1 - 2) + expectedBroadcasts(receivers: n - 1, loss: p))
}
