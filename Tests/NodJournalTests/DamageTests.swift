// Rot, told apart from a tear: a synced record is there, or given back by the mirror, or missed aloud.
// Never quietly.
import NodCore
import NodJournal
import NodSim
import Testing

private let segment = FileName(segment: 1)

/// A journal of five batches after a small checkpoint, everything synced.
private func smallJournal() throws -> (disk: SimDisk, last: UInt64) {
  let disk = SimDisk(seed: 11)
  var notebook = Notebook()
  notebook.payloadLimit = 40
  notebook.last = 8  // the first numbers hold one of the longest records
  var journal = try createJournal(on: disk, &notebook)
  for _ in 0..<5 {
    notebook.append(to: &journal, count: 2)
    try journal.flush()
  }
  return (disk, notebook.last)
}

private enum Outcome: Hashable { case whole, repaired, cut, damage, lost, changed }

/// What recovery makes of a disk that should hold the records up to `last`.
private func outcome(_ disk: SimDisk, last: UInt64) -> Outcome {
  var found = Notebook()
  found.payloadLimit = 40
  let error = failure { () throws(SimJournalError) in _ = try reopen(disk, &found) }
  if let error { return error.isDamage ? .damage : .changed }
  if found.fault != nil || found.last > last { return .changed }
  guard let report = found.recovery.report, found.last == last else { return .lost }
  return report.repaired > 0 ? .repaired : report.cutBytes > 0 ? .cut : .whole
}

/// Where each batch stands in the file, in order; the first two are the mirror's.
private func batchOffsets(_ disk: SimDisk) -> (mirror: [Int], placed: [Int]) {
  let bytes = disk.bytes(of: segment) ?? []
  let magic = Array("batb".utf8)
  let all = stride(from: 0, to: bytes.count - 4, by: 16).filter { Array(bytes[$0..<$0 + 4]) == magic }
  return (Array(all.prefix(2)), Array(all.dropFirst(2)))
}

@Test func oneRottenBitAnywhereNeverLosesARecordQuietly() throws {
  let (disk, last) = try smallJournal()
  let bytes = try #require(disk.bytes(of: segment))
  let (mirror, placed) = batchOffsets(disk)
  #expect(placed.count == 5)
  var counts: [Outcome: Int] = [:]
  for byte in 0..<bytes.count {
    // Where nothing stands, one byte in sixteen will do.
    let isFilling = bytes[byte] == 0 && byte > 64 && byte < placed[0] - 64
    if isFilling && byte % 16 != 5 { continue }
    let rotten = disk.fork(seed: 1)
    rotten.rot(segment, byte: byte, bit: byte * 5 % 8)
    let result = outcome(rotten, last: last)
    counts[result, default: 0] += 1
    if result == .lost || result == .changed || result == .cut {
      Issue.record("byte \(byte): \(result)")
    }
    // The mirror holds the last two batches, so these are mended.
    if byte >= placed[3] && result == .damage { Issue.record("byte \(byte): the mirror was not used") }
    if byte >= placed[0] && byte < placed[0] + 32 { #expect(result == .damage, "byte \(byte): an old batch") }
    if byte >= mirror[0] && byte < placed[0] - 300 {
      #expect(result == .whole, "byte \(byte): only a mirror")
    }
  }
  #expect(counts[.repaired, default: 0] > 100)
  #expect(counts[.damage, default: 0] > 100)
  #expect(counts[.whole, default: 0] > 100)
}

@Test func aRepairedJournalIsWholeTheNextTime() throws {
  let (disk, last) = try smallJournal()
  let (_, placed) = batchOffsets(disk)
  disk.rot(segment, byte: placed[4] + 40, bit: 0)
  disk.rot(segment, byte: placed[3] + 40, bit: 0)
  #expect(outcome(disk, last: last) == .repaired)
  disk.cutPower()
  #expect(outcome(disk, last: last) == .whole)
}

@Test func aFileCutShortAnywhereNeverLosesARecordQuietly() throws {
  let (disk, last) = try smallJournal()
  let size = try #require(disk.bytes(of: segment)?.count)
  let (_, placed) = batchOffsets(disk)
  for length in stride(from: size, through: 0, by: -7) {
    let short = disk.fork(seed: 1)
    short.shorten(segment, to: length)
    let result = outcome(short, last: last)
    if length >= placed[3] {
      #expect(result == .whole || result == .repaired, "\(length) bytes: \(result)")
    } else if length <= placed[3] - 16 {  // between the two there is only filling
      #expect(result == .damage, "\(length) bytes: \(result)")
    }
  }
}

@Test func withBothMirrorsGoneARottenLastBatchIsDamage() throws {
  let (disk, last) = try smallJournal()
  let (mirror, placed) = batchOffsets(disk)
  for offset in mirror { disk.overwrite(segment, at: offset, with: [UInt8](repeating: 0, count: 64)) }
  #expect(outcome(disk.fork(seed: 1), last: last) == .whole)
  disk.rot(segment, byte: placed[4] + 33, bit: 2)
  #expect(outcome(disk, last: last) == .damage)
}

@Test func withBothMirrorsGoneARottenFirstBatchIsDamage() throws {
  let disk = SimDisk(seed: 3)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  notebook.append(to: &journal, count: 2)
  try journal.flush()
  let (mirror, placed) = batchOffsets(disk)
  #expect(placed.count == 1)
  for offset in mirror { disk.overwrite(segment, at: offset, with: [UInt8](repeating: 0, count: 64)) }
  disk.rot(segment, byte: placed[0] + 33, bit: 2)
  #expect(outcome(disk, last: notebook.last) == .damage)
}

/// The broken variant: a journal that does not write its mirror cannot tell rot from a tear, and forgets.
@Test func aJournalWithoutAMirrorWouldLoseItsLastBatchToRot() throws {
  let disk = SimDisk(seed: 11)
  var notebook = Notebook()
  notebook.payloadLimit = 40
  var journal = try createJournal(on: disk, &notebook)
  notebook.append(to: &journal, count: 2)
  try journal.flush()
  let before = try #require(disk.bytes(of: segment))
  notebook.append(to: &journal, count: 2)
  try journal.flush()
  let (_, placed) = batchOffsets(disk)
  let front = 4096 + 2 * smallLimits.batchBytes
  let unmirrored = disk.fork(seed: 1)
  unmirrored.overwrite(segment, at: 0, with: Array(before[..<front]))
  for broken in [disk, unmirrored] { broken.rot(segment, byte: placed[1] + 33, bit: 2) }
  #expect(outcome(unmirrored, last: notebook.last) == .lost)
  #expect(outcome(disk, last: notebook.last) == .repaired)
}

@Test func aMirrorThatWasNotKeptDoesNotMakeRotLookLikeATear() throws {
  let disk = SimDisk(seed: 11)
  var notebook = Notebook()
  notebook.payloadLimit = 40
  var journal = try createJournal(on: disk, &notebook)
  var stale: [UInt8] = []
  for batch in 0..<4 {
    notebook.append(to: &journal, count: 2)
    try journal.flush()
    if batch == 1 { stale = Array(try #require(disk.bytes(of: segment))[..<(4096 + 2 * 8192)]) }
  }
  // The slots say "batch 2 is the newest", the third is rotten, and the fourth stands behind it.
  disk.overwrite(segment, at: 0, with: stale)
  let (_, placed) = batchOffsets(disk)
  disk.rot(segment, byte: placed[2] + 33, bit: 2)
  #expect(outcome(disk, last: notebook.last) == .damage)
}

@Test func aSectorThatCannotBeReadIsNotTakenForATear() throws {
  let (disk, _) = try smallJournal()
  let size = try #require(disk.bytes(of: segment)?.count)
  disk.makeUnreadable(segment, sector: (size - 1) / SimDisk.sectorBytes)
  var found = Notebook()
  let error = failure { () throws(SimJournalError) in _ = try reopen(disk, &found) }
  guard case .disk(.unreadable, .read, let file) = error else {
    Issue.record("recovered over an unreadable sector: \(String(describing: error))")
    return
  }
  #expect(file == segment)
  #expect(disk.bytes(of: segment)?.count == size)
}

@Test func bytesOfAnotherJournalBehindTheEndAreNoBatches() throws {
  // Two journals that differ in nothing but their identity; the tail of one is put behind the other.
  var tails: [[UInt8]] = []
  var disks: [SimDisk] = []
  for identity in [UInt64(1), 2] {
    let disk = SimDisk(seed: 5)
    var journal = SimJournal(disk: disk, owner: someone, limits: smallLimits)
    _ = try journal.recover { _, _ in true }
    try journal.beginCreation(identity: identity)
    try journal.settle(journal.finishCheckpoint())
    tails.append(disk.bytes(of: segment) ?? [])
    for _ in 0..<3 {
      Array("abc".utf8).withUnsafeBytes { _ = journal.append(7, $0) }
      try journal.flush()
    }
    disks.append(disk)
  }
  let end = tails[0].count
  let other = Array((disks[1].bytes(of: segment) ?? [])[end...])
  disks[0].overwrite(segment, at: end, with: other)
  disks[0].overwrite(segment, at: 4096, with: Array(tails[0][4096..<end]))
  var journal = SimJournal(disk: disks[0], owner: someone, limits: smallLimits)
  let recovery = try journal.recover { _, _ in true }
  #expect(recovery.report?.records == 0)
  #expect(recovery.report?.cutBytes == UInt64(other.count))
}

@Test func anUnknownVersionIsSaidToBeOne() throws {
  let (disk, _) = try smallJournal()
  var header = Array(try #require(disk.bytes(of: segment))[..<60])
  header[8] = 9
  var sum = Checksum()
  header.withUnsafeBytes { sum.add($0) }
  disk.overwrite(
    segment, at: 0, with: header + (0..<4).map { UInt8(truncatingIfNeeded: sum.value >> (8 * $0)) })
  var found = Notebook()
  let error = failure { () throws(SimJournalError) in _ = try reopen(disk, &found) }
  guard case .unknownVersion(_, found: 9) = error else {
    Issue.record("taken for a known version: \(String(describing: error))")
    return
  }
}

@Test func damageSaysWhereAndWhatToDo() throws {
  let (disk, _) = try smallJournal()
  let (_, placed) = batchOffsets(disk)
  disk.rot(segment, byte: placed[1] + 35, bit: 1)
  var found = Notebook()
  let error = failure { () throws(SimJournalError) in _ = try reopen(disk, &found) }
  let text = try #require(error?.description)
  #expect(text.contains("journal-00000001.nod is damaged at byte \(placed[1])"))
  #expect(text.contains("rejoin"))
}
