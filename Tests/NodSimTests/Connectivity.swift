// Partial connectivity, the normal case on radio: whoever can reach a majority must come to lead, or be led, within
// ten windows. The three cases are those of Omni-Paxos (Ng, Haridi and Carbone 2023, section 2).
import NodCore
import NodSim
import Testing

/// Ten windows in which a cluster at no loss has to find a leader that works.
private let limit = 10

/// Scenario 9, quorum loss: every link but those of one hub goes, and the leader is not the hub. The hub leads, or
/// carries what the leader says to the others.
@Test(arguments: [1, 2, 3] as [UInt64], [ElectionRule.paxos, .raft])
func aHubThatDoesNotLeadKeepsTheClusterAlive(seed: UInt64, rule: ElectionRule) throws {
  let world = cluster(5, seed: seed, rule: rule)
  let leader = try #require(world.elect())
  let hub = (leader + 2) % 5
  world.keepOnly((0..<5).filter { $0 != hub }.map { (hub, $0) })
  let commands = world.submit(at: [0, 1, 2, 3, 4])
  let took = world.windows(limit) { $0.areAnswered(commands) }
  #expect(commands.count == 5)
  #expect(took != nil, "\(world.stateOfAll)")
  world.expectSafe()
}

/// Scenario 10, constrained election: the leader is cut off entirely, and the one member that reaches a majority has
/// a stale log. It leads, and first fetches what it lacks; under the raft rule those who are ahead refuse it.
@Test(arguments: [1, 2, 3] as [UInt64])
func aHubWithAStaleLogLeadsAfterFetchingWhatItLacks(seed: UInt64) throws {
  let world = cluster(5, seed: seed)
  let leader = try #require(world.elect())
  let hub = (leader + 2) % 5
  let others = (0..<5).filter { $0 != hub && $0 != leader }
  makeStale(world, hub)
  world.keepOnly(others.map { (hub, $0) })
  let commands = world.submit(at: others + [hub])
  let took = world.windows(limit) { $0.areAnswered(commands) }
  #expect(took != nil, "\(world.stateOfAll)")
  #expect(world.leader(in: hub) == hub)
  world.expectSafe()
}

/// The hub hears nobody while three entries are decided without it.
private func makeStale(_ world: World, _ hub: Int) {
  for a in 0..<5 { world.cut[a] |= 1 << UInt32(hub) }
  let before = world.checker.highestDecided
  let leader = world.leaders.first!
  for key in 0..<3 {
    let command = world.submit(at: leader, key: key)!
    _ = world.windows(4) { $0.isAnswered(command) }
  }
  #expect(world.checker.highestDecided >= before + 3)
  #expect(world.node(hub) { $0.acceptor.last.raw } ?? 0 <= before)
}

/// Scenario 11, chained: members in a line. One leader, who stays, and commands from both ends are decided.
@Test(arguments: [3, 5], [1, 2, 3] as [UInt64])
func aLineOfMembersHasOneStableLeader(count: Int, seed: UInt64) throws {
  let world = cluster(count, seed: seed)
  let leader = try #require(world.elect())
  // The leader at one end: the worst place.
  let line = (0..<count).map { (leader + $0) % count }
  world.keepOnly((1..<count).map { (line[$0 - 1], line[$0]) })
  let commands = world.submit(at: [line[0], line[count - 1]])
  let took = world.windows(limit) { $0.areAnswered(commands) }
  #expect(took != nil, "\(world.stateOfAll)")
  let changes = world.checker.leaderChanges
  var later: [Command] = []
  for _ in 0..<4 {
    later += world.submit(at: [line[0], line[count - 1]])
    world.run(windows: 5)
  }
  #expect(world.windows(limit) { $0.areAnswered(later) } != nil, "\(world.stateOfAll)")
  #expect(world.checker.leaderChanges - changes <= 1, "the leaders play ping-pong")
  world.expectSafe()
}

/// Scenario 12, one-way links: a follower hears the leader, and the leader hears nothing of it; and the reverse. Both
/// ways its commands are decided through somebody else, and the leader stays.
@Test(arguments: [true, false], [1, 2] as [UInt64])
func aOneWayLinkToTheLeaderChangesNothing(followerHears: Bool, seed: UInt64) throws {
  let world = cluster(3, seed: seed)
  let leader = try #require(world.elect())
  let follower = (leader + 1) % 3
  let changes = world.checker.leaderChanges
  world.cut[followerHears ? follower : leader] |= 1 << UInt32(followerHears ? leader : follower)
  let commands = world.submit(at: [leader, follower, (leader + 2) % 3])
  #expect(world.windows(20) { $0.areAnswered(commands) } != nil, "\(world.stateOfAll)")
  world.run(windows: 20)
  #expect(world.checker.leaderChanges == changes)
  world.expectSafe()
}

/// A link that is one-way from the first moment on: whoever is on its deaf or mute end follows through the third. (Slot
/// 0, heard alone, was once taken for the leader of no ballot at all, which says that it leads no more.)
@Test(arguments: 1...6 as ClosedRange<UInt64>)
func aLinkThatWasAlwaysOneWayKeepsNobodyOut(seed: UInt64) {
  for from in 0..<3 {
    for to in 0..<3 where to != from {
      let world = cluster(3, seed: seed)
      world.cut[from] |= 1 << UInt32(to)
      world.run(windows: 60)
      for i in world.everybody {
        #expect(world.node(i) { $0.leader != nil } == true, "n\(to) is deaf to n\(from): \(world.stateOfAll)")
      }
    }
  }
}
