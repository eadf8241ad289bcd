// Scenario 14: a leader that runs short of what leading costs hands over while it still leads: no command is lost, and
// there is a leader all the time but for two windows at most.
import NodCore
import NodSim
import Testing

extension World {
  /// Windows without a leader until another than this one leads.
  fileprivate func windowsUntilAnotherLeads(than leader: Int) -> Int? {
    var without = 0
    for _ in 0..<40 {
      if leaders.contains(where: { $0 != leader }) { return without }
      run(windows: 1)
      if leaders.isEmpty { without += 1 }
    }
    return nil
  }
}

@Test(arguments: [1, 2, 3] as [UInt64])
func aLeaderWhoseBatteryRunsLowHandsOver(seed: UInt64) throws {
  let world = cluster(5, seed: seed) { $0.lossPermille = 100 }
  let leader = try #require(world.elect())
  for i in world.everybody { world.setGauge(of: i, to: 80) }
  world.run(windows: 40)  // so that each has told it in a full window
  #expect(world.leaders == [leader])
  let commands = world.submit(at: world.everybody)
  world.setGauge(of: leader, to: 12)
  let without = try #require(world.windowsUntilAnotherLeads(than: leader), "\(world.stateOfAll)")
  #expect(without <= 2)
  #expect(world.windows(20) { $0.areAnswered(commands) } != nil, "\(world.stateOfAll)")
  world.run(windows: 60)
  #expect(world.leaders != [leader], "who runs short does not come back to it")
  world.expectWorking(within: 20)
}

/// Somebody must lead: when all run short, who leads goes on.
@Test func nobodyHandsOverToOneThatIsNoBetterOff() throws {
  let world = cluster(3, seed: 4)
  let leader = try #require(world.elect())
  for i in world.everybody where i != leader { world.setGauge(of: i, to: 10) }
  world.run(windows: 40)  // so that each has told it in a full window
  world.setGauge(of: leader, to: 10)
  world.run(windows: 120)
  #expect(world.leaders == [leader])
  #expect(world.checker.leaderChanges == 1)
  world.expectWorking(within: 20)
}

/// At 1 % of air time beacons and commands use up the leader's hour first: others, who have hardly spoken, follow it.
@Test func aLeaderWhoseAirTimeIsUsedUpHandsOver() throws {
  let world = cluster(3, seed: 5) { options in
    options.use(RadioProfile.loraSF9, period: .seconds(80))
    options.fullEvery = 16
    options.commandEvery = .seconds(40)
    options.recordsHistories = false
  }
  world.run(windows: 400)
  let without = world.leaders.isEmpty ? 1 : 0
  #expect(world.checker.leaderChanges > 1, "\(world.stateOfAll)")
  #expect(without == 0, "\(world.stateOfAll)")
  world.endFaults()
  world.run(windows: 300)  // what waits is decided first
  world.expectWorking(within: 60)
}
