// The checks themselves: histories that no order explains are refused, those that one explains are not.
import Testing

@testable import NodSim

private func call(_ operation: Operation, _ called: Int, _ answered: Int?, _ answer: Answer = .some) -> Call {
  Call(operation: operation, called: called, answered: answered, answer: answer)
}

@Test func operationsOneAfterTheOtherAreLinearizable() {
  #expect(
    LinearizabilitySearch.check([
      call(.set(1), 1, 2, .done), call(.get, 3, 4, .number(1)), call(.exchange(2), 5, 6, .number(1)),
      call(.replace(3, of: 2), 7, 8, .done), call(.replace(4, of: 2), 9, 10, .refused),
      call(.delete, 11, 12, .number(1)), call(.get, 13, 14, .number(0)),
    ]) == .linearizable)
}

@Test func aStaleReadIsNot() {
  #expect(
    LinearizabilitySearch.check([
      call(.set(1), 1, 2, .done), call(.set(2), 3, 4, .done), call(.get, 5, 6, .number(1)),
    ]) == .violated(2))
}

@Test func concurrentWritesMayBeReadInEitherOrderButNotInBoth() {
  let writes = [call(.set(1), 1, 10, .done), call(.set(2), 2, 9, .done)]
  #expect(
    LinearizabilitySearch.check(
      writes + [call(.get, 3, 4, .number(2)), call(.get, 5, 6, .number(1))]) == .linearizable)
  #expect(
    LinearizabilitySearch.check(
      writes + [
        call(.get, 3, 4, .number(2)), call(.get, 5, 6, .number(1)), call(.get, 7, 8, .number(2)),
      ]) == .violated(4))
}

@Test func aWriteOfUnknownOutcomeMayAppearLateAndOnce() {
  let unknown = call(.set(7), 1, nil)
  #expect(
    LinearizabilitySearch.check([
      unknown, call(.set(1), 2, 3, .done), call(.get, 4, 5, .number(1)), call(.get, 6, 7, .number(7)),
    ]) == .linearizable)
  #expect(
    LinearizabilitySearch.check([
      unknown, call(.get, 2, 3, .number(7)), call(.set(1), 4, 5, .done), call(.get, 6, 7, .number(7)),
    ]) == .violated(3))
}

@Test func aCounterThatCountsOneCommandTwiceIsNoticed() {
  #expect(
    LinearizabilitySearch.check([
      call(.increment, 1, 2, .number(1)), call(.increment, 3, 4, .number(3)),
    ]) == .violated(1))
  #expect(
    LinearizabilitySearch.check([
      call(.increment, 1, nil), call(.increment, 2, 3, .number(2)), call(.get, 4, 5, .number(2)),
    ]) == .linearizable)
}

@Test func manyUnknownIncrementsAreNoFlood() {
  var history: [Call] = []
  for i in 0..<20 { history.append(call(.increment, i, nil)) }
  for i in 0..<20 { history.append(call(.get, 100 + 2 * i, 101 + 2 * i, .number(i))) }
  #expect(LinearizabilitySearch.check(history) == .linearizable)
  history.append(call(.get, 200, 201, .number(3)))
  #expect(LinearizabilitySearch.check(history) == .violated(40))
}

@Test func aReductionIsWhatItsArgumentsSay() throws {
  let reduction = try #require(Reduction(windows: 40, nodes: 3, without: "loss,cuts"))
  #expect(reduction.arguments == " --nodes 3 --windows 40 --without loss,cuts")
  let options = reduction.apply(to: .drawn(seed: 5))
  #expect(options.memberCount == 3 && options.faultyWindows == 40)
  #expect(options.lossPermille == 0 && options.powerCutEvery == nil)
  #expect(Reduction(windows: nil, nodes: nil, without: "luck") == nil)
}

/// A run without quiet windows never comes back: that needs no faults and one member.
@Test func aFailingRunIsShortenedToWhatItNeeds() throws {
  var options = WorldOptions.drawn(seed: 10)
  options.faultyWindows = 40
  options.quietWindows = 0
  let violation = try #require(simulateOnce(options).violation)
  #expect(violation.rule == "liveness")
  let (shorter, report) = try #require(shrink(options, violation))
  #expect(report.violation?.rule == "liveness")
  #expect(shorter.nodes == 1)
  let left = shorter.apply(to: options)
  #expect(left.faultyWindows < 10)
  #expect(left.lossPermille == 0 && left.powerCutEvery == nil && left.partitionEvery == nil)
}
