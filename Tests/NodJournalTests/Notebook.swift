// What the tests know of the records they append: each is numbered, and its kind, length and bytes follow
// from the number, so that a record that is lost, invented, changed or out of place is found without a list
// of them.
import NodCore
import NodJournal
import NodSim

let someone = JournalOwner(clusterLow: 0x1234, clusterHigh: 0x5678, node: NodeID(2))
let smallLimits = JournalLimits(batchBytes: 8192, pendingBytes: 16_384, segmentBytes: 8192)

typealias SimJournal = Journal<SimDisk>
typealias SimJournalError = JournalError<SimDiskFailure>

/// The records `first + 1 ... last`; what is at or below `first` was compacted.
struct Notebook {
  /// The kind of the checkpoint's first record, which tells `first`. Numbered records have kinds from 2.
  static let base: UInt8 = 1

  var first: UInt64 = 0
  var last: UInt64 = 0
  /// The record at position 0 of the journal that is open.
  var lastAtOpening: UInt64 = 0
  /// What recovery handed over that was not as it was appended.
  var fault: String?
  var recovery = Recovery.empty
  /// Payload bytes of number n, less than this.
  var payloadLimit = 300

  static func kind(_ number: UInt64) -> UInt8 { UInt8(2 + number % 254) }

  func payload(_ number: UInt64) -> [UInt8] {
    var mixed = (number &+ 1) &* 0x9e37_79b9_7f4a_7c15
    mixed ^= mixed >> 29
    // One in sixty-four is as long as a record may be, one in eight empty.
    let length =
      mixed % 64 == 7
      ? JournalLimits.recordBytes : mixed % 8 == 3 ? 0 : Int((mixed >> 8) % UInt64(payloadLimit))
    return [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      var byte = UInt8(truncatingIfNeeded: number &* 31)
      while count < length {
        buffer[count] = byte
        byte &+= 7
        count += 1
      }
    }
  }

  mutating func append(to journal: inout SimJournal, count: Int = 1) {
    for _ in 0..<count {
      last += 1
      payload(last).withUnsafeBytes { _ = journal.append(Notebook.kind(last), $0) }
    }
  }

  /// The newest record that the journal says is durable.
  func durable(in journal: borrowing SimJournal) -> UInt64 { lastAtOpening + journal.durable.raw }

  /// Everything remembered, after forgetting all but the newest few.
  mutating func checkpoint(into journal: inout SimJournal, keeping: UInt64 = 12) throws(SimJournalError) {
    first = max(first, last > keeping ? last - keeping : 0)
    try put(Notebook.base, (0..<8).map { UInt8(truncatingIfNeeded: first >> (8 * $0)) }, into: &journal)
    var number = first + 1
    while number <= last {
      try put(Notebook.kind(number), payload(number), into: &journal)
      number += 1
    }
  }

  mutating func take(_ kind: UInt8, _ bytes: Bytes) -> Bool {
    if kind == Notebook.base {
      first = bytes.loadUnaligned(as: UInt64.self)
      last = first
      return true
    }
    last += 1
    if kind != Notebook.kind(last) || !payload(last).withUnsafeBytes({ $0.equals(bytes) }) {
      fault = fault ?? "record \(last) is not as it was appended"
    }
    return true
  }
}

/// One record of a checkpoint.
func put(_ kind: UInt8, _ payload: [UInt8], into journal: inout SimJournal) throws(SimJournalError) {
  let result = payload.withUnsafeBytes { bytes -> Result<Void, SimJournalError> in
    do throws(SimJournalError) { return .success(try journal.checkpoint(kind, bytes)) } catch {
      return .failure(error)
    }
  }
  try result.get()
}

/// A new journal on the disk, its checkpoint the notebook's base.
func createJournal(
  on disk: SimDisk, _ notebook: inout Notebook, limits: JournalLimits = smallLimits
) throws(SimJournalError) -> SimJournal {
  var journal = SimJournal(disk: disk, owner: someone, limits: limits)
  _ = try journal.recover { _, _ in true }
  try journal.beginCreation(identity: 0xfeed)
  try notebook.checkpoint(into: &journal)
  try journal.settle(journal.finishCheckpoint())
  return journal
}

/// Opens what is on the disk and reads it into a new notebook.
func reopen(
  _ disk: SimDisk, _ notebook: inout Notebook, limits: JournalLimits = smallLimits
) throws(SimJournalError) -> SimJournal {
  var journal = SimJournal(disk: disk, owner: someone, limits: limits)
  var found = Notebook()
  found.payloadLimit = notebook.payloadLimit
  found.recovery = try journal.recover { kind, payload in found.take(kind, payload) }
  found.lastAtOpening = found.last
  notebook = found
  return journal
}

extension Recovery {
  var report: RecoveryReport? {
    if case .found(let report) = self { return report }
    return nil
  }
}

/// Runs the body and gives the error that it ended with.
func failure(_ body: () throws(SimJournalError) -> Void) -> SimJournalError? {
  do { try body() } catch { return error }
  return nil
}

extension JournalError {
  var isDamage: Bool {
    if case .damaged = self { return true }
    return false
  }
}
