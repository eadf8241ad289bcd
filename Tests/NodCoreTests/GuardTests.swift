// The guard as a sum that can be read, and the drift that it rests on.
import Testing

@testable import NodCore

@Test func theGuardIsTheSumOfItsTerms() {
  var terms = Guard(
    ownDrift: Microseconds(1), peerDrift: Microseconds(20), ownUncertainty: Microseconds(300),
    peerUncertainty: Microseconds(4_000), hostLatency: Microseconds(50_000), slack: Microseconds(600_000),
    limit: .seconds(1))
  #expect(terms.total == Microseconds(654_321))
  #expect(!terms.isAtLimit)
  terms.limit = .milliseconds(25)
  #expect(terms.total == .milliseconds(25))
  #expect(terms.isAtLimit)
}

@Test func samplesThatStrayWidenTheGuardUntilTheyAreForgotten() {
  var clock = ClusterClock(
    period: .seconds(10), ownAccuracyPPM: 20, hostLatency: .milliseconds(5), slack: .zero)
  clock.set(window: 0, gridPoint: .zero, uncertainty: Microseconds(100))
  let late = clock.gridPoint(of: 1) + .milliseconds(4)
  clock.observe(window: 1, gridPoint: late, uncertainty: Microseconds(100), peerAccuracyPPM: 20, now: late)
  let wide = clock.guardTerms(at: late).ownUncertainty
  #expect(wide == Microseconds(4_000 - 400 - 100))
  for window in 2...60 as ClosedRange<UInt32> {
    let seen = clock.gridPoint(of: window)
    clock.observe(
      window: window, gridPoint: seen, uncertainty: Microseconds(100), peerAccuracyPPM: 20, now: seen)
  }
  #expect(clock.guardTerms(at: late).ownUncertainty < Microseconds(20))
}

@Test func theMeanIsOfTheLastEightSamplesOnly() {
  var drift = Drift()
  var local: Int64 = 0
  for k in 0...30 as ClosedRange<Int64> {
    drift.note(
      gridTime: k * 10_000_000, local: LocalTime(microseconds: local), uncertainty: .zero, accuracyPPM: 100)
    local += 10_000_000 + (k < 20 ? 500 : -300)  // 50 ppm fast, later 30 ppm slow
  }
  #expect(drift.sampleCount == 8)
  #expect(drift.ppb == -30_000)
}

@Test func sightingsNearerThanFourSecondsAreNoSamples() {
  var drift = Drift()
  for k in 0...30 as ClosedRange<Int64> {
    drift.note(
      gridTime: k * 100_000, local: LocalTime(microseconds: k * 100_100), uncertainty: .zero, accuracyPPM: 100
    )
  }
  #expect(drift.sampleCount == 0)
  #expect(drift.errorPPB == nil)
  drift.note(
    gridTime: 4_000_000, local: LocalTime(microseconds: 4_000_400), uncertainty: .zero, accuracyPPM: 100)
  #expect(drift.ppb == 100_000)
}

@Test func vagueSightingsMustLieFurtherApart() {
  var drift = Drift()
  let vague = Microseconds(1_000)
  drift.note(gridTime: 0, local: .zero, uncertainty: vague, accuracyPPM: 100)
  drift.note(
    gridTime: 19_000_000, local: LocalTime(microseconds: 19_000_000), uncertainty: vague, accuracyPPM: 100)
  #expect(drift.sampleCount == 0)
  drift.note(
    gridTime: 20_000_000, local: LocalTime(microseconds: 20_000_000), uncertainty: vague, accuracyPPM: 100)
  #expect(drift.sampleCount == 1)
  #expect(drift.errorPPB == 100_000)
}

@Test func aRateThatNoClockHasIsAJumpAndForgetsTheRate() {
  var drift = Drift()
  for k in 0...3 as ClosedRange<Int64> {
    drift.note(
      gridTime: k * 10_000_000, local: LocalTime(microseconds: k * 10_000_200), uncertainty: .zero,
      accuracyPPM: 100)
  }
  #expect(drift.ppb == 20_000)
  drift.note(
    gridTime: 40_000_000, local: LocalTime(microseconds: 41_000_000), uncertainty: .zero, accuracyPPM: 100)
  #expect(drift.ppb == 0)
  #expect(drift.sampleCount == 0)
}

@Test func sharesAndRatesAreExactAndDoNotOverflow() {
  #expect(Drift.perBillion(1, of: 3) == 333_333_333)
  #expect(Drift.perBillion(-200, of: 10_000_000) == -20_000)
  let month: Int64 = 30 * 86_400_000_000
  #expect(Drift.perBillion(month / 1_000, of: month) == 1_000_000)
  #expect(Drift.share(3_000_000, of: 1_000_000_000_000_000_000) == 3_000_000_000_000_000)
  #expect(Drift.share(-1, of: 999_999_999) == 0)
}
