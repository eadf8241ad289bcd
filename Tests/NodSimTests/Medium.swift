// The medium itself: what a topology says, how bursts come, who hears whom on one channel, what is drawn.
import NodCore
import NodSim
import Testing

@Test func aTopologyIsReadLineByLine() throws {
  let text = """
    # a valley
    all loss 10
    n1 -> n2 loss 30.5   # one way
    n0 -- n2 cut
    at 90s n0 -> n2 whole
    n2 -> n0 burst 20s 2min 80
    """
  let topology = try Topology(text, memberCount: 3)
  let bursts = Bursts(meanBad: .seconds(20), meanGood: .seconds(120), lossPermille: 800)
  #expect(topology.changes.count == 6)
  #expect(topology.changes[1] == LinkChange(from: 1, to: 2, .lossPermille(305)))
  #expect(topology.changes[2] == LinkChange(from: 0, to: 2, .cut))
  #expect(topology.changes[3] == LinkChange(from: 2, to: 0, .cut))
  #expect(topology.changes[4] == LinkChange(at: .seconds(90), from: 0, to: 2, .whole))
  #expect(topology.changes[5] == LinkChange(from: 2, to: 0, .bursts(bursts)))
}

@Test(arguments: [
  ("n0 -> n9 cut", "n9"), ("n0 => n1 cut", "=>"), ("n0 -- n1 gone", "gone"), ("all loss 101", "101"),
  ("n0 -- n0 cut", "two ends"), ("at soon n0 -- n1 cut", "soon"), ("n0 -- n1 cut twice", "twice"),
  ("n0 --", "missing"),
])
func aWrongTopologySaysWhichLineAndWhy(line: String, what: String) {
  do {
    _ = try Topology("# first\n" + line, memberCount: 3)
    Issue.record("\(line) is taken")
  } catch {
    #expect(error.line == 2)
    #expect(error.text.contains(what), "\(error)")
  }
}

/// A schedule cuts and mends at its times.
@Test func aScheduleChangesLinksAtItsTimes() throws {
  let world = cluster(2)
  world.apply(try Topology("at 10s n0 -> n1 cut\nat 20s n0 -> n1 whole", memberCount: 2))
  world.run(until: 9_000_000)
  #expect(world.cut[0] & 2 == 0)
  world.run(until: 11_000_000)
  #expect(world.cut[0] & 2 == 2 && world.cut[1] & 1 == 0)
  world.run(until: 21_000_000)
  #expect(world.cut[0] & 2 == 0)
}

/// Links that are bad a third of the time lose a third of their frames, in runs.
@Test func burstsLoseInRuns() throws {
  let world = cluster(2) { $0.period = .milliseconds(100) }
  _ = try #require(world.elect())
  world.apply(try Topology("all burst 2s 4s", memberCount: 2))
  world.exchange = Trace()
  world.run(windows: 3_000)
  let beacons = world.exchange!.text().filter { $0.contains("beacon") && !$0.contains("cycle") }
  let lost = beacons.map { $0.contains("lost") }
  let share = Double(lost.filter { $0 }.count) / Double(lost.count)
  let runs = zip(lost, lost.dropFirst()).filter { $0 && !$1 }.count
  #expect(share > 0.2 && share < 0.5, "\(share) are lost")
  #expect(lost.filter { $0 }.count > 4 * runs, "\(runs) runs")
}

/// One channel: frames that overlap at a receiver are lost there, unless the first is captured; and two members that
/// ask in the same slot hear neither each other.
@Test(arguments: [0, 1000])
func twoAtOnceDestroyEachOtherUnlessCaptured(capturePermille: Int) throws {
  let world = cluster(3) {
    $0.use(.ieee802154nRF52840, period: .seconds(1))
    $0.air.capturePermille = capturePermille
  }
  let leader = try #require(world.elect(limit: 100))
  world.run(windows: 20)
  world.exchange = Trace()
  let commands = world.submit(at: world.everybody.filter { $0 != leader })
  world.run(windows: 1)
  let lines = world.exchange!.text().joined(separator: "\n")
  #expect(lines.contains("busy"), "\(lines)")
  // Captured or not, the later of two is lost.
  #expect(lines.contains("collided n\(leader)"), "\(lines)")
  // From the next window on they draw their slots.
  #expect(world.windows(20) { $0.areAnswered(commands) } != nil, "\(world.stateOfAll)")
  world.expectSafe()
}

/// A radio that comes on while a frame is on the air does not hear it: with a guard that is too small for its late
/// boards a cluster misses beacons; on a medium of datagrams it would not.
@Test func aReceiverThatComesOnLateHearsNothing() throws {
  let world = cluster(3) {
    $0.use(.ieee802154nRF52840, period: .seconds(1))
    $0.wakeJitter = .milliseconds(8)
    $0.hostLatency = .zero
  }
  _ = world.elect(limit: 200)
  world.run(windows: 100)
  let missed = world.everybody.reduce(0) { sum, i in sum + (world.node(i) { $0.counters.beaconsMissed } ?? 0)
  }
  #expect(missed > 10)
  world.expectSafe()
}

/// A drawn wide world is the same each time, and never unsafe. (Many more of them: `nodctl sim --wide --random`.)
@Test(arguments: [1, 3, 7] as [UInt64])
func wideWorldsAreSafeAndTheSameEachTime(seed: UInt64) {
  var options = WorldOptions.drawnWide(seed: seed)
  options.faultyWindows = 40
  options.quietWindows = 100
  let first = simulateOnce(options)
  #expect(
    first.violation == nil || first.violation?.rule == "liveness", "\(String(describing: first.violation))")
  #expect(simulateOnce(options).fingerprint == first.fingerprint)
}
