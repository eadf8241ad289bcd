// What the law would see: every transmission of every member, and that no hour holds more of them than the band allows.
// It knows nothing of the members' own accounts, and a member's restart does not make it forget.
import NodCore

struct AirtimeLedger {
  private var sent: [[(start: Int64, duration: Int64)]]
  private var total: [Int64]
  private let limit: Int64
  private static let hour: Int64 = 3_600_000_000
  /// The most that any member used of any hour, in microseconds.
  private(set) var most: Int64 = 0

  init(_ profile: RadioProfile, memberCount: Int) {
    sent = Array(repeating: [], count: memberCount)
    total = Array(repeating: 0, count: memberCount)
    limit = profile.dutyPermille < 1000 ? profile.hourlyAirtime.raw : .max
  }

  /// - Returns: what the hour that ends with this transmission holds, if that is too much.
  mutating func note(_ member: Int, start: Int64, end: Int64) -> Int64? {
    guard limit < .max else { return nil }
    sent[member].append((start, end - start))
    total[member] += end - start
    let over = sent[member].prefix { $0.start + $0.duration <= end - AirtimeLedger.hour }
    for old in over { total[member] -= old.duration }
    sent[member].removeFirst(over.count)
    most = max(most, total[member])
    return total[member] > limit ? total[member] : nil
  }
}
