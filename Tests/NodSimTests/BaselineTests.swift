// The baseline decides what it should, is as cheap as it is said to be when frames may overlap, and is safe only with
// its acceptors' own accepted values in prepare.
import NodCore
import Testing

@testable import NodSim

private func options(_ nodes: Int, _ physics: FloodPhysics, permille: Int = 0, burst: Int? = nil)
  -> FloodOptions
{
  var o = FloodOptions()
  o.nodes = nodes
  o.physics = physics
  o.loss = FloodLoss(permille: permille, meanBurst: burst)
  return o
}

@Suite struct BaselineTests {
  @Test(arguments: [3, 5, 7, 15, 27, 188])
  func everybodyLearnsWhenFramesMayOverlap(nodes: Int) {
    let rounds = nodes > 100 ? 2 : 20
    for permille in [0, 100, 300] {
      let f = floodMany(options(nodes, .ideal, permille: permille), rounds: rounds, seed: 1)
      #expect(f.leaderKnew == rounds && f.allKnew == rounds)
      #expect(f.slotsToLeader > 0 && f.slotsToLeader <= f.slotsToAll)
    }
  }

  @Test func threeNodesWithoutLossTakeTheSlotsThatCanBeCounted() {
    // Ideal air: prepare out, both flags back, accept out, both flags back.
    let one = floodOnce(options(3, .ideal), seed: 1)
    #expect(one.slotsToLeader == 4)
    var skipping = options(3, .ideal)
    skipping.skipsPrepare = true
    #expect(floodOnce(skipping, seed: 1).slotsToLeader == 2)
  }

  @Test func captureNeedsFewerSlotsThanCollisionsAtEverySize() {
    for nodes in [5, 15] {
      let captured = floodMany(options(nodes, .capture(permille: 900)), rounds: 40, seed: 3)
      let collided = floodMany(options(nodes, .collision), rounds: 40, seed: 3)
      #expect(captured.allKnew == 40)
      #expect(captured.slotsToLeader < collided.slotsToLeader || collided.leaderKnew < 40)
    }
  }

  @Test func burstsLoseTheShareThatWasAskedFor() {
    var random = Random(seed: 5)
    var medium = FloodMedium(
      count: 6, physics: .ideal, loss: FloodLoss(permille: 300, meanBurst: 20), &random)
    var heard = 0
    for _ in 0..<40_000 {
      medium.passSlot(&random)
      medium.hear([0], at: 1, &random) { _, _ in heard += 1 }
    }
    #expect((26_000...30_000).contains(heard))
  }

  @Test func aRoundIsTheSameForTheSameSeed() {
    let o = options(15, .capture(permille: 500), permille: 100, burst: 4)
    let a = floodOnce(o, seed: 9)
    let b = floodOnce(o, seed: 9)
    #expect(a.sent == b.sent && a.slotsToAll == b.slotsToAll && a.radioSlots == b.radioSlots)
  }

  @Test(arguments: [3, 5])
  func forgettingWhatItAcceptedLetsTwoValuesBeLearned(nodes: Int) {
    var violations = (with: 0, without: 0)
    for seed in 1...UInt64(2_000) {
      var o = options(nodes, .ideal, permille: 300)
      if floodFailover(o, seed: seed).count > 1 { violations.with += 1 }
      o.rules.forgetsOwnAccepted = true
      if floodFailover(o, seed: seed).count > 1 { violations.without += 1 }
    }
    #expect(violations.with == 0)
    #expect(violations.without > 0)
  }
}
