// The sheets about the machine and about others: the core's speed, the simulator's, and the baseline.
import Foundation
import NodCore
import NodSim

func coreSheet(_ effort: Effort, _ progress: Progress) -> Sheet {
  var sheet = Sheet(
    name: "core", title: "Three members in memory, one core, entries of 64 bytes, frames encoded and decoded",
    headings: ["what", "figure", "limit", "ratio"])
  let run = CoreThroughputRun()
  var decided = run.decide(effort.decided / 20)  // to warm up
  var best = 0.0
  let pieces = 6
  for piece in 0..<pieces {
    progress.note("core", Double(piece) / Double(pieces))
    let begin = processorSeconds()
    decided = run.decide(effort.decided / pieces)
    best = max(best, Double(decided.decided) / (processorSeconds() - begin))
  }
  let limit = 1_000_000.0
  let each = Double(decided.decided)
  sheet.add([
    "decided and applied by all three per CPU second", digits(best, 0), digits(limit, 0),
    digits(best / limit, 2),
  ])
  sheet.add(["frames per entry", digits(Double(decided.frames) / each, 4), "-", "-"])
  let onAir = Double(decided.frameBytes) / each
  let onDisk = Double(decided.recordBytes) / each / 3
  sheet.add(["bytes on air per entry", digits(onAir, 1), "64", digits(onAir / 64, 2)])
  sheet.add(["record bytes per entry and member", digits(onDisk, 1), "64", digits(onDisk / 64, 2)])
  return sheet
}

/// Sealing apart: what the core's figure leaves out.
func sealSheet() -> Sheet {
  var sheet = Sheet(
    name: "seal", title: "Sealing and opening, apart from the core",
    headings: ["frame bytes", "seal and open per CPU second", "MB/s"])
  for size in [64, 128, 1_280] {
    let begin = processorSeconds()
    let rate = Double(sealAndOpen(frameBytes: size, count: 200_000)) / (processorSeconds() - begin)
    sheet.add(["\(size)", digits(rate, 0), digits(rate * Double(size) / 1e6, 0)])
  }
  return sheet
}

func simulatorSheet(seed: UInt64, _ progress: Progress) -> Sheet {
  var sheet = Sheet(
    name: "simulator", title: "A day of five nodes, T = 10 s, 802.15.4, a command a minute, all checks on",
    headings: ["what", "figure", "limit", "ratio"])
  progress.note("simulator", 0)
  var best = Double.infinity
  var day = simulateDay(quietDay(members: 5, seed: seed), windows: 100)  // to warm up
  for _ in 0..<3 {
    let begin = processorSeconds()
    day = simulateDay(quietDay(members: 5, seed: seed), windows: 8_640)
    best = min(best, processorSeconds() - begin)
  }
  sheet.add(["CPU seconds", digits(best, 3), "1", digits(best, 2)])
  sheet.add([
    "simulated seconds per second", digits(day.simulatedSeconds / best, 0), "86400", digits(1 / best, 2),
  ])
  sheet.add(["events per window", digits(Double(day.events) / Double(day.windows), 1), "-", "-"])
  sheet.add(["nanoseconds per event", digits(best * 1e9 / Double(day.events), 0), "-", "-"])
  sheet.add(["frames per window", digits(Double(day.frames) / Double(day.windows), 2), "-", "-"])
  sheet.add(["commands acknowledged", "\(day.acknowledged)", "-", "-"])
  sheet.add(["violations", day.violation == nil ? "0" : "1", "0", "-"])
  return sheet
}

func baselineSheet(_ effort: Effort, seed: UInt64, _ progress: Progress) -> Sheet {
  var sheet = Sheet(
    name: "baseline",
    title: "The slot automaton of Wireless Paxos, one hop, prepare and accept; limit 2 x F_c frames",
    headings: [
      "n", "air", "loss", "leader_%", "all_%", "slots_leader", "slots_all", "slots_flags", "sent_leader",
      "2_F_c",
      "sent_all", "bytes_all", "radio_slots",
    ])
  let air: [FloodPhysics] = [.collision, .capture(permille: 500), .capture(permille: 900), .ideal]
  let loss = [
    FloodLoss(permille: 0), .init(permille: 100), .init(permille: 300), .init(permille: 300, meanBurst: 20),
  ]
  let sizes = [3, 5, 7, 15, 27, 188]
  for (row, n) in sizes.enumerated() {
    for physics in air {
      progress.note("baseline: n = \(n)", Double(row) / Double(sizes.count))
      for each in loss {
        var options = FloodOptions()
        options.nodes = n
        options.physics = physics
        options.loss = each
        let f = floodMany(options, rounds: n > 100 ? max(5, effort.rounds / 20) : effort.rounds, seed: seed)
        let least = 2 * leastFramesUntilLeaderKnows(memberCount: n, loss: Double(each.permille) / 1000)
        func mean(_ value: Double, _ count: Int) -> String { count == 0 ? "-" : digits(value, 1) }
        sheet.add([
          "\(n)", physics.name,
          digits(Double(each.permille) / 1000, 1) + (each.meanBurst == nil ? "" : " bursts"),
          digits(Double(f.leaderKnew) / Double(f.rounds) * 100, 0),
          digits(Double(f.allKnew) / Double(f.rounds) * 100, 0),
          mean(f.slotsToLeader, f.leaderKnew), mean(f.slotsToAll, f.allKnew),
          mean(f.slotsToFlags, f.allFlagged),
          mean(f.sentToLeader, f.leaderKnew), digits(least, 1), mean(f.sentToAll, f.allKnew),
          mean(f.bytesToAll, f.allKnew), digits(f.radioSlots, 1),
        ])
      }
    }
  }
  return sheet
}

func baselineSafetySheet(_ effort: Effort, seed: UInt64, _ progress: Progress) -> Sheet {
  var sheet = Sheet(
    name: "baseline-safety",
    title: "The same under failures of proposers: schedules in which nodes learned two values",
    headings: ["n", "loss", "schedules", "own accepted value in prepare", "forgotten, as released"])
  let sizes = [3, 5, 7, 15]
  for (row, n) in sizes.enumerated() {
    for loss in [0, 300] {
      progress.note("baseline: failures", Double(row) / Double(sizes.count))
      var bad = [0, 0]
      for schedule in 0..<effort.schedules {
        for forgets in [0, 1] {
          var options = FloodOptions()
          options.nodes = n
          options.physics = .capture(permille: 900)
          options.loss = FloodLoss(permille: loss)
          options.rules.forgetsOwnAccepted = forgets == 1
          if floodFailover(options, seed: seed &+ UInt64(schedule)).count > 1 { bad[forgets] += 1 }
        }
      }
      sheet.add(["\(n)", digits(Double(loss) / 1000, 1), "\(effort.schedules)", "\(bad[0])", "\(bad[1])"])
    }
  }
  return sheet
}
