// The sheets about the cluster: what a command, an idle window, an election and many voters cost.
import Foundation
import NodCore
import NodSim

private let losses = [0, 100, 300, 500]

/// How much is run; `--quick` is for a first look.
struct Effort {
  var commands: Int
  var idleWindows: Int
  var elections: Int
  var rounds: Int
  var schedules: Int
  var decided: Int

  static let full = Effort(
    commands: 1_000, idleWindows: 4_000, elections: 100, rounds: 200, schedules: 20_000, decided: 3_000_000)
  static let quick = Effort(
    commands: 100, idleWindows: 500, elections: 20, rounds: 30, schedules: 2_000, decided: 500_000)
}

/// - Parameter isFlowing: commands in every second window; else each comes out of the blue.
func commandSheet(_ effort: Effort, seed: UInt64, isFlowing: Bool, _ progress: Progress) -> Sheet {
  let when = isFlowing ? "in every second window" : "out of the blue"
  var sheet = Sheet(
    name: isFlowing ? "flow" : "command",
    title: "One command at the leader \(when), one hop, independent loss; limits F_c and F_a",
    headings: [
      "n", "loss", "to_leader", "F_c", "ratio", "in_all", "in_all/F_c", "F_a", "bytes", "radio_ms", "same_%",
      "p50",
      "p99", "all_by_beacon_%", "not_counted",
    ])
  let sizes = [3, 5, 7, 15, 31]
  for (row, n) in sizes.enumerated() {
    for (column, loss) in losses.enumerated() {
      progress.note("command: n = \(n)", Double(row * 4 + column) / Double(sizes.count * 4))
      var options = MeasureOptions()
      options.memberCount = n
      options.lossPermille = loss
      options.commands = effort.commands
      options.seed = seed
      options.isFlowing = isFlowing
      let cost = measureCommands(options)
      let p = Double(loss) / 1000
      let least = leastFramesUntilLeaderKnows(memberCount: n, loss: p)
      sheet.add([
        "\(n)", digits(p, 1), digits(cost.framesUntilLeaderKnows, 2), digits(least, 2),
        digits(cost.framesUntilLeaderKnows / least, 3), digits(cost.framesInAll, 2),
        digits(cost.framesInAll / least, 3), digits(leastFramesUntilAllKnow(memberCount: n, loss: p), 2),
        digits(cost.bytesInAll, 0), digits(cost.radioOnInWindow / 1_000, 1), digits(cost.sameWindow * 100, 1),
        "\(cost.windowsP50)", "\(cost.windowsP99)", digits(cost.allKnowByNextBeacon * 100, 1),
        "\(cost.discarded)",
      ])
    }
  }
  return sheet
}

/// What `tools/lab truth` measures with real agents, simulated: a command in every third window.
func realSheet(_ effort: Effort, seed: UInt64, _ progress: Progress) -> Sheet {
  var sheet = Sheet(
    name: "real", title: "One command at the leader in every third window, as tools/lab truth gives them",
    headings: ["nodes", "loss", "in_window", "caused", "bytes", "same_window_%", "radio_on_%"])
  for n in [3, 5] {
    for loss in [0, 100, 300] {
      progress.note("real: n = \(n)", Double(loss) / 300)
      var options = MeasureOptions()
      options.memberCount = n
      options.lossPermille = loss
      options.commands = effort.commands
      options.seed = seed
      options.isFlowing = true
      options.quietWindows = 2
      options.command = Traffic.increment(Array("probe".utf8))
      options.period = .milliseconds(500)
      options.slot = .milliseconds(4)
      options.syncGap = .milliseconds(10)
      let cost = measureCommands(options)
      sheet.add([
        "\(n)", digits(Double(loss) / 1000, 1), digits(cost.framesInWindow, 3), digits(cost.framesInAll, 3),
        digits(cost.bytesInAll, 1), digits(cost.sameWindow * 100, 1), digits(cost.radioShare * 100, 3),
      ])
    }
  }
  return sheet
}

func idleSheet(_ effort: Effort, seed: UInt64, _ progress: Progress) -> Sheet {
  var sheet = Sheet(
    name: "idle", title: "Idle, T = 10 s, clocks of 20 ppm, 802.15.4: share of time with the radio on",
    headings: [
      "n", "loss", "host_ms", "follower_%", "limit_%", "ratio", "leader_%", "frames/window", "bytes/frame",
      "events/window", "leader_changes",
    ])
  let limits = [0.1, 0.1, 0.15, 0.25]
  for (row, n) in [3, 5, 7, 31].enumerated() {
    for (column, loss) in losses.enumerated() {
      progress.note("idle: n = \(n)", Double(row * 4 + column) / 16)
      for host in n == 5 ? [0, 1] : [0] {
        var options = IdleOptions()
        options.memberCount = n
        options.lossPermille = loss
        options.windows = n > 7 ? effort.idleWindows / 4 : effort.idleWindows
        options.hostLatency = .milliseconds(Int64(host))
        options.seed = seed
        let f = measureIdle(options)
        let share = f.followerShare * 100
        sheet.add([
          "\(n)", digits(Double(loss) / 1000, 1), "\(host)", digits(share, 4), digits(limits[column], 2),
          digits(share / limits[column], 2), digits(f.leaderShare * 100, 4), digits(f.framesPerWindow, 2),
          digits(f.beaconBytes, 1), digits(f.eventsPerWindow, 1), "\(f.leaderChanges)",
        ])
      }
    }
  }
  return sheet
}

func electionSheet(_ effort: Effort, seed: UInt64, _ progress: Progress) -> Sheet {
  var sheet = Sheet(
    name: "election",
    title: "From the leader's power cut to the first decision of the next, T = 10 s, 802.15.4",
    headings: ["rule", "n", "loss", "elections", "windows", "p99", "frames", "bytes", "not_counted"])
  for (row, n) in [3, 5, 7].enumerated() {
    for (column, loss) in [0, 100, 300, 500].enumerated() {
      for rule in [ElectionRule.paxos, .raft] {
        progress.note("election: n = \(n)", Double(row * 4 + column) / 12)
        let f = measureElections(
          memberCount: n, rule: rule, lossPermille: loss, elections: effort.elections, seed: seed)
        sheet.add([
          "\(rule)", "\(n)", digits(Double(loss) / 1000, 1), "\(f.elections)", digits(f.windows, 2),
          "\(f.windowsP99)",
          digits(f.frames, 1), digits(f.bytes, 0), "\(f.discarded)",
        ])
      }
    }
  }
  return sheet
}

func votersSheet(_ effort: Effort, seed: UInt64, _ progress: Progress) -> Sheet {
  var sheet = Sheet(
    name: "voters", title: "188 voters on one hop, 802.15.4: a quorum of 95 must transmit",
    headings: [
      "loss", "commands", "to_leader", "in_all", "limit", "to_leader/limit", "in_all/limit", "bytes",
      "ms_to_leader",
      "same_%", "not_counted",
    ])
  let limit = 95.0
  for (column, loss) in losses.enumerated() {
    progress.note("188 voters", Double(column) / 4)
    let f = measureManyVoters(
      188, profile: .ieee802154nRF52840, lossPermille: loss, commands: max(10, effort.commands / 20),
      seed: seed)
    sheet.add([
      digits(Double(loss) / 1000, 1), "\(f.commands)", digits(f.framesUntilLeaderKnows, 1),
      digits(f.framesInAll, 1),
      digits(limit, 0), digits(f.framesUntilLeaderKnows / limit, 3), digits(f.framesInAll / limit, 3),
      digits(f.bytesInAll, 0), digits(f.millisecondsUntilLeaderKnows, 0), digits(f.sameWindow * 100, 0),
      "\(f.discarded)",
    ])
  }
  return sheet
}
