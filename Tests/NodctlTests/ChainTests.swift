// The generals' figures: what must hold for every chain, and that the runs agree with the arithmetic.
import Testing

@testable import NodConsole
@testable import nodctl

@Test(arguments: 1...10)
func onlyTheLossOfTheLastMessageSendsOneGeneralAlone(length: Int) {
  let chain = Chain(length: length)
  for arrived in 0...length {
    let run = chain.outcome(arrived: arrived)
    #expect(run.isVictory == (arrived == length))
    #expect(run.isDisaster == (arrived == length - 1))
  }
}

@Test(arguments: 1...10)
func whoeverAttacksOrAlmostDoesLeavesSomebodyUncertain(length: Int) {
  let chain = Chain(length: length)
  for arrived in 0...length {
    #expect(
      chain.outcome(arrived: arrived).isAnyoneUncertain == (arrived >= length - 2), "\(arrived) arrived")
  }
}

@Test(arguments: [0.05, 0.3, 0.9])
func theRunsAgreeWithTheArithmetic(loss: Double) {
  var random = SeededRandom(seed: 11)
  for length in 1...10 {
    let figures = ChainFigures(length: length, trials: 100_000, loss: loss, random: &random)
    let pairs = [
      (figures.victories, ChainFigures.expectedVictories(length: length, loss: loss)),
      (figures.disasters, ChainFigures.expectedDisasters(length: length, loss: loss)),
      (figures.uncertain, ChainFigures.expectedUncertain(length: length, loss: loss)),
    ]
    for (runs, expected) in pairs { #expect(abs(figures.share(runs) - expected) < 0.008) }
  }
}

@Test func theSameSeedGivesTheSameFigures() throws {
  let words = ["demo", "two-generals", "--seed", "5", "--trials", "200"]
  let first = try run(words)
  #expect(first.status == 0)
  #expect(try run(words).out == first.out)
  #expect(try run(words + ["--loss", "0.2"]).out != first.out)
}

@Test func withoutASimulatorThereAreNoFiguresOfPaxos() {
  #expect(agreements(trials: 3, loss: 0.3, seed: 1) { _, _ in nil } == nil)
}

@Test func agreementsAreCountedOneByOne() {
  let figures = agreements(trials: 4, loss: 0.3, seed: 10) { _, seed in
    Agreement(contradiction: seed == 12, windows: Int(seed) - 9, frames: 3)
  }
  #expect(figures?.windows == [1, 2, 3, 4])
  #expect(figures?.contradictions == 1)
}
