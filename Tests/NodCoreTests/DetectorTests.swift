// Patience from measured loss.
import Testing

@testable import NodCore

@Test(arguments: [
  (-5, 3), (0, 3), (10, 3), (46, 3), (47, 4), (100, 4), (101, 5), (300, 8), (500, 14), (563, 16), (1_000, 16),
  (5_000, 16),
])
func patienceFollowsTheMeasuredLoss(lossPermille: Int, misses: Int) {
  #expect(Detector.missesBeforeSuspicion(lossPermille: lossPermille) == misses)
}

@Test func moreLossNeverMeansLessPatience() {
  var last = 0
  for loss in 0...1_000 {
    let misses = Detector.missesBeforeSuspicion(lossPermille: loss)
    #expect(misses >= last)
    last = misses
  }
}

@Test func fewFramesSayNothing() {
  var loss = LossEstimate()
  for _ in 0..<19 { loss.missed() }
  #expect(loss.permille == 300)
  loss.missed()
  #expect(loss.permille == 840)  // (20 + 1) / (20 + 5)
}

@Test(arguments: [0, 100, 300, 500, 900])
func theEstimateComesNearTheTruth(lossPermille: Int) {
  var loss = LossEstimate()
  var state: UInt64 = 1
  var sum = 0
  for k in 0..<20_000 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    if Int((state >> 33) % 1_000) < lossPermille { loss.missed() } else { loss.heard() }
    if k >= 100 { sum += loss.permille }
  }
  // 32 to 64 frames are remembered, say 48; the prior adds one loss among five.
  let expected = (48 * lossPermille + 1_000) / 53
  #expect(abs(sum / 19_900 - expected) <= 15)
}

@Test func aChangeOfTheWeatherIsFollowedWithinAHundredFrames() {
  var loss = LossEstimate()
  for _ in 0..<1_000 { loss.heard() }
  #expect(loss.permille < 30)
  for _ in 0..<100 { loss.missed() }
  #expect(loss.permille > 700)
  for _ in 0..<100 { loss.heard() }
  #expect(loss.permille < 200)
}

@Test func aSingleLossIsForgottenInTheEnd() {
  var never = LossEstimate()
  var once = LossEstimate()
  once.missed()
  never.heard()
  for _ in 0..<400 {
    once.heard()
    never.heard()
  }
  #expect(once.permille == never.permille)
}
