// Out of the file again: the newest segment, its checkpoint, its batches, and a judgement on the last
// bytes. At most the newest batch was ever written and not synced, and every synced batch stands twice,
// until two more are written. So what is wrong with a batch can be told: mended from the mirror, torn and
// never spoken of, or damage. The cases are gone through in docs/journal.md.
import NodCore

/// What recovery found.
package enum Recovery: Sendable, Equatable {
  /// There is no journal. A node that finds none has lost its memory or was never provisioned: it does not
  /// vote.
  case empty
  case found(RecoveryReport)
}

package struct RecoveryReport: Sendable, Equatable {
  package var segment: UInt32
  package var checkpointRecords: Int = 0
  package var batches: Int = 0
  package var records: Int = 0
  /// Batches whose place in the file was bad or empty and which the mirror gave back.
  package var repaired: Int = 0
  /// Bytes cut off: a batch that was being written when the power went.
  package var cutBytes: UInt64 = 0
}

extension Journal where D: ~Copyable {
  /// Opens the journal and hands over everything in it: the checkpoint's records, then those of the
  /// batches, in order.
  ///
  /// What it handed over is durable when it returns: the newest batch may have been read from a cache whose
  /// sync failed, so it is written and synced once more. Blocks for that. O(size of the segment).
  /// - Parameter visit: takes a record; false when it cannot, which ends recovery with `refused`. What was
  ///   handed over
  ///   before an error must be thrown away.
  package mutating func recover(_ visit: (_ kind: UInt8, _ payload: Bytes) -> Bool) throws(Failure)
    -> Recovery
  {
    precondition(isClosed, "a journal is opened once")
    guard let newest = try newestSegment() else {
      removeAllBut(0)
      phase = .empty
      return .empty
    }
    let name = FileName(segment: newest)
    let opened: OpenFile?
    do { opened = try disk.open(name) } catch { throw .disk(error, .open, name) }
    guard let file = opened else {
      throw .damaged(name, offset: 0, expected: "the file that the directory names", found: "nothing")
    }
    do throws(Failure) {
      let report = try read(file, name, visit)
      self.file = file
      phase = .ready
      removeAllBut(newest)
      return .found(report)
    } catch {
      disk.close(file)
      current = nil
      throw error
    }
  }

  private mutating func newestSegment() throws(Failure) -> UInt32? {
    var newest: UInt32?
    do {
      try disk.list { if !$0.isTemporary { newest = max(newest ?? 0, $0.segment) } }
    } catch { throw .disk(error, .list, nil) }
    return newest
  }

  private mutating func read(
    _ file: OpenFile, _ name: FileName, _ visit: (UInt8, Bytes) -> Bool
  ) throws(Failure) -> RecoveryReport {
    let header = try readHeader(file, name)
    let size: UInt64
    do { size = try disk.size(of: file) } catch { throw .disk(error, .size, name) }
    guard size >= header.checkpointEnd else {
      throw .damaged(
        name, offset: size, expected: "\(header.checkpointEnd) bytes of header, mirror and checkpoint",
        found: "the end of the file")
    }
    var scan = SegmentScan(file: file, name: name, header: header, size: size)
    try scan.readMirrors(&disk)
    try scan.checkCheckpoint(&disk)
    var report = RecoveryReport(segment: header.segment)
    report.checkpointRecords = try scan.visitCheckpoint(&disk, visit)
    try scan.visitBatches(&disk, &report, visit)
    report.cutBytes = scan.cutBytes
    try makeDurable(&scan)
    current = header
    end = scan.end
    nextSequence = scan.sequence
    return report
  }

  private mutating func readHeader(_ file: OpenFile, _ name: FileName) throws(Failure) -> SegmentHeader {
    let count: Int
    do { count = try disk.read(from: file, at: 0, into: batch) } catch { throw .disk(error, .read, name) }
    let header: SegmentHeader
    do throws(SegmentHeader.Fault) {
      header = try SegmentHeader.read(Bytes(rebasing: batch[..<count]))
    } catch {
      switch error {
      case .notAHeader:
        throw .damaged(name, offset: 0, expected: "a segment header", found: "other bytes")
      case .badChecksum:
        throw .damaged(
          name, offset: 0, expected: "a header that matches its checksum", found: "one that does not")
      case .unknownVersion(let found):
        throw .unknownVersion(name, found: found)
      }
    }
    guard header.owner.clusterLow == owner.clusterLow, header.owner.clusterHigh == owner.clusterHigh else {
      throw .wrongCluster(name)
    }
    guard header.owner.node == owner.node else {
      throw .wrongNode(name, expected: owner.node, found: header.owner.node)
    }
    guard header.segment == name.segment else {
      throw .damaged(
        name, offset: 12, expected: "segment \(name.segment)", found: "segment \(header.segment)")
    }
    guard header.hasPossibleSizes else {
      throw .damaged(name, offset: 48, expected: "a possible batch size", found: "\(header.batchBytes) bytes")
    }
    return header
  }

  /// Cuts what was torn, gives back what the mirror kept, and writes the newest batch once more in both its
  /// places.
  private mutating func makeDurable(_ scan: inout SegmentScan) throws(Failure) {
    let name = scan.name
    do {
      if scan.cutBytes > 0 { try disk.truncate(scan.file, to: scan.end) }
    } catch { throw .disk(error, .truncate, name) }
    do {
      wear.bytesWritten += try scan.rewriteNewest(&disk)
    } catch { throw .disk(error, .write, name) }
    do {
      try disk.sync(.file(scan.file))
      try disk.sync(.directory)
    } catch { throw .disk(error, .sync, name) }
    wear.syncs += 2
  }
}
