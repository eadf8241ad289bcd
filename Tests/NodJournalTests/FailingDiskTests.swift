// A disk that is full, read-only or lies about a sync: nothing more is called durable until everything was
// written anew, and once the disk works again that is all it takes.
import NodCore
import NodJournal
import NodSim
import Testing

/// Appends and flushes until the disk refuses.
private func fill(
  _ journal: inout SimJournal, _ notebook: inout Notebook
) -> SimJournalError? {
  for _ in 0..<100 {
    notebook.append(to: &journal, count: 4)
    do throws(SimJournalError) { try journal.flush() } catch { return error }
  }
  return nil
}

private func rotate(_ journal: inout SimJournal, _ notebook: inout Notebook) throws(SimJournalError) {
  try journal.beginRotation()
  try notebook.checkpoint(into: &journal)
  try journal.settle(journal.finishCheckpoint())
}

@Test func aFullDiskIsSurvivedAndLeftBehindWhenThereIsSpace() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  disk.capacity = disk.byteCount + 5000
  let error = try #require(fill(&journal, &notebook))
  #expect(error.isFull && journal.failure?.isFull == true)
  let durable = notebook.durable(in: journal)
  // Nothing moves, whatever is appended, and a rotation that fails too changes nothing.
  notebook.append(to: &journal, count: 50)
  #expect(failure { () throws(SimJournalError) in _ = try journal.write() } != nil)
  #expect(failure { () throws(SimJournalError) in try rotate(&journal, &notebook) }?.isFull == true)
  #expect(notebook.durable(in: journal) == durable)
  #expect(disk.fileNames == [FileName(segment: 1)], "the attempt leaves nothing behind")
  let interrupted = disk.fork(seed: 2)
  interrupted.cutPower()
  var found = Notebook()
  _ = try reopen(interrupted, &found)
  #expect(found.fault == nil && found.last >= durable)

  disk.capacity = .max
  notebook.append(to: &journal, count: 3)
  try rotate(&journal, &notebook)
  #expect(journal.failure == nil)
  #expect(notebook.durable(in: journal) == notebook.last)
  notebook.append(to: &journal, count: 3)
  try journal.flush()
  let last = notebook.last
  disk.cutPower()
  _ = try reopen(disk, &notebook)
  #expect(notebook.fault == nil && notebook.last == last)
}

@Test func aReadOnlyDiskFailsTheWriteAndSaysSo() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  disk.isReadOnly = true
  notebook.append(to: &journal)
  let error = failure { () throws(SimJournalError) in try journal.flush() }
  guard case .disk(.readOnly, .write, let file) = error else {
    Issue.record("not told: \(String(describing: error))")
    return
  }
  #expect(file == FileName(segment: 1))
  #expect(journal.durable == .zero)
  disk.isReadOnly = false
  try rotate(&journal, &notebook)
  #expect(notebook.durable(in: journal) == notebook.last)
}

@Test func afterAFailedSyncALaterSyncIsNotTrusted() throws {
  for seed in UInt64(0)..<16 {
    let disk = SimDisk(seed: seed)
    var notebook = Notebook()
    var journal = try createJournal(on: disk, &notebook)
    notebook.append(to: &journal, count: 3)
    disk.failingSyncs = 1
    #expect(failure { () throws(SimJournalError) in try journal.flush() } != nil)
    let target = failure { () throws(SimJournalError) in _ = try journal.write() }
    #expect(target != nil && journal.durable == .zero)
    try rotate(&journal, &notebook)
    let last = notebook.last
    #expect(notebook.durable(in: journal) == last)
    disk.cutPower()
    _ = try reopen(disk, &notebook)
    #expect(notebook.last == last && notebook.fault == nil, "seed \(seed)")
  }
}

@Test func whenTheNewSegmentCannotBeSyncedTheOldOneGoesOn() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  notebook.append(to: &journal, count: 2)
  disk.failingSyncs = 1
  #expect(failure { () throws(SimJournalError) in try rotate(&journal, &notebook) } != nil)
  #expect(journal.failure == nil && journal.isRotating == false && journal.segmentNumber == 1)
  try journal.flush()
  #expect(notebook.durable(in: journal) == notebook.last)
  let last = notebook.last
  disk.cutPower()
  _ = try reopen(disk, &notebook)
  #expect(notebook.last == last && notebook.fault == nil)
}

@Test func whenTheNewNameCannotBeSyncedNeitherSegmentGoesOn() throws {
  for seed in UInt64(0)..<16 {
    let disk = SimDisk(seed: seed)
    var notebook = Notebook()
    var journal = try createJournal(on: disk, &notebook)
    notebook.append(to: &journal, count: 2)
    try journal.flush()
    let durable = notebook.last
    notebook.append(to: &journal, count: 2)
    try journal.beginRotation()
    try notebook.checkpoint(into: &journal)
    try disk.sync(journal.finishCheckpoint())
    #expect(try journal.synced() == .directory)
    journal.syncFailed(.syncFailed)
    #expect(journal.failure != nil)
    notebook.append(to: &journal, count: 2)
    #expect(failure { () throws(SimJournalError) in try journal.flush() } != nil)
    let interrupted = disk.fork(seed: seed)
    interrupted.cutPower()
    var found = Notebook()
    _ = try reopen(interrupted, &found)
    #expect(found.fault == nil && found.last >= durable, "seed \(seed)")
    try rotate(&journal, &notebook)
    let last = notebook.last
    #expect(notebook.durable(in: journal) == last && disk.fileNames.count == 1)
    disk.cutPower()
    _ = try reopen(disk, &notebook)
    #expect(notebook.fault == nil && notebook.last == last, "seed \(seed)")
  }
}

@Test func whatComesWhileABrokenJournalIsWrittenAnewIsKept() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  disk.isReadOnly = true
  _ = fill(&journal, &notebook)
  disk.isReadOnly = false
  try journal.beginRotation()
  try notebook.checkpoint(into: &journal)
  let target = try journal.finishCheckpoint()
  notebook.append(to: &journal, count: 5)
  try journal.settle(target)
  #expect(notebook.durable(in: journal) == notebook.last - 5)
  try journal.flush()
  let last = notebook.last
  disk.cutPower()
  _ = try reopen(disk, &notebook)
  #expect(notebook.fault == nil && notebook.last == last)
}

@Test func moreThanMayWaitIsNotForgottenButAsksForARotation() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  notebook.append(to: &journal, count: 400)
  guard case .pendingFull = journal.failure else {
    Issue.record("400 records waited in \(smallLimits.pendingBytes) bytes")
    return
  }
  #expect(journal.needsRotation == true && journal.durable == .zero)
  try rotate(&journal, &notebook)
  #expect(notebook.durable(in: journal) == notebook.last)
}

@Test func whatOverflowsDuringARotationAsksForAnother() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  try journal.beginRotation()
  try notebook.checkpoint(into: &journal)
  let target = try journal.finishCheckpoint()
  notebook.append(to: &journal, count: 400)
  try journal.settle(target)
  #expect(journal.needsRotation == true && notebook.durable(in: journal) < notebook.last)
  try rotate(&journal, &notebook)
  #expect(journal.failure == nil && notebook.durable(in: journal) == notebook.last)
}
