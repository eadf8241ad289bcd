// A journal that something changed: bytes of its segment, or records that are whole and say other things. Recovery may
// refuse it with a reason; it may not stop the process, and it may not hand over a record that nobody wrote.
import NodCore
import NodJournal
import NodSim
import NodStation

/// One segment file in memory that is put back as it was in no time.
private final class SegmentDisk: Disk {
  struct Refusal: DiskFailure {
    var explanation: String { "it does not do that" }
    var isFull: Bool { false }
  }
  typealias Failure = Refusal
  var name = FileName(segment: 1)
  var bytes: [UInt8] = []

  func list(_ visit: (FileName) -> Void) throws(Refusal) { visit(name) }
  func open(_ name: FileName) throws(Refusal) -> OpenFile? { name == self.name ? OpenFile(1) : nil }
  func create(_ name: FileName) throws(Refusal) -> OpenFile { throw Refusal() }
  func close(_ file: OpenFile) {}
  func write(_ bytes: Bytes, to file: OpenFile, at offset: UInt64) throws(Refusal) {
    let start = Int(offset)
    if start + bytes.count > 1 << 20 { throw Refusal() }
    while self.bytes.count < start + bytes.count { self.bytes.append(0) }
    for i in 0..<bytes.count { self.bytes[start + i] = bytes[i] }
  }
  func read(from file: OpenFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer)
    throws(Refusal) -> Int
  {
    guard offset < UInt64(bytes.count) else { return 0 }
    let start = Int(offset)
    let count = min(buffer.count, bytes.count - start)
    if count > 0 {
      bytes[start..<start + count].withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]).copyMemory(from: $0)
      }
    }
    return count
  }
  func size(of file: OpenFile) throws(Refusal) -> UInt64 { UInt64(bytes.count) }
  func truncate(_ file: OpenFile, to byteCount: UInt64) throws(Refusal) {
    if UInt64(bytes.count) > byteCount { bytes.removeLast(bytes.count - Int(byteCount)) }
  }
  func rename(_ name: FileName, to newName: FileName) throws(Refusal) { throw Refusal() }
  func remove(_ name: FileName) throws(Refusal) { throw Refusal() }
  func sync(_ target: SyncTarget) throws(Refusal) {}
}

final class JournalTarget: Target {
  private let image: [UInt8]
  private let name: FileName
  /// What stands in it, in order.
  private var records: [(kind: UInt8, payload: [UInt8])] = []
  private let disk = SegmentDisk()
  private var recovered = 0
  private var refused = 0
  private var opened = 0
  private var unopened = 0
  var tally: String {
    "bytes changed: \(recovered) recovered, \(refused) refused; records changed: \(opened) nodes, "
      + "\(unopened) refused"
  }
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 16)

  init() {
    let recording = Recording()
    let recorded = recording.disks[0]
    recorded.killProcess()
    do {
      var newest: FileName?
      try recorded.list { if !$0.isTemporary { newest = $0 } }
      guard let newest, let file = try recorded.open(newest) else { fatalError("a journal was recorded") }
      var bytes = [UInt8](repeating: 0, count: Int(try recorded.size(of: file)))
      let count = try bytes.withUnsafeMutableBytes { try recorded.read(from: file, at: 0, into: $0) }
      expect(count == bytes.count, "all of it")
      image = bytes
      name = newest
    } catch { fatalError("the recorded disk does not fail") }
    disk.name = name
    disk.bytes = image
    var found: [(UInt8, [UInt8])] = []
    var journal = openJournal()
    _ = try? journal.recover { kind, payload in
      found.append((kind, [UInt8](payload)))
      return true
    }
    records = found
    expect(records.count > 20, "a journal with something in it")
  }

  private func openJournal() -> Journal<SegmentDisk> {
    Journal(
      disk: disk, owner: JournalOwner(clusterLow: 7, clusterHigh: 9, node: NodeID(0)), limits: smallJournal)
  }

  func take(_ bytes: Bytes) {
    var choices = Choices(bytes)
    if choices.byte() & 1 == 0 { changeBytes(&choices) } else { changeRecords(&choices) }
  }

  /// Bytes of the file: what is handed over is what was written, and no more than one batch is missing at the end.
  private func changeBytes(_ choices: inout Choices) {
    disk.bytes = image
    var changes = Int(choices.byte() & 15)
    while changes > 0 && !disk.bytes.isEmpty {
      changes -= 1
      let how = choices.byte()
      let at = (choices.number() | Int(choices.byte()) << 16) % disk.bytes.count
      switch how % 5 {
      case 0: disk.bytes[at] ^= 1 << (choices.byte() & 7)
      case 1: disk.bytes[at] = choices.byte()
      case 2: disk.bytes.removeLast(disk.bytes.count - at)
      case 3:
        for i in at..<min(disk.bytes.count, at + 512) { disk.bytes[i] = 0 }
      default:
        let from = (choices.number() | Int(choices.byte()) << 16) % disk.bytes.count
        let length = min(Int(choices.byte()) * 16, disk.bytes.count - max(at, from))
        for i in 0..<length { disk.bytes[at + i] = disk.bytes[from + i] }
      }
    }
    var journal = openJournal()
    var next = 0
    var isTrue = true
    let result = try? journal.recover { kind, payload in
      if next < records.count {
        let expected = records[next]
        let same = expected.kind == kind && expected.payload.withUnsafeBytes { payload.equals($0) }
        isTrue = isTrue && same
      } else {
        isTrue = false
      }
      next += 1
      return true
    }
    expect(isTrue, "a record that nobody wrote")
    if result == nil { refused += 1 } else { recovered += 1 }
    if case .found(let report) = result { expect(report.records <= records.count, "no more than there were") }
  }

  /// Records that are whole, and say something else: the node out of them is refused, or is a node.
  private func changeRecords(_ choices: inout Choices) {
    let rebuilt = SimDisk(seed: 1)
    var journal = Journal(
      disk: rebuilt, owner: JournalOwner(clusterLow: 7, clusterHigh: 9, node: NodeID(0)),
      limits: smallJournal)
    let stride = Int(choices.byte() & 15) + 1
    let skipped = choices.number() % records.count
    do {
      _ = try journal.recover { _, _ in false }
      try journal.create(identity: 5) {
        (journal: inout Journal<SimDisk>) throws(JournalError<SimDiskFailure>) in
        for (at, record) in records.enumerated() {
          if at == skipped && stride > 8 { continue }
          let size = record.payload.count
          record.payload.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(rebasing: buffer[..<size]).copyMemory(from: $0)
          }
          var kind = record.kind
          var count = size
          if at > 0 && at % stride == 0 && !choices.isAtEnd {
            let how = choices.byte()
            if how & 1 != 0 {
              count = choices.mutate(UnsafeMutableRawBufferPointer(rebasing: buffer[..<4096]), count: size)
            }
            if how & 0x0e == 0x0e { kind = choices.byte() }
          }
          try journal.checkpoint(kind, Bytes(rebasing: buffer[..<count]))
        }
      }
    } catch { fatalError("this disk does not fail") }
    rebuilt.killProcess()
    let opened = try? openStation(0, rebuilt, salt: 0x4444, now: LocalTime(microseconds: 5_000_000))
    if opened == nil { unopened += 1 } else { self.opened += 1 }
    if var station = consume opened {
      for _ in 0..<4 { station.wake(station.plan.wakeAt) }
    }
  }
}
