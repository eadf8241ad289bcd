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
  /// Boot time of this start, and how fast its clock runs, in parts per 1e9.
  var bootedAt: Int64 = 0
  var ratePPB: Int64 = 0
  var wakePlannedAt: Int64 = .max
  var refusal: String?
  var toldRole = ""
  var toldCommit = LogIndex.zero
  var radioOnSince: Int64?
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

  init(_ id: NodeID, seed: UInt64) {
    self.id = id
    disk = SimDisk(seed: seed)
  }
  var isUp: Bool { station != nil }
  func local(_ now: Int64) -> LocalTime {
    let elapsed = now - bootedAt
    return LocalTime(microseconds: 1_000_000 + elapsed + elapsed / 1000 * ratePPB / 1_000_000)
  }
  func world(_ local: LocalTime) -> Int64 {
    let elapsed = local.microseconds - 1_000_000
    if elapsed > .max / 8 { return .max / 4 }
    return bootedAt + elapsed - elapsed / 1000 * ratePPB / 1_000_000
  }
}
