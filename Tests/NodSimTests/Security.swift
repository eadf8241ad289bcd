// Security: what comes from the air without a right to be heard changes nothing, is counted, and is never answered.
// (That a member is evicted, scenario 40, needs keys that change in a running cluster; see docs/simulation.md.)
import NodCore
import NodSim
import Testing

/// Scenario 38: a captured frame, played at once and after the receiver started again: rejected, and counted.
@Test func aCapturedFrameIsWorthNothingAgain() throws {
  let world = cluster(3)
  let leader = try #require(world.elect())
  let victim = (leader + 1) % 3
  var captured: [[UInt8]] = []
  world.overheard = { from, bytes in if from == leader { captured.append(bytes) } }
  world.run(windows: 20)
  world.overheard = nil
  func play() -> (heard: UInt64, rejected: UInt64) {
    let before = world.rejected(by: victim)
    let heard = world.play(captured, to: victim)
    return (heard, world.rejected(by: victim) - before)
  }
  let atOnce = play()
  #expect(atOnce.heard >= 10 && atOnce.rejected >= atOnce.heard)
  world.cutPower(victim)
  world.powerOn(victim)
  world.run(windows: 10)
  // Its replay windows are gone with its memory. What is merged by maximum it takes again, without effect; the second
  // time it knows.
  let state = world.node(victim) { ($0.acceptor.promised, $0.acceptor.last, $0.acceptor.commit) }
  #expect(play().heard >= 10)
  let after = world.node(victim) { ($0.acceptor.promised, $0.acceptor.last, $0.acceptor.commit) }
  #expect(state?.0 == after?.0 && state?.1 == after?.1 && state?.2 == after?.2)
  let again = play()
  #expect(again.heard >= 10 && again.rejected >= again.heard)
  world.expectWorking(within: 20)
}

/// Scenario 39: random bytes, truncated frames, a bit turned over at every position: rejected, no answer, no crash.
@Test func nonsenseIsRejectedAndNotAnswered() throws {
  let world = cluster(3)
  let leader = try #require(world.elect())
  let victim = (leader + 1) % 3
  var captured: [UInt8] = []
  world.overheard = { from, bytes in if from == leader { captured = bytes } }
  world.run(windows: 8)
  world.overheard = nil
  let frame = captured
  var random = Random(seed: 5)
  var nonsense: [[UInt8]] = (0..<frame.count).map { Array(frame[..<$0]) }
  for bit in 0..<frame.count * 8 {
    var bytes = frame
    bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    nonsense.append(bytes)
  }
  for _ in 0..<200 { nonsense.append((0..<random.below(200)).map { _ in UInt8(random.below(256)) }) }
  let state = world.node(victim) { ($0.acceptor.promised, $0.acceptor.last, $0.acceptor.commit) }
  let before = world.rejected(by: victim)
  let heard = world.play(nonsense, to: victim)
  #expect(heard == UInt64(nonsense.count))
  #expect(world.rejected(by: victim) - before >= heard)
  let after = world.node(victim) { ($0.acceptor.promised, $0.acceptor.last, $0.acceptor.commit) }
  #expect(state?.0 == after?.0 && state?.1 == after?.1 && state?.2 == after?.2)
  world.expectWorking(within: 10)
}

/// Scenario 39, another cluster: whoever has other keys is not understood, and does not disturb.
@Test func anotherClusterIsNotUnderstood() throws {
  let world = cluster(3)
  let other = cluster(3, seed: 99)
  var strange: [[UInt8]] = []
  other.overheard = { _, bytes in strange.append(bytes) }
  _ = try #require(other.elect())
  _ = try #require(world.elect())
  other.run(windows: 10)
  let changes = world.checker.leaderChanges
  for i in world.everybody { #expect(world.play(strange, to: i) > 0) }
  #expect(world.checker.leaderChanges == changes)
  world.expectWorking(within: 10)
}
