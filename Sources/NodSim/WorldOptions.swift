// What a simulated world is like: one struct, drawn from a seed or set by a test.
import NodCore

package struct WorldOptions: Sendable {
  package var seed: UInt64 = 1
  package var memberCount = 3
  package var period = Microseconds.milliseconds(500)
  package var lossPermille = 0
  package var repeatPermille = 0
  /// Frames are delayed by up to this at random, which also reorders them.
  package var jitter = Microseconds(300)
  package var diskLatency = Microseconds(800)
  /// Clocks run apart by up to so much, either way.
  package var driftPPM = 20
  package var rule = ElectionRule.paxos
  package var snapshotEvery: UInt64 = 128
  package var logEntries = 1024
  package var cycleLimit = 8
  package var fullEvery: UInt32 = 16
  /// Mean time between power cuts of a member; nil for none.
  package var powerCutEvery: Microseconds?
  /// How long a member stays without power.
  package var darkness = Microseconds.seconds(3)
  /// Un-synced sectors survive in any subset.
  package var tears = true
  /// Mean time between commands of the client; nil for none.
  package var commandEvery: Microseconds?
  /// Largest value that the client writes beside its counters; 0: none.
  package var valueBytes = 0
  /// Mean time between changes of which links are cut; nil for none.
  package var partitionEvery: Microseconds?
  /// Mean time between troubles of a disk: full, read-only, failing syncs; nil for none.
  package var diskTroubleEvery: Microseconds?
  /// Mean time between linearizable reads; nil for none.
  package var readEvery: Microseconds?
  /// Links that are not like all others, from the beginning or by schedule, until the faults end.
  package var links: Topology?
  /// Mean time between suspends of a member; nil for none.
  package var suspendEvery: Microseconds?
  /// Half of the client's calls are of clients whose histories are recorded and judged.
  package var recordsHistories = true
  /// Over how many positions a command is remembered.
  package var tokenWindow = 1_024
  /// Windows that a recorded client waits before it asks again.
  package var patience = 20
  /// How often, in thousandths of its starts, a member finds its disk replaced by an empty one; only a minority does.
  package var lostDiskPermille = 0
  /// How often, in thousandths of its starts, a bit of its newest synced batch has rotted.
  package var tailRotPermille = 0
  /// How often a bit has turned over on a disk while its member was dark, in thousandths; only ever on a minority.
  package var rotPermille = 0
  package var mtu = 1280
  /// The radio, and what is true of the air: `use(_:period:)` sets both; nil for datagrams on a loopback interface.
  package var radio: RadioProfile?
  package var air = AirRules.datagrams
  package var syncGap = Microseconds.milliseconds(4)
  /// Of a world without a radio; a radio's profile says it otherwise.
  package var slot = Microseconds.milliseconds(2)
  /// Further copies of a repeated frame come up to so much later.
  package var repeatDelay: Microseconds?
  /// A board wakes up to so much later than it asked for, which its configuration knows of (`host_latency_us`).
  package var wakeJitter = Microseconds.zero
  package var hostLatency = Microseconds(1_000)
  /// How far a board's clock may be off by its configuration.
  package var clockAccuracyPPM = 50
  /// Who leads rather, by member; those beyond its end have the highest.
  package var priorities: [Int] = []
  /// How often a sync takes so long, in thousandths.
  package var slowSyncPermille = 0
  package var slowSync = Microseconds.seconds(5)
  package var logBytes = 1 << 18
  /// Bytes of all keys and values; nil for what is usual.
  package var storeBytes: Int?
  /// Windows of faults, then windows without, in which every member must get a command decided.
  package var faultyWindows = 300
  package var quietWindows = 400
  /// Links that are cut: bit `b` of entry `a` set means that b never hears a.
  package var cut = [UInt32](repeating: 0, count: 32)
  /// What the board around each radio draws.
  package var host = HostProfile.none
  /// Events that each station keeps of its own, as an agent's does; 0: none.
  package var eventCapacity = 0
  package init() {}
}
