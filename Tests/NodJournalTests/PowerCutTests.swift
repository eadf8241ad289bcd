// The promise: what was said to be durable is there after any power cut, nothing else was invented, the order stands.
// One script, cut at each of its writes, syncs, renames and removals, with several fates for what was not synced.
import NodCore
import NodJournal
import NodSim
import Testing

/// Runs batches and rotations until the power goes or the script ends.
private func runScript(_ disk: SimDisk, _ notebook: inout Notebook, batches: Int) -> (durable: UInt64, rotations: UInt64) {
  var durable: UInt64 = 0
  var rotations: UInt64 = 0
  do throws(SimJournalError) {
    var journal = try createJournal(on: disk, &notebook)
    for batch in 0..<batches {
      notebook.append(to: &journal, count: 1 + batch % 3)
      if journal.needsRotation {
        try journal.beginRotation()
        try notebook.checkpoint(into: &journal)
        var next: SyncTarget? = try journal.finishCheckpoint()
        while let target = next {
          notebook.append(to: &journal)  // waits for the new segment
          try sync(target, &journal)
          next = try journal.synced()
          durable = notebook.durable(in: journal)
        }
      } else if let target = try journal.write() {
        notebook.append(to: &journal, count: batch % 2)  // waits for the next batch
        try sync(target, &journal)
        _ = try journal.synced()
      }
      durable = notebook.durable(in: journal)
      rotations = journal.wear.rotations
    }
  } catch {}
  return (durable, rotations)
}

private func sync(_ target: SyncTarget, _ journal: inout SimJournal) throws(SimJournalError) {
  do throws(SimDiskFailure) { try journal.disk.sync(target) } catch { throw journal.syncFailed(error) }
}

/// Changes to the disk that a whole run makes.
private func changesInScript(batches: Int) -> Int {
  let disk = SimDisk(seed: 0)
  disk.operationsUntilPowerCut = 1_000_000
  var notebook = Notebook()
  _ = runScript(disk, &notebook, batches: batches)
  return 1_000_000 - (disk.operationsUntilPowerCut ?? 0)
}

private let scriptBatches = 200

@Test func theScriptRotatesOften() {
  let disk = SimDisk(seed: 0)
  var notebook = Notebook()
  let (durable, rotations) = runScript(disk, &notebook, batches: scriptBatches)
  #expect(rotations > 8)
  #expect(durable > 300)
}

@Test(arguments: 0..<6) func aPowerCutAnywhereLosesNothingThatWasDurable(seed: UInt64) throws {
  let changes = changesInScript(batches: scriptBatches)
  var torn = 0
  var repaired = 0
  for cut in 1...changes {
    let disk = SimDisk(seed: seed &* 1_000_003 &+ UInt64(cut))
    disk.sectorsTear = seed % 2 == 1
    disk.operationsUntilPowerCut = cut
    var written = Notebook()
    let (durable, _) = runScript(disk, &written, batches: scriptBatches)
    disk.cutPower()
    if seed >= 3 {  // and once more while it recovers
      disk.operationsUntilPowerCut = cut % 8
      var ignored = Notebook()
      _ = try? reopen(disk, &ignored)
      disk.cutPower()
    }
    var found = Notebook()
    _ = try reopen(disk, &found)
    let recovery = found.recovery
    if recovery == .empty {
      // Only before creation had ended.
      #expect(durable == 0 && written.last == 0, "seed \(seed) cut \(cut): the journal is gone")
      continue
    }
    torn += recovery.report?.cutBytes ?? 0 > 0 ? 1 : 0
    repaired += recovery.report?.repaired ?? 0
    guard found.fault == nil, found.last >= durable, found.last <= written.last else {
      Issue.record("seed \(seed) cut \(cut): \(durable) durable, \(found.last) found, \(found.fault ?? "in order")")
      return
    }
    #expect(disk.fileNames.count == 1, "recovery leaves one file")
  }
  #expect(torn > 0, "no cut left a torn batch: the test does not test what it says")
  #expect(repaired > 0, "no cut left a batch to the mirror")
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
