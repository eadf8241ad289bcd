// Who leads, when, and for how long: the scenarios of elections and roles. Those of partial connectivity are in
// Connectivity.
import NodCore
import NodSim
import Testing

/// Scenario 1, cold start: switched on within ten periods of each other, clocks apart: one grid, one leader.
@Test(arguments: [3, 5, 7], [1, 2] as [UInt64])
func aColdStartEndsInOneGridAndOneLeader(count: Int, seed: UInt64) {
  let world = cluster(count, seed: seed) { $0.driftPPM = 100 }
  for i in 1..<count { world.cutPower(i) }
  var random = Random(seed: seed)
  for i in world.everybody where !world.isUp(i) {
    world.run(until: world.now + Int64(random.below(10 * 500_000 / count)))
    world.powerOn(i)
  }
  let took = world.windows(60) { $0.leaders.count == 1 && $0.isSettled && $0.leader(in: 0) != nil }
  #expect(took != nil, "\(world.stateOfAll)")
  world.run(windows: 2)
  let windows = Set(world.everybody.compactMap { world.node($0) { $0.timeline.window } })
  #expect(windows.count <= 2, "grids differ: \(windows)")
  world.expectWorking(within: 10)
}

/// Who has a high priority leads while it is there; without it the others do not wait for ever.
@Test(arguments: [1, 2, 3] as [UInt64])
func whoHasAHighPriorityLeadsWhileItIsThere(seed: UInt64) throws {
  let world = cluster(5, seed: seed) { $0.priorities = [2, 7, 2, 10, 2] }
  #expect(try #require(world.elect(limit: 60)) == 3)
  world.run(windows: 30)
  world.cutPower(3)
  let took = world.windows(40) { $0.leaders == [1] }
  #expect(took != nil, "\(world.stateOfAll)")
  world.cutPower(1)
  #expect(world.windows(60) { $0.leaders.count == 1 } != nil, "\(world.stateOfAll)")
  world.expectSafe()
}

/// Scenario 2: the leader loses power mid-window, when its proposal was heard by 0, 1, quorum - 1, quorum, all. Where a
/// quorum has it, it is decided; and what its caller was told stands anyway.
@Test(arguments: [0, 1, 2, 3, 4], [1, 2] as [UInt64])
func aLeaderThatDiesInMidWindowLosesNothing(heardBy: Int, seed: UInt64) throws {
  let world = cluster(5, seed: seed)
  let leader = try #require(world.elect())
  let before = world.checker.highestDecided
  let hearers = world.everybody.filter { $0 != leader }.prefix(heardBy)
  var isDead = false
  world.drops = { [unowned world] from, to, frame in
    guard from == leader, frame.has(.entries) else { return false }
    if !isDead { world.cutPowerNext(leader) }
    isDead = true
    return !hearers.contains(to)
  }
  world.returnsAfterCut = .seconds(30)
  _ = try #require(world.submit(at: leader))
  #expect(world.windows(3) { !$0.isUp(leader) } != nil)
  let took = world.windows(40) {
    $0.leaders.count == 1 && $0.areAllSettled && $0.checker.highestDecided > before
  }
  #expect(took != nil, "\(world.stateOfAll)")
  let other = try #require(world.leaders.first)
  // A quorum of the living had it: whoever leads must have adopted it, and begun behind it.
  if heardBy >= 3 { #expect(world.checker.highestDecided >= before + 2) }
  #expect(other != leader)
  #expect(world.windows(80) { $0.isUp(leader) } != nil)
  world.expectWorking(within: 40)
}

/// Scenario 3: two candidates at once, again and again, each delayed alike: it settles.
@Test(arguments: [1, 2, 3] as [UInt64])
func twoCandidatesAtOnceSettle(seed: UInt64) throws {
  let world = cluster(4, seed: seed) { $0.jitter = .zero }
  var leader = try #require(world.elect())
  for _ in 0..<3 {
    world.cutPower(leader)
    // Two pairs that hear nobody else canvass in the same windows, then meet.
    let rest = world.everybody.filter { $0 != leader }
    world.keepOnly([(rest[0], rest[1])])
    world.run(windows: 12)
    world.powerOn(leader)
    world.joinAll()
    let took = world.windows(60) { $0.leaders.count == 1 && $0.areAllSettled }
    #expect(took != nil, "\(world.stateOfAll)")
    leader = world.leaders.first ?? leader
  }
  world.expectWorking(within: 30)
}

/// Scenario 4: half of all frames lost for 10,000 windows (a tenth of that by default): the leader stays, nothing is
/// lost.
@Test func halfOfTheFramesLostDoesNotUnseatTheLeader() throws {
  let world = cluster(3) { $0.lossPermille = 500 }
  _ = try #require(world.elect(limit: 200))
  let changes = world.checker.leaderChanges
  world.run(windows: hasTime ? 10_000 : 1_000)
  #expect(world.checker.leaderChanges - changes < 5)
  world.expectWorking(within: 60)
}

/// Scenario 5: bursts shorter than the detector's bound change no leader, however many there are.
@Test func burstsShorterThanTheDetectorsBoundChangeNothing() throws {
  let world = cluster(3)
  let leader = try #require(world.elect())
  world.run(windows: 20)
  let changes = world.checker.leaderChanges
  for round in 0..<10 {
    // Nobody hears the leader for two windows: the least number of misses that arouses suspicion is three.
    world.isolate(leader)
    world.run(windows: 2)
    world.joinAll()
    world.run(windows: 6)
    #expect(world.leaders == [leader], "after burst \(round): \(world.stateOfAll)")
  }
  #expect(world.checker.leaderChanges == changes)
  world.expectWorking(within: 10)
}

/// Scenario 5, drawn: bursts of 20 windows on average on every link. The leader may change; nothing is lost, and
/// between the bursts commands are decided.
@Test(arguments: [1, 2] as [UInt64])
func longBurstsLoseNothing(seed: UInt64) throws {
  let world = cluster(3, seed: seed)
  _ = try #require(world.elect())
  world.apply(try Topology("all burst 10s 60s", memberCount: 3))
  var commands: [Command] = []
  for _ in 0..<20 {
    commands += world.submit(at: [0, 1, 2])
    world.run(windows: 15)
  }
  world.apply(try Topology("all whole", memberCount: 3))
  #expect(world.windows(60) { $0.areAnswered(commands) } != nil, "\(world.stateOfAll)")
  world.expectWorking(within: 20)
}

/// Scenario 6: a member returns after a week asleep with an old ballot and an old log: the leader stays, and it catches
/// up, from a snapshot by then.
@Test(arguments: [1, 2] as [UInt64])
func aReturningMemberDoesNotUnseatAWorkingLeader(seed: UInt64) throws {
  let world = cluster(3, seed: seed) {
    $0.snapshotEvery = 16
    $0.logEntries = 64
  }
  let leader = try #require(world.elect())
  let sleeper = (leader + 1) % 3
  world.cutPower(sleeper)
  for _ in 0..<60 {
    _ = world.submit(at: [leader, leader])
    world.run(windows: 1)
  }
  let changes = world.checker.leaderChanges
  world.powerOn(sleeper)
  #expect(world.windows(40) { $0.isSettled } != nil, "\(world.stateOfAll)")
  #expect(world.leaders == [leader])
  #expect(world.checker.leaderChanges == changes)
  #expect(world.node(sleeper) { $0.counters.snapshotsInstalled } == 1)
  world.expectWorking(within: 10)
}

/// Scenario 6, asleep and not dark: suspended for a week, it doubts itself before it doubts others.
@Test(arguments: [1, 2] as [UInt64])
func aWeekOfSuspendUnseatsNobody(seed: UInt64) throws {
  let world = cluster(3, seed: seed) { $0.period = .seconds(60) }
  let leader = try #require(world.elect())
  let changes = world.checker.leaderChanges
  let days: Int64 = hasTime ? 7 : 1
  world.suspend((leader + 1) % 3, for: .seconds(86_400 * days))
  world.run(windows: Int(1440 * days) + 30)
  #expect(world.checker.leaderChanges == changes)
  #expect(world.leaders == [leader])
  world.expectWorking(within: 10)
}

/// Scenario 7: a member returns with a higher promised ballot than the leader's, for it had been a candidate alone: one
/// change of leader at most.
@Test(arguments: [1, 2, 3] as [UInt64], [ElectionRule.paxos, .raft])
func aHigherPromiseCostsOneChangeAtMost(seed: UInt64, rule: ElectionRule) throws {
  let world = cluster(5, seed: seed, rule: rule)
  let leader = try #require(world.elect())
  // A candidate whose prepare is heard by one other only, and whom nobody hears after that.
  let candidate = (leader + 1) % 5
  let witness = (leader + 2) % 5
  let before = world.node(candidate) { $0.acceptor.promised } ?? .zero
  world.drops = { _, to, frame in frame.has(.prepare) && to != witness }
  world.isolate(leader)
  let third = world.windows(60) { world in
    world.everybody.contains { (world.node($0) { $0.acceptor.promised } ?? .zero) > before }
  }
  #expect(third != nil)
  world.drops = nil
  world.joinAll()
  let changes = world.checker.leaderChanges
  #expect(world.windows(60) { $0.leaders.count == 1 && $0.areAllSettled } != nil, "\(world.stateOfAll)")
  world.run(windows: 40)
  #expect(world.checker.leaderChanges - changes <= 1)
  world.expectWorking(within: 10)
}

/// Scenario 8: the leader is cut off from the quorum but hears one follower: it steps down, the others elect, and it
/// answers no read of an old state.
@Test(arguments: [1, 2, 3] as [UInt64])
func aLeaderWithoutAQuorumStepsDownAndAnswersNoRead(seed: UInt64) throws {
  let world = cluster(5, seed: seed)
  let leader = try #require(world.elect())
  let friend = (leader + 1) % 5
  for a in world.everybody where a != leader && a != friend {
    for b in [leader, friend] {
      world.cut[a] |= 1 << UInt32(b)
      world.cut[b] |= 1 << UInt32(a)
    }
  }
  let reads = world.traffic.readsAnswered
  let others = world.everybody.filter { $0 != leader && $0 != friend }
  // It learns that a quorum is missing when an answer is due: a command, and a read in every window.
  _ = world.submit(at: leader)
  var newLeader: Int?
  for _ in 0..<60 where newLeader == nil {
    world.traffic.read(world, member: leader)
    world.run(windows: 1)
    newLeader = world.leaders.first { others.contains($0) }
  }
  #expect(newLeader != nil, "\(world.stateOfAll)")
  let commands = world.submit(at: others)
  #expect(world.windows(10) { $0.areAnswered(commands) } != nil, "\(world.stateOfAll)")
  #expect(!world.leaders.contains(leader))
  #expect(world.traffic.readsAnswered == reads)
  world.joinAll()
  world.expectWorking(within: 60)
}

/// Scenario 13: both rules under the same faults are equally safe. What their elections cost is printed by
/// `nodctl bench`; here it is held that either elects within the same bound.
@Test(arguments: [ElectionRule.paxos, .raft])
func bothRulesSurviveTheSameFaults(rule: ElectionRule) {
  for seed in 1...2 as ClosedRange<UInt64> {
    let world = cluster(5, seed: seed, rule: rule) {
      $0.powerCutEvery = .seconds(20)
      $0.partitionEvery = .seconds(8)
      $0.commandEvery = .milliseconds(400)
      $0.lossPermille = 100
    }
    world.run(windows: 80)
    world.endFaults()
    world.run(windows: 40)
    world.expectWorking(within: 60)
  }
}

/// Scenario 14, a disk: it refuses writes, its leader hands over, and no command is lost.
@Test(arguments: [1, 2] as [UInt64])
func aLeaderWhoseDiskRefusesHandsOver(seed: UInt64) throws {
  let world = cluster(3, seed: seed)
  let leader = try #require(world.elect())
  world.run(windows: 8)
  world.disk(of: leader).isReadOnly = true
  let commands = world.submit(at: world.everybody)
  var without = 0
  for _ in 0..<30 where !world.leaders.contains(where: { $0 != leader }) {
    world.run(windows: 1)
    if world.leaders.isEmpty { without += 1 }
  }
  #expect(world.leaders.contains { $0 != leader }, "\(world.stateOfAll)")
  #expect(without <= 2, "\(without) windows without a leader")
  #expect(world.windows(20) { $0.areAnswered(commands) } != nil, "\(world.stateOfAll)")
  world.disk(of: leader).isReadOnly = false
  world.run(windows: 10)
  world.expectWorking(within: 20)
}
