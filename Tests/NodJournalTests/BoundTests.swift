// For ever means bounded: disk, memory and wear after a hundred thousand records.
import NodCore
import NodJournal
import NodSim
import Testing

@Test func aHundredThousandRecordsLeaveASmallDisk() throws {
  let limits = JournalLimits(batchBytes: 8192, pendingBytes: 32_768, segmentBytes: 65_536)
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  notebook.payloadLimit = 1  // numbers are what is remembered
  var journal = try createJournal(on: disk, &notebook, limits: limits)
  let payload = [UInt8](repeating: 0x5a, count: 24)
  var largest = 0
  for number in 1...100_000 {
    payload.withUnsafeBytes { _ = journal.append(UInt8(2 + number % 200), $0) }
    if number % 20 == 0 { try journal.flush() }
    if journal.needsRotation {
      try journal.rotate { (fresh) throws(SimJournalError) in
        for _ in 0..<10 { try put(3, payload, into: &fresh) }
        largest = max(largest, disk.byteCount)
      }
    }
  }
  let front = 4096 + 2 * limits.batchBytes
  #expect(journal.durable == JournalPosition(100_000))
  #expect(journal.wear.rotations > 30)
  #expect(disk.fileNames.count == 1)
  #expect(largest < 2 * (front + limits.segmentBytes + limits.batchBytes) + 1024, "\(largest) bytes")
  // What it costs: twice the record, its share of the batch's head, and of the rotations.
  let bytesPerRecord = Double(journal.wear.bytesWritten) / 100_000
  #expect(bytesPerRecord < 80, "\(bytesPerRecord) bytes a record")
  #expect(journal.wear.syncs == 5_000 + 2 * journal.wear.rotations)
}

@Test func whenRotationsFailTheSegmentGrowsToTwiceItsSizeAndNoFurther() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  var error: SimJournalError?
  for _ in 0..<2000 where error == nil {
    notebook.append(to: &journal)
    error = failure { () throws(SimJournalError) in try journal.flush() }
  }
  guard case .segmentFull = error else {
    Issue.record("grew to \(disk.byteCount) bytes")
    return
  }
  #expect(journal.failure == nil && journal.hasPending == true)
  #expect(disk.byteCount < 4096 + 2 * 8192 + 3 * smallLimits.segmentBytes)
  try journal.rotate { (fresh) throws(SimJournalError) in try notebook.checkpoint(into: &fresh) }
  #expect(notebook.durable(in: journal) == notebook.last)
}

@Test func aLargeCheckpointIsRotatedNoOftenerThanItsSizeIsAppended() throws {
  let limits = JournalLimits(batchBytes: 8192, pendingBytes: 32_768, segmentBytes: 8192)
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook, limits: limits)
  let piece = [UInt8](repeating: 1, count: 4000)
  for _ in 0..<1200 {
    piece.prefix(200).withUnsafeBytes { _ = journal.append(5, $0) }
    try journal.flush()
    if journal.needsRotation {
      try journal.rotate { (fresh) throws(SimJournalError) in
        for _ in 0..<20 { try put(6, piece, into: &fresh) }
      }
    }
  }
  // 1200 batches of 240 bytes: 288,000 bytes, and every checkpoint after the first has 80,000.
  #expect(journal.wear.rotations <= 1 + 1 + 288_000 / 80_000)
}

@Test func aCheckpointOfManyPiecesComesBackWhole() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  for _ in 0..<300 {
    notebook.append(to: &journal)
    try journal.flush()
    if journal.needsRotation {
      try journal.rotate { (fresh) throws(SimJournalError) in
        try notebook.checkpoint(into: &fresh, keeping: 200)
      }
    }
  }
  let last = notebook.last
  _ = try reopen(disk, &notebook)
  #expect(notebook.fault == nil && notebook.last == last)
  #expect(try #require(notebook.recovery.report).checkpointRecords > 100)
}

@Test func leftoversOfInterruptedRotationsAreRemoved() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  notebook.append(to: &journal, count: 3)
  try journal.flush()
  let last = notebook.last
  // An older segment that came back, and files that were never finished.
  let content = try #require(disk.bytes(of: FileName(segment: 1)))
  for name in [
    FileName(segment: 0), FileName(segment: 2, isTemporary: true), FileName(segment: 9, isTemporary: true),
  ] {
    let file = try disk.create(name)
    try content.withUnsafeBytes { bytes throws in try disk.write(bytes, to: file, at: 0) }
    disk.close(file)
  }
  _ = try reopen(disk, &notebook)
  #expect(notebook.last == last)
  #expect(disk.fileNames == [FileName(segment: 1)])
}

@Test func aNewerSegmentThatIsDamagedIsNotReplacedByAnOlderOne() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  let older = try #require(disk.bytes(of: FileName(segment: 1)))
  notebook.append(to: &journal, count: 3)
  try journal.rotate { (fresh) throws(SimJournalError) in try notebook.checkpoint(into: &fresh) }
  let file = try disk.create(FileName(segment: 1))
  try older.withUnsafeBytes { bytes throws in try disk.write(bytes, to: file, at: 0) }
  disk.rot(FileName(segment: 2), byte: 20, bit: 0)
  #expect(failure { () throws(SimJournalError) in _ = try reopen(disk, &notebook) }?.isDamage == true)
  #expect(disk.fileNames.count == 2, "damage is left for diagnosis")
}
