// What goes wrong only after a while: many leaders one after the other, members that come back, seeds that once failed.
import NodCore
import NodSim
import Testing

@Suite struct LongLifeTests {
  private func quietWorld() -> World {
    var options = quietDay(members: 3, seed: 1)
    options.commandEvery = nil
    let world = World(options)
    world.run(windows: 40)
    return world
  }

  /// The leader sleeps right after its beacon, so who starts must say so before it, or waits for a full window.
  @Test func whoComesBackFollowsWithinThreeWindows() {
    let world = quietWorld()
    for _ in 0..<5 {
      let follower = (world.leaders[0] + 1) % 3
      world.cutPower(follower)
      world.run(windows: 3)
      world.powerOn(follower)
      world.run(windows: 4)
      let follows = world.node(follower) { $0.leader != nil && $0.acceptor.commit == $0.acceptor.last }
      #expect(follows == true)
      world.run(windows: 13)
    }
  }

  /// Time is passed on from leader to leader; the doubt about it must not grow with each.
  @Test func theGuardDoesNotGrowWithTheNumberOfLeaders() {
    let world = quietWorld()
    func guardOfAll() -> Int64 {
      var widest: Int64 = 0
      for i in 0..<3 {
        let terms = world.node(i) { node in
          node.clock.guardTime(at: node.clock.gridPoint(of: node.timeline.window &+ 1))
        }
        widest = max(widest, terms?.raw ?? 0)
      }
      return widest
    }
    world.run(windows: 60)
    let before = guardOfAll()
    for _ in 0..<30 {
      let leader = world.leaders[0]
      world.cutPower(leader)
      world.run(windows: 12)
      world.powerOn(leader)
      world.run(windows: 30)
    }
    world.run(windows: 60)
    let after = guardOfAll()
    #expect(after <= before * 2, "\(before) us, then \(after) us")
    #expect(world.checker.leaderChanges > 20)
  }

  /// 317, 575: two members of whom neither answers the other's call; 701, 928: both call, or the first in turn is
  /// always the one with the shorter log; 670, 689: entries that nobody can take keep the snapshot off the air.
  @Test(arguments: [317, 575, 670, 689, 701, 928] as [UInt64])
  func seedsThatOnceStoodStill(seed: UInt64) {
    var options = WorldOptions.drawn(seed: seed)
    options.recordsHistories = false  // as they were when they did
    let report = simulateOnce(options)
    #expect(report.violation == nil, "\(report)")
  }

  /// 149: one grid came apart into two that count windows apart, and neither gave way; both slept most of the time, so
  /// they met once in a thousand windows.
  @Test(arguments: [149, 350] as [UInt64])
  func halvesOfAGridFindEachOther(seed: UInt64) {
    let report = simulateOnce(.drawn(seed: seed))
    #expect(report.violation == nil, "\(report)")
  }
}
