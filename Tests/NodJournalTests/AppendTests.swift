// From append to durable: what the journal says when, and that it gives everything back as it was.
import NodCore
import NodJournal
import NodSim
import Testing

@Test func theChecksumIsCRC32C() {
  var sum = Checksum()
  "123456789".utf8.withContiguousStorageIfAvailable { sum.add(UnsafeRawBufferPointer($0)) }
  #expect(sum.value == 0xe306_9283)
}

@Test func aFileNameIsReadAsItWasWritten() {
  for name in [
    FileName(segment: 1), FileName(segment: 10_203_040, isTemporary: true), FileName(segment: 99_999_999),
  ] {
    var bytes = [UInt8](repeating: 0, count: FileName.byteCount)
    bytes.withUnsafeMutableBytes { name.write(into: $0) }
    #expect(String(decoding: bytes, as: UTF8.self) == name.text)
    #expect(bytes.withUnsafeBytes { FileName($0) } == name)
  }
  #expect(FileName(segment: 7).text == "journal-00000007.nod")
  for other in [
    "journal-0000000x.nod", "journal-00000001.bak", "journal-1.nod", "lock", "jOurnal-00000001.nod",
  ] {
    #expect(Array(other.utf8).withUnsafeBytes { FileName($0) } == nil)
  }
}

@Test func withoutAFileThereIsNoJournal() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  _ = try reopen(disk, &notebook)
  #expect(notebook.recovery == .empty)
}

@Test func aJournalIsMadeOnce() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  _ = try createJournal(on: disk, &notebook)
  var journal = try reopen(disk, &notebook)
  #expect(notebook.recovery.report?.segment == 1)
  guard
    case .alreadyExists = failure({ () throws(SimJournalError) in try journal.beginCreation(identity: 2) })
  else {
    Issue.record("a second creation was begun")
    return
  }
}

@Test func aRecordIsDurableOnlyWhenItsSyncHasReturned() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  #expect(try journal.write() == nil)
  let position = Array("abc".utf8).withUnsafeBytes { journal.append(9, $0) }
  #expect(journal.durable < position)
  let target = try #require(try journal.write())
  #expect(journal.durable < position)
  try disk.sync(target)
  #expect(journal.durable < position)
  #expect(try journal.synced() == nil)
  #expect(journal.durable == position)
}

@Test func whatIsAppendedDuringASyncWaitsForTheNext() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  notebook.append(to: &journal, count: 2)
  let target = try #require(try journal.write())
  notebook.append(to: &journal, count: 3)
  #expect(try journal.write() == nil)
  try disk.sync(target)
  _ = try journal.synced()
  #expect(journal.durable == JournalPosition(2))
  #expect(journal.hasPending == true)
  try journal.flush()
  #expect(journal.durable == JournalPosition(5))
}

@Test func everyKindAndLengthPassesThrough() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  var expected: [(UInt8, Int)] = []
  for kind in UInt8.min...UInt8.max where kind != Notebook.base {
    let length = [0, 1, 127, 128, JournalLimits.recordBytes][Int(kind) % 5]
    let payload = [UInt8](repeating: kind, count: length)
    payload.withUnsafeBytes { _ = journal.append(kind, $0) }
    expected.append((kind, length))
    try journal.flush()
    if journal.needsRotation {
      expected = [(kind, length)]
      try journal.rotate { (fresh) throws(SimJournalError) in
        try put(kind, payload, into: &fresh)
      }
    }
  }
  var reader = SimJournal(disk: disk, owner: someone, limits: smallLimits)
  var found: [(UInt8, Int)] = []
  _ = try reader.recover { kind, payload in
    found.append((kind, payload.count))
    return payload.allSatisfy { $0 == kind }
  }
  #expect(found.count == expected.count && zip(found, expected).allSatisfy { $0 == $1 })
}

@Test func moreThanABatchHoldsGoesInSeveral() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(
    on: disk, &notebook, limits: JournalLimits(batchBytes: 8192, pendingBytes: 65_536))
  let before = journal.wear.batches
  while journal.pendingFree > 2 * JournalLimits.recordBytes { notebook.append(to: &journal) }
  try journal.flush()
  #expect(journal.wear.batches - before >= 7)
  #expect(notebook.durable(in: journal) == notebook.last)
  let last = notebook.last
  _ = try reopen(disk, &notebook)
  #expect(notebook.last == last && notebook.fault == nil)
}

@Test func aRecordThatTheCallerDoesNotKnowEndsRecovery() throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  var journal = try createJournal(on: disk, &notebook)
  notebook.append(to: &journal, count: 4)
  try journal.flush()
  var reader = SimJournal(disk: disk, owner: someone, limits: smallLimits)
  let error = failure { () throws(SimJournalError) in
    _ = try reader.recover { kind, _ in kind != Notebook.kind(3) }
  }
  guard case .refused(let file, _, let kind) = error else {
    Issue.record("recovered over a record that nobody understood")
    return
  }
  #expect(file == FileName(segment: 1) && kind == Notebook.kind(3))
}

@Test(arguments: [
  JournalOwner(clusterLow: 1, clusterHigh: 0x5678, node: NodeID(2)),
  JournalOwner(clusterLow: 0x1234, clusterHigh: 1, node: NodeID(2)),
  JournalOwner(clusterLow: 0x1234, clusterHigh: 0x5678, node: NodeID(3)),
])
func theJournalOfSomebodyElseIsRefused(owner: JournalOwner) throws {
  let disk = SimDisk(seed: 1)
  var notebook = Notebook()
  _ = try createJournal(on: disk, &notebook)
  let before = disk.bytes(of: FileName(segment: 1))
  var journal = SimJournal(disk: disk, owner: owner, limits: smallLimits)
  var visited = 0
  let error = failure { () throws(SimJournalError) in
    _ = try journal.recover { _, _ in
      visited += 1
      return true
    }
  }
  switch error {
  case .wrongCluster: #expect(owner.node == someone.node)
  case .wrongNode(_, let expected, let found): #expect(expected == owner.node && found == someone.node)
  default: Issue.record("not refused: \(String(describing: error))")
  }
  #expect(visited == 0)
  #expect(disk.bytes(of: FileName(segment: 1)) == before)
}

@Test func aJournalMadeWithAnotherBatchSizeIsGoneOnWith() throws {
  let large = JournalLimits(batchBytes: 16_384, pendingBytes: 65_536, segmentBytes: 65_536)
  for (first, second) in [(smallLimits, large), (large, smallLimits)] {
    let disk = SimDisk(seed: 1)
    var notebook = Notebook()
    _ = try createJournal(on: disk, &notebook, limits: first)
    for _ in 0..<2 {
      var journal = try reopen(disk, &notebook, limits: second)
      while journal.pendingFree > 2 * JournalLimits.recordBytes { notebook.append(to: &journal) }
      try journal.flush()
      let last = notebook.last
      disk.cutPower()
      journal = try reopen(disk, &notebook, limits: second)
      #expect(notebook.fault == nil && notebook.last == last)
      try journal.rotate { (fresh) throws(SimJournalError) in try notebook.checkpoint(into: &fresh) }
    }
  }
}
