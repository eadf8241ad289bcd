// A world drawn from its seed alone: how many members, what goes wrong and how often. What a nightly run
// goes through,
// and what one number replays.
import NodCore

extension WorldOptions {
  /// The world of this seed.
  package static func drawn(seed: UInt64) -> WorldOptions {
    var options = WorldOptions()
    options.seed = seed
    var random = Random(seed: seed &* 77 &+ 5)
    options.memberCount = [1, 2, 3, 3, 3, 4, 5, 5, 7][random.below(9)]
    options.lossPermille = [0, 0, 100, 300, 500][random.below(5)]
    options.repeatPermille = [0, 200][random.below(2)]
    // Slots are made for the jitter there is; what comes later than a slot is a lost frame, and is drawn as
    // loss.
    options.jitter = Microseconds([300, 1_000, 2_000][random.below(3)])
    if random.below(3) > 0 { options.powerCutEvery = .milliseconds(Int64(3_000 + random.below(17_000))) }
    if random.below(4) == 0 { options.darkness = .seconds(30) }
    options.logEntries = [256, 512, 1_024][random.below(3)]
    options.snapshotEvery = [32, 64, 64][random.below(3)]
    options.rule = random.below(2) == 0 ? .paxos : .raft
    if random.below(2) == 0 { options.partitionEvery = .seconds(Int64(2 + random.below(10))) }
    if random.below(3) == 0 { options.diskTroubleEvery = .seconds(Int64(5 + random.below(10))) }
    options.commandEvery = .milliseconds([20, 100, 300][random.below(3)])
    options.readEvery = .milliseconds([50, 300][random.below(2)])
    options.mtu = [128, 256, 1_280][random.below(3)]
    // Large values over small frames drown any cluster: a backlog is no stall.
    options.valueBytes = [0, 0, 300, options.mtu == 1_280 ? 4_000 : 40][random.below(4)]
    return options
  }
}
