// The promise: what was said to be durable is there after any power cut, nothing else was invented, the
// order stands. One script, cut at each of its writes, syncs, renames and removals, with several fates for
// what was not synced.
import NodCore
import NodJournal
import NodSim
import Testing

/// What the script had said when the power went.
private final class Ledger {
  var durable: UInt64 = 0
  var appended: UInt64 = 0
  var rotations: UInt64 = 0
}

/// Batches and rotations, with records that come while a sync is under way.
private func runScript(_ disk: SimDisk, _ ledger: Ledger, batches: Int) throws(SimJournalError) {
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  func append(_ count: Int) {
    notebook.append(to: &journal, count: count)
    ledger.appended = notebook.last
  }
  func carryOut(_ first: SyncTarget) throws(SimJournalError) {
    var next: SyncTarget? = first
    while let target = next {
      append(batches % 2)  // waits for the next batch, or the new segment
      do throws(SimDiskFailure) { try disk.sync(target) } catch { throw journal.syncFailed(error) }
      next = try journal.synced()
      ledger.durable = notebook.durable(in: journal)
    }
  }
  for batch in 0..<batches {
    append(1 + batch % 3)
    if journal.needsRotation {
      try journal.beginRotation()
      try notebook.checkpoint(into: &journal)
      try carryOut(journal.finishCheckpoint())
    } else if let target = try journal.write() {
      try carryOut(target)
    }
  }
  ledger.rotations = journal.wear.rotations
}

private let scriptBatches = 151

@Test func theScriptRotatesOften() throws {
  let ledger = Ledger()
  try runScript(SimDisk(seed: 0), ledger, batches: scriptBatches)
  #expect(ledger.rotations > 6)
  #expect(ledger.durable > 300)
}

/// - Parameter seed: even: whole sectors; odd: they tear, too. From 4 on, the power goes again during
///   recovery.
@Test(arguments: UInt64(0)..<8) func aPowerCutAnywhereLosesNothingThatWasDurable(seed: UInt64) throws {
  let ledger = Ledger()
  var change: UInt64 = 0
  var torn = 0
  var repaired = 0
  let disk = SimDisk(seed: seed)
  disk.sectorsTear = seed % 2 == 1
  disk.beforeChange = { cut in
    change += 1
    cut.cutPower()
    if seed >= 4 {
      cut.operationsUntilPowerCut = Int(change % 8)
      var ignored = Notebook()
      _ = failure { () throws(SimJournalError) in _ = try reopen(cut, &ignored) }
      cut.cutPower()
    }
    var found = Notebook()
    if let error = failure({ () throws(SimJournalError) in _ = try reopen(cut, &found) }) {
      Issue.record("seed \(seed), change \(change): \(error.description)")
      return
    }
    guard let report = found.recovery.report else {
      if ledger.appended > 0 { Issue.record("seed \(seed), change \(change): the journal is gone") }
      return
    }
    torn += report.cutBytes > 0 ? 1 : 0
    repaired += report.repaired
    if found.fault != nil || found.last < ledger.durable || found.last > ledger.appended {
      Issue.record(
        """
        seed \(seed), change \(change): \(ledger.durable) durable, \(ledger.appended) appended, \
        \(found.last) found, \(found.fault ?? "in order")
        """)
    }
    if cut.fileNames.count != 1 { Issue.record("seed \(seed), change \(change): recovery leaves one file") }
  }
  try runScript(disk, ledger, batches: scriptBatches)
  #expect(change > 450)
  #expect(torn > 10, "cuts that leave a torn batch: otherwise the test does not test what it says")
  #expect(repaired > 10, "cuts that leave the batch to the mirror")
}

@Test(arguments: 0..<4) func manyPowerCutsInARowAreSurvived(seed: UInt64) throws {
  let disk = SimDisk(seed: seed)
  var notebook = Notebook()
  _ = try createJournal(on: disk, &notebook)
  var durable = notebook.last
  var appended = notebook.last
  for round in 0..<300 {
    disk.operationsUntilPowerCut = (round * 7 + Int(seed)) % 23
    do throws(SimJournalError) {
      var journal = try reopen(disk, &notebook)
      guard notebook.fault == nil, notebook.last >= durable, notebook.last <= appended else {
        Issue.record("round \(round): \(durable) durable, \(notebook.last) found, \(appended) appended")
        return
      }
      durable = notebook.last
      appended = notebook.last
      while true {  // until the power goes
        notebook.append(to: &journal, count: 2)
        appended = notebook.last
        try journal.flush()
        durable = notebook.durable(in: journal)
        if journal.needsRotation {
          try journal.rotate { (fresh) throws(SimJournalError) in try notebook.checkpoint(into: &fresh) }
        }
      }
    } catch {}
    disk.cutPower()
  }
  #expect(durable > 100)
}

@Test func aBatchReadFromACacheThatNeverReachedTheDiskIsWrittenAgain() throws {
  for seed in UInt64(0)..<32 {
    let disk = SimDisk(seed: seed)
    var notebook = Notebook()
    var journal = try createJournal(on: disk, &notebook)
    notebook.append(to: &journal, count: 3)
    try journal.flush()
    notebook.append(to: &journal, count: 3)
    disk.failingSyncs = 1
    #expect(failure { () throws(SimJournalError) in try journal.flush() } != nil)
    // The process is started anew and finds the batch in the cache; the kernel takes its pages for clean.
    disk.killProcess()
    _ = try reopen(disk, &notebook)
    let recovered = notebook.last
    disk.cutPower()
    _ = try reopen(disk, &notebook)
    #expect(notebook.last >= recovered, "seed \(seed)")
  }
}

@Test func aTornTailIsCutOnce() throws {
  var torn = 0
  for seed in UInt64(0)..<32 {
    let disk = SimDisk(seed: seed)
    var notebook = Notebook()
    var journal = try createJournal(on: disk, &notebook)
    notebook.append(to: &journal, count: 20)
    _ = try journal.write()
    disk.cutPower()
    _ = try reopen(disk, &notebook)
    torn += try #require(notebook.recovery.report).cutBytes > 0 ? 1 : 0
    disk.cutPower()
    _ = try reopen(disk, &notebook)
    #expect(try #require(notebook.recovery.report).cutBytes == 0, "seed \(seed)")
  }
  #expect(torn > 0)
}

@Test func aProcessThatDiesBetweenRenameAndSyncLosesNothingToALaterPowerCut() throws {
  for seed in UInt64(0)..<32 {
    let disk = SimDisk(seed: seed)
    var notebook = Notebook()
    var journal = try createJournal(on: disk, &notebook)
    notebook.append(to: &journal, count: 5)
    try journal.flush()
    let durable = notebook.last
    try journal.beginRotation()
    try notebook.checkpoint(into: &journal)
    try disk.sync(journal.finishCheckpoint())
    #expect(try journal.synced() == .directory)
    disk.killProcess()
    _ = try reopen(disk, &notebook)
    disk.cutPower()
    _ = try reopen(disk, &notebook)
    #expect(notebook.fault == nil && notebook.last >= durable, "seed \(seed)")
  }
}

/// The disk of the simulation, too, must keep the journal's assumptions: a write is torn by a power cut and by nothing
/// else. One that was torn, called written and then synced would be rot that no disk makes.
@Test func noWriteIsTornAndThenSynced() throws {
  for seed in UInt64(0)..<32 {
    let disk = SimDisk(seed: seed)
    var notebook = Notebook()
    var journal = try createJournal(on: disk, &notebook)
    notebook.append(to: &journal, count: 20)
    disk.operationsUntilPowerCut = 2  // the batch in its place, then its mirror: the last before the cut
    let failed = failure { () throws(SimJournalError) in
      guard let target = try journal.write() else { return }
      disk.operationsUntilPowerCut = nil  // whoever planned the cut thinks better of it
      try journal.settle(target)
      notebook.append(to: &journal, count: 20)
      _ = try journal.write()
    }
    #expect(failed != nil, "seed \(seed): the power goes with the write that it tears")
    disk.cutPower()
    var found = Notebook()
    let refusal = failure { () throws(SimJournalError) in _ = try reopen(disk, &found) }
    #expect(refusal == nil, "seed \(seed): \(refusal?.description ?? "")")
  }
}
