// What the benchmarks measure with: meters that add up, events that tell everything, loss that is what was asked for.
import Foundation
import NodCore
import Testing

@testable import NodSim

private func world(_ change: (inout WorldOptions) -> Void = { _ in }) -> World {
  var options = quietDay(members: 5, seed: 3)
  change(&options)
  return World(options)
}

@Suite struct BenchTests {
  @Test func aQuietDayIsTheSameForTheSameSeedAndBreaksNoRule() {
    let first = simulateDay(quietDay(members: 5, seed: 2), windows: 300)
    let second = simulateDay(quietDay(members: 5, seed: 2), windows: 300)
    #expect(first.violation == nil && first.acknowledged > 20)
    #expect(first.fingerprint == second.fingerprint && first.events == second.events)
  }

  @Test func everyMicrosecondOfARadioIsInOneState() {
    let world = world { $0.lossPermille = 200 }
    world.run(windows: 200)
    for member in world.figures.members {
      #expect(member.transmitting + member.receiving + member.sleeping == world.now)
      #expect(member.transmitting > 0 && member.receiving > 0)
    }
  }

  /// Currents of the nRF52840 (Firmware-config/radios) times the times above, at 3 V.
  @Test func energyIsCurrentTimesTimeTimesVoltage() {
    let world = world { $0.host = .piZero2W }
    world.run(windows: 200)
    for m in world.figures.members {
      let amperes =
        6.40e-3 * Double(m.transmitting) + 6.53e-3 * Double(m.receiving) + 1.5e-6 * Double(m.sleeping)
      #expect(abs(m.radioJoules - amperes * 3 / 1e6) < 1e-4)
      // A Pi Zero 2 W cannot suspend: 600 mW all the time.
      #expect(abs(m.hostJoules - 0.6 * Double(world.now) / 1e6) < 0.01)
    }
  }

  @Test func eachFrameIsHeardLostOrMissedByEverybodyElse() {
    let world = world { $0.lossPermille = 300 }
    var sent: Set<Int> = []
    var told: [Int: Int] = [:]
    world.events = { event in
      switch event.kind {
      case .sent(let frame, _, _, _, _, _): sent.insert(frame)
      case .heard(let frame, _, _, _), .lost(let frame, _), .missed(let frame, _, _):
        told[frame, default: 0] += 1
      default: break
      }
    }
    world.run(windows: 100)
    world.run(until: world.now + 1_000_000)
    #expect(sent.count > 100)
    for frame in sent { #expect(told[frame] == 4) }
  }

  @Test func everyEventIsOneJSONObjectWithATime() throws {
    let world = world { $0.powerCutEvery = .seconds(400) }
    var last: Int64 = 0
    var kinds: Set<String> = []
    world.events = { event in
      guard let object = try? JSONSerialization.jsonObject(with: Data(event.json.utf8)) as? [String: Any],
        let time = object["t"] as? Int64, let kind = object["kind"] as? String
      else {
        Issue.record("no JSON object: \(event.json)")
        return
      }
      #expect(time >= last)
      last = time
      kinds.insert(kind)
    }
    world.run(windows: 120)
    let expected = [
      "power", "radio", "role", "sent", "heard", "missed", "synced", "decided", "submitted", "answered",
      "accepted", "vote",
    ]
    #expect(kinds.isSuperset(of: expected), "\(kinds)")
  }

  @Test func burstsLoseTheShareThatSingleLossesWould() {
    let world = world {
      $0.loseInBursts(of: 3, permille: 300)
      $0.commandEvery = nil
    }
    var lost = 0
    var all = 0
    world.events = { event in
      switch event.kind {
      case .lost:
        lost += 1
        all += 1
      case .heard, .missed: all += 1
      default: break
      }
    }
    world.run(windows: 4_000)
    let share = Double(lost) / Double(max(1, all))
    #expect(share > 0.24 && share < 0.36, "\(share)")
  }

  @Test func anIdleFollowerSleepsAllButATenthOfAPercentOfTheTime() {
    var options = IdleOptions()
    options.windows = 400
    let idle = measureIdle(options)
    #expect(idle.leaderChanges == 0)
    #expect(idle.followerShare > 0.0002 && idle.followerShare < 0.001, "\(idle.followerShare)")
  }

  @Test func aQuorumOf188VotersSpeaksAndHardlyAnybodyElse() {
    let f = measureManyVoters(188, profile: .ieee802154nRF52840, lossPermille: 0, commands: 1, seed: 1)
    #expect(f.commands == 1)
    #expect(f.framesInAll >= 95 && f.framesInAll <= 1.05 * 95, "\(f.framesInAll)")
  }

  @Test func theCoreDecidesWhatItIsGiven() {
    let run = CoreThroughputRun()
    let figures = run.decide(2_000)
    #expect(figures.decided >= 2_000 && figures.votes > 0)
    #expect(figures.recordBytes >= figures.decided * 3 * 64)
  }

  @Test func sealingAndOpeningLosesNoFrame() {
    #expect(sealAndOpen(frameBytes: 128, count: 500) == 500)
  }

  @Test func boundsOfFramesAreThoseOfTheDesign() {
    #expect(abs(leastFramesUntilLeaderKnows(memberCount: 5, loss: 0.3) - 3.44) < 0.005)
    #expect(abs(leastFramesUntilAllKnow(memberCount: 5, loss: 0.5) - 4.50) < 0.01)
    #expect(abs(leastFramesUntilAllKnow(memberCount: 15, loss: 0.3) - 9.20) < 0.01)
  }

  @Test(arguments: [ElectionRule.paxos, .raft])
  func aLostLeaderIsReplacedUnderEitherRule(rule: ElectionRule) {
    let f = measureElections(memberCount: 5, rule: rule, lossPermille: 0, elections: 20, seed: 1)
    #expect(f.elections == 20 && f.windows >= 3 && f.windows <= 4 && f.frames <= 20, "\(f)")
  }

  /// One frame of loss in a hundred thousand, or a silent leader's missed beacons taken for loss, and a member suspects
  /// only after sixteen windows; slots that drift apart with the guard, and nobody hears the call.
  @Test func threeMembersReplaceTheirLeaderAgainAndAgain() {
    let f = measureElections(memberCount: 3, rule: .paxos, lossPermille: 0, elections: 40, seed: 1)
    #expect(f.elections == 40 && f.windows <= 5 && f.windowsP99 <= 6 && f.frames <= 20, "\(f)")
  }
}
