// Worlds that press on one thing each: what a drawn world meets too seldom to show that a broken rule is noticed.
// `tools/mutants` names one in the first lines of a patch (`# world: cuts`). Values stay small, so that a run is quick.
import NodCore

/// What such a world is full of.
package enum HostileWorld: String, CaseIterable, Sendable {
  /// Power goes while slow disks still write, and is back at once.
  case cuts
  /// Who hears whom changes every second or so: leaders are left alone, others take over, both come together again.
  case islands
  /// Long splits and little to write: a leader left alone has no proposal whose missing answers would tell it so.
  case silence
  /// Short logs and frequent snapshots: whoever was away needs one, in the middle of elections.
  case snapshots
  /// Cuts and islands together, and frames that get lost.
  case turmoil
  /// Disks are replaced by empty ones: such a member hears and serves, and never votes again.
  case losses
  /// What was written last rots while a board has no power.
  case rot
  /// Commands are forgotten soon, and asked for again late.
  case latecomers
}

extension WorldOptions {
  /// A world of three or five members under this pressure.
  package static func hostile(_ world: HostileWorld, seed: UInt64) -> WorldOptions {
    var options = WorldOptions()
    var random = Random(seed: seed &* 131 &+ 7)
    options.seed = seed
    options.faultyWindows = 150
    options.memberCount = [3, 3, 5][random.below(3)]
    options.rule = random.below(2) == 0 ? .paxos : .raft
    options.commandEvery = .milliseconds([20, 60][random.below(2)])
    options.readEvery = .milliseconds(50)
    options.logEntries = 512
    options.snapshotEvery = 64
    switch world {
    case .cuts: options.pressWithCuts(&random)
    case .islands: options.pressWithIslands(&random)
    case .silence:
      options.partitionEvery = .seconds(8)
      options.commandEvery = .milliseconds(1_500)
      options.readEvery = .milliseconds(40)
    case .snapshots:
      options.pressWithIslands(&random)
      options.logEntries = 256
      options.snapshotEvery = 16
      options.powerCutEvery = .seconds(8)
      options.darkness = .seconds(4)
    case .turmoil:
      options.pressWithCuts(&random)
      options.pressWithIslands(&random)
      options.lossPermille = 200
    case .losses:
      options.pressWithIslands(&random)
      options.powerCutEvery = .seconds(6)
      options.darkness = .seconds(1)
      options.lostDiskPermille = 500
    case .rot:
      options.pressWithCuts(&random)
      options.diskLatency = .milliseconds(2)
      options.tailRotPermille = 700
    case .latecomers:
      options.pressWithIslands(&random)
      options.tokenWindow = 32
      options.patience = [4, 8][random.below(2)]
      options.lossPermille = 300
      options.commandEvery = .milliseconds(60)
    }
    return options
  }

  private mutating func pressWithCuts(_ random: inout Random) {
    powerCutEvery = .milliseconds([1_500, 4_000][random.below(2)])
    darkness = .milliseconds(400)
    diskLatency = .milliseconds([2, 20, 60][random.below(3)])
  }

  private mutating func pressWithIslands(_ random: inout Random) {
    partitionEvery = .milliseconds([1_000, 3_000][random.below(2)])
    lossPermille = [0, 100][random.below(2)]
  }
}
