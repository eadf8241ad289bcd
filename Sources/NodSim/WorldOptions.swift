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
  package var snapshotEvery: UInt64 = 1024
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
  /// Largest number of key bytes and value bytes drawn by the client.
  package var valueBytes = 32
  /// Links that are cut: bit `b` of entry `a` set means that b never hears a.
  package var cut = [UInt32](repeating: 0, count: 32)
  package init() {}
}
