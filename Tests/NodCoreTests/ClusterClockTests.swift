// The grid on a board's clock: every window met within the guard, whatever the crystals do.
import Testing

@testable import NodCore

/// A leader's and a follower's clock, both off by a fixed rate against true time.
private struct TwoBoards {
  let period: Microseconds
  let followerPPM: Int64
  let leaderPPM: Int64
  var noise = SplitMix(state: 42)

  /// When the follower's clock shows a grid point that the leader's clock shows at `window * period`.
  func gridPoint(_ window: UInt32) -> LocalTime {
    let leaderTime = Int64(window) * period.raw
    let trueTime = leaderTime - Drift.share(leaderPPM * 1_000, of: leaderTime)
    return LocalTime(microseconds: trueTime + Drift.share(followerPPM * 1_000, of: trueTime))
  }
  mutating func jitter(within bound: Int64) -> Microseconds {
    Microseconds(bound == 0 ? 0 : Int64(noise.next() % UInt64(2 * bound + 1)) - bound)
  }
}

private func clock(period: Microseconds, accuracyPPM: Int = 100, slack: Int64 = 50) -> ClusterClock {
  ClusterClock(
    period: period, ownAccuracyPPM: accuracyPPM, hostLatency: Microseconds(1_000), slack: Microseconds(slack))
}

@Test(arguments: [100, -100] as [Int64], [0, 300, 900] as [UInt64])
func aMonthAtAHundredPPMMeetsEveryWindowWithinTheGuard(ppm: Int64, lossPermille: UInt64) {
  var boards = TwoBoards(period: .seconds(10), followerPPM: ppm, leaderPPM: -ppm)
  var follower = clock(period: boards.period)
  follower.set(window: 0, gridPoint: boards.gridPoint(0), uncertainty: Microseconds(500))
  let windowsInThirtyDays: UInt32 = 30 * 8_640
  var missed = 0
  var widest = Microseconds.zero
  for window in 1...windowsInThirtyDays {
    let expected = follower.gridPoint(of: window)
    let arrival = boards.gridPoint(window) + boards.jitter(within: 500)
    let guardTime = follower.guardTime(at: expected)
    widest = max(widest, guardTime)
    if abs((arrival - expected).raw) > guardTime.raw { missed += 1 }
    if boards.noise.next() % 1_000 < lossPermille { continue }
    follower.observe(
      window: window, gridPoint: arrival, uncertainty: Microseconds(500), peerAccuracyPPM: 100, now: arrival)
  }
  #expect(missed == 0)
  if lossPermille == 0 { #expect(widest < .milliseconds(5)) }
  #expect(abs(follower.drift.ppb - 2 * ppm * 1_000) < 20_000)
}

@Test func theGuardGrowsWithSilenceAndStaysWithinAQuarterOfThePeriod() {
  var follower = clock(period: .seconds(10))
  follower.set(window: 5, gridPoint: .zero, uncertainty: Microseconds(500))
  let fresh = follower.guardTime(at: .zero)
  let minute = follower.guardTime(at: LocalTime(microseconds: 60_000_000))
  #expect(fresh == Microseconds(500 + 1_000 + 50))
  #expect(minute == fresh + Microseconds(200 * 60))
  let month = follower.guardTerms(at: LocalTime(microseconds: 30 * 86_400_000_000))
  #expect(month.isAtLimit)
  #expect(month.total == .milliseconds(2_500))
  #expect(month.ownDrift == .milliseconds(259_200))
}

@Test func aLearnedDriftShrinksTheGuardToAQuarter() {
  let boards = TwoBoards(period: .seconds(60), followerPPM: 20, leaderPPM: -20)
  var follower = clock(period: boards.period, accuracyPPM: 20, slack: 0)
  follower.set(window: 0, gridPoint: boards.gridPoint(0), uncertainty: Microseconds(50))
  func drift(_ window: UInt32) -> Int64 {
    let terms = follower.guardTerms(at: follower.gridPoint(of: window))
    return terms.ownDrift.raw + terms.peerDrift.raw
  }
  #expect(drift(1) == 2_400)  // half of the 4.8 ms that 20 ppm cost in a minute
  for window in 1...20 as ClosedRange<UInt32> {
    let seen = boards.gridPoint(window)
    follower.observe(
      window: window, gridPoint: seen, uncertainty: Microseconds(50), peerAccuracyPPM: 20, now: seen)
  }
  #expect(drift(21) < 600)
  #expect(abs(follower.drift.ppb - 40_000) < 100)
}

@Test func anRCOscillatorIsLearnedToo() {
  let boards = TwoBoards(period: .seconds(60), followerPPM: 2_700, leaderPPM: 0)
  var follower = clock(period: boards.period, accuracyPPM: 2_700)
  follower.set(window: 0, gridPoint: boards.gridPoint(0), uncertainty: Microseconds(200))
  for window in 1...9 as ClosedRange<UInt32> {
    let seen = boards.gridPoint(window)
    #expect(abs((seen - follower.gridPoint(of: window)).raw) <= follower.guardTime(at: seen).raw)
    follower.observe(
      window: window, gridPoint: seen, uncertainty: Microseconds(200), peerAccuracyPPM: 20, now: seen)
  }
  #expect(abs(follower.drift.ppb - 2_700_000) < 1_000)
  #expect(abs((boards.gridPoint(10) - follower.gridPoint(of: 10)).raw) < 1_000)
}

@Test func anOutlierIsReportedAndDoesNotMoveTheGrid() {
  var follower = clock(period: .seconds(10))
  follower.set(window: 7, gridPoint: LocalTime(microseconds: 1_000), uncertainty: Microseconds(100))
  let before = follower.gridPoint(of: 8)
  let wrong = before + .milliseconds(40)
  let verdict = follower.observe(
    window: 8, gridPoint: wrong, uncertainty: Microseconds(100), peerAccuracyPPM: 100, now: wrong)
  #expect(verdict == .jump(.milliseconds(40)))
  #expect(follower.gridPoint(of: 8) == before)
  #expect(follower.jumpsInARow == 1)
  #expect(follower.offsetOfLastSample == .milliseconds(40))
  #expect(follower.timeSinceSync(before) == .seconds(10))
  follower.observe(
    window: 9, gridPoint: follower.gridPoint(of: 9), uncertainty: .zero, peerAccuracyPPM: 100,
    now: follower.gridPoint(of: 9))
  #expect(follower.jumpsInARow == 0)
}

@Test func aSampleWithinTheGuardCorrectsThePhase() {
  var follower = clock(period: .seconds(10))
  follower.set(window: 7, gridPoint: .zero, uncertainty: Microseconds(100))
  let seen = follower.gridPoint(of: 8) + Microseconds(1_500)
  let verdict = follower.observe(
    window: 8, gridPoint: seen, uncertainty: Microseconds(300), peerAccuracyPPM: 100, now: seen)
  #expect(verdict == .corrected(Microseconds(1_500)))
  #expect(follower.gridPoint(of: 8) == seen)
  #expect(follower.timeSinceSync(seen) == .zero)
  #expect(follower.guardTerms(at: seen).peerUncertainty == Microseconds(300))
}

@Test func anotherGridIsTakenWholeAndItsRateLearnedAnew() {
  let boards = TwoBoards(period: .seconds(10), followerPPM: 50, leaderPPM: 0)
  var follower = clock(period: boards.period)
  for window in 0...20 as ClosedRange<UInt32> {
    let seen = boards.gridPoint(window)
    follower.observe(window: window, gridPoint: seen, uncertainty: .zero, peerAccuracyPPM: 100, now: seen)
  }
  #expect(follower.drift.ppb > 0)
  follower.set(window: 900, gridPoint: LocalTime(microseconds: 77), uncertainty: .zero)
  #expect(follower.drift.ppb == 0)
  #expect(follower.gridPoint(of: 900) == LocalTime(microseconds: 77))
  #expect(follower.gridPoint(of: 899) == LocalTime(microseconds: 77 - 10_000_000))
}

@Test func whoLeadsIsItsOwnReference() {
  var leader = clock(period: .seconds(10))
  leader.set(window: 1, gridPoint: .zero, uncertainty: .zero)
  let later = LocalTime(microseconds: 3_600_000_000)
  let grid = leader.gridPoint(of: 500)
  #expect(leader.guardTerms(at: later).ownDrift > .zero)
  leader.holdAsReference(now: later)
  #expect(leader.guardTime(at: later) == Microseconds(1_050))
  #expect(leader.gridPoint(of: 500) == grid)
}

@Test(arguments: [100_000, 10_000_000, 900_000_000] as [Int64], [-3_000, -20, 0, 20, 3_000] as [Int64])
func windowsAndGridPointsAreInverse(period: Int64, ppm: Int64) {
  let boards = TwoBoards(period: Microseconds(period), followerPPM: ppm, leaderPPM: 0)
  var follower = ClusterClock(
    period: boards.period, ownAccuracyPPM: 5_000, hostLatency: .zero, slack: .zero)
  let step = UInt32(max(1, 8_000_000 / period))
  for k in 0...16 as ClosedRange<UInt32> {
    let seen = boards.gridPoint(1_000 + k * step)
    follower.observe(
      window: 1_000 + k * step, gridPoint: seen, uncertainty: .zero, peerAccuracyPPM: 0, now: seen)
  }
  #expect(abs(follower.drift.ppb - ppm * 1_000) <= 100)
  var random = SplitMix(state: 7)
  for _ in 0..<20_000 {
    let window = UInt32(truncatingIfNeeded: random.next()) >> UInt32(random.next() % 30)
    let point = follower.gridPoint(of: window)
    #expect(follower.window(at: point) == window)
    #expect(follower.window(at: point + Microseconds(1)) == window)
    if window > 0 { #expect(follower.window(at: point - Microseconds(1)) == window - 1) }
  }
  #expect(follower.window(at: LocalTime(microseconds: -.max / 4)) == 0)
  #expect(follower.gridPoint(of: .max) > follower.gridPoint(of: .max - 1))
  _ = follower.window(at: .never)
}

/// A small generator (splitmix64): the same numbers on every run.
private struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
