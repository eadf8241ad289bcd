// A member that only the radio reaches tells how it is: over one hop, over a member that hears both, at loss, and
// never at the expense of what the cluster is for.
import NodCore
import NodSim
import NodStation
import Testing

/// The first numbers of an answer: role, leader and quorum of `status`.
private func status(_ answer: [UInt8]) -> (role: Int64?, leader: Int64?, hasQuorum: Int64?, isWhole: Bool) {
  answer.withUnsafeBytes { bytes in
    var told = ToldReader(bytes)
    let first = (told.next(), told.next(), told.next())
    var numbers = 3
    while !told.isAtEnd && !told.failed {
      _ = told.next()
      numbers += 1
    }
    // Reasons are four numbers, ballots and digests two.
    return (first.0, first.1, first.2, numbers == ToldFields.count(.status) + 3 + 1 + 1 + 1)
  }
}

extension World {
  /// Windows until the answer is there; nil when it takes longer than `limit`.
  fileprivate func windowsUntilTold(_ i: Int, limit: Int) -> (windows: Int, answer: [UInt8])? {
    for window in 1...limit {
      run(windows: 1)
      if let answer = takeAnswer(of: i) { return (window, answer) }
    }
    return nil
  }
}

@Test(arguments: [0, 1, 2], [1, 2] as [UInt64])
func everyMemberCanAskEveryOther(asker: Int, seed: UInt64) throws {
  let world = cluster(3, seed: seed)
  let leader = try #require(world.elect())
  world.run(windows: 20)
  for target in 0..<3 where target != asker {
    #expect(world.ask(asker, about: target, .status) == nil)
    let told = try #require(world.windowsUntilTold(asker, limit: 6), "\(asker) asks \(target)")
    let answer = status(told.answer)
    #expect(answer.role == (target == leader ? 2 : 0) && answer.leader == Int64(leader))
    #expect(answer.hasQuorum == 1 && answer.isWhole)
  }
  world.expectSafe()
}

@Test(arguments: [0, 300], [1, 2, 3, 4] as [UInt64])
func inALineTheMiddlePassesOn(loss: Int, seed: UInt64) throws {
  let world = cluster(3, seed: seed)
  _ = try #require(world.elect())
  world.run(windows: 20)
  world.keepOnly([(0, 1), (1, 2)])
  world.lossPermille = loss
  world.run(windows: 60)
  for question in [ViaQuestion.status, .peers, .log] {
    #expect(world.ask(0, about: 2, question) == nil)
    let told = world.windowsUntilTold(0, limit: 80)
    #expect(told != nil, "\(question) at \(loss), seed \(seed)")
    if case .status = question, let told { #expect(status(told.answer).isWhole) }
  }
  world.expectSafe()
}

@Test func smallFramesCarryItInManyParts() throws {
  let world = cluster(3) { $0.mtu = 96 }
  _ = try #require(world.elect())
  world.run(windows: 20)
  #expect(world.ask(0, about: 1, .status) == nil)
  let told = try #require(world.windowsUntilTold(0, limit: 60))
  #expect(status(told.answer).isWhole)
  world.expectSafe()
}

@Test func oneQuestionAtATimeAndNoneThatCannotBe() throws {
  let world = cluster(3)
  _ = try #require(world.elect())
  #expect(world.ask(0, about: 0, .status) == .isThisNode)
  #expect(world.ask(0, about: 3, .status) == .unknownMember)
  world.isolate(1)
  #expect(world.ask(0, about: 1, .status) == nil)
  #expect(world.ask(0, about: 2, .status) == .busy)
  #expect(world.windowsUntilTold(0, limit: 10) == nil)
  world.giveUpAsking(0)
  #expect(world.ask(0, about: 2, .peers) == nil)
  #expect(world.windowsUntilTold(0, limit: 20) != nil)
  let small = cluster(3) { $0.mtu = 80 }
  small.run(windows: 20)
  #expect(small.ask(0, about: 1, .status) == .framesTooSmall)
}

/// What is said of it costs frames only while somebody waits for an answer.
@Test func afterTheAnswerEverybodySleepsAsBefore() throws {
  let world = cluster(5)
  _ = try #require(world.elect())
  world.run(windows: 40)
  let before = world.framesOnAir
  world.run(windows: 16)
  let idle = world.framesOnAir - before
  let asker = (world.leaders[0] + 1) % 5
  let target = (world.leaders[0] + 2) % 5
  world.ask(asker, about: target, .status)
  _ = try #require(world.windowsUntilTold(asker, limit: 8))
  world.run(windows: 8)
  let settled = world.framesOnAir
  world.run(windows: 16)
  #expect(world.framesOnAir - settled == idle)
}

/// The same world with and without questions decides the same commands.
@Test func questionsUnderLossAndPowerCutsBreakNothing() throws {
  let world = cluster(5, seed: 9) {
    $0.lossPermille = 200
    $0.commandEvery = .milliseconds(700)
    $0.powerCutEvery = .seconds(40)
  }
  var told = 0
  for round in 0..<200 {
    world.ask(round % 5, about: (round + 1 + round / 5 % 4) % 5, ViaQuestion(rawValue: UInt8(round % 3))!)
    world.run(windows: 3)
    for i in 0..<5 where world.takeAnswer(of: i) != nil { told += 1 }
    if round % 10 == 9 { for i in 0..<5 { world.giveUpAsking(i) } }
  }
  #expect(told > 50)
  world.expectSafe()
}
