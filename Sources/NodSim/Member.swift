// One member of the simulated world: what outlives a power cut, and what does not.
import NodCore
import NodJournal
import NodStation

/// A member: its disk lives for ever, its station as long as it has power.
final class Member {
  let id: NodeID
  var disk: SimDisk
  /// The station, in memory taken for it: it is replaced when the power comes back.
  var station: UnsafeMutablePointer<Station<SimDisk>>?
  var generation = 0
  var starts = 0
  var clock = SimClock()
  var wakePlannedAt: Int64 = .max
  var refusal: String?
  var toldRole = ""
  var toldCommit = LogIndex.zero
  var toldLast = LogIndex.zero
  var toldVotes: (ballot: Ballot, positions: [LogIndex]) = (.zero, [])
  var toldFit = true
  var radioOnSince: Int64?
  /// When the radio went off last, and since when it had been on then: off and on again at once is no gap.
  var radioOff: (at: Int64, since: Int64) = (.min, .min)
  var radioOnTotal: Int64 = 0
  /// What its radio and its board have drawn, by the world's own clock.
  var meter = EnergyMeter(.loopback, at: .zero)
  var syncTarget: SyncTarget?
  /// How many records of its node there were when the station last had nothing to write.
  var settledRecords: UInt64 = .max
  /// Its disk misbehaves now: a refused start is no violation.
  var diskIsTroubled = false
  /// The start salt that its frames were sealed under last.
  var salt: UInt64 = 0
  /// Its disk was damaged once: a refused start is right, and it is given an empty one.
  var hasRotted = false
  var battery: Battery?
  var radioOnAtLook: Int64 = 0
  var timesEmpty = 0
  /// Suspended until then, in the world's time.
  var suspendedUntil: Int64?

  init(_ id: NodeID, seed: UInt64) {
    self.id = id
    disk = SimDisk(seed: seed)
  }
  var isUp: Bool { station != nil }
  /// Its agent runs: who asks is answered.
  var isAwake: Bool { isUp && suspendedUntil == nil }
  func local(_ now: Int64) -> LocalTime { clock.local(now) }
  func world(_ local: LocalTime) -> Int64 { clock.world(local) }
}
