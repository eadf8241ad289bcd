// One pass over a segment file, with the four buffers that it takes, for the time of a recovery only.
// It judges every batch by its own checksum, by the mirror, and by what comes behind it.
import NodCore

/// Invariant: everything before `end` was handed over and is intact; `sequence` is what belongs at `end`.
struct SegmentScan: ~Copyable {
  let file: OpenFile
  let name: FileName
  let header: SegmentHeader
  let size: UInt64

  private(set) var end: UInt64
  private(set) var sequence: UInt64
  private(set) var cutBytes: UInt64 = 0

  /// The mirror slots, by parity of the sequence; no header where a slot holds no intact batch.
  private let slots: UnsafeMutableRawBufferPointer
  private var mirrored = InlineArray<2, BatchHeader?>(repeating: nil)
  /// The newest batch handed over; none while the mirror's empty one is the newest.
  private let newest: UnsafeMutableRawBufferPointer
  private var newestHeader: BatchHeader?
  /// What is being read.
  private let scratch: UnsafeMutableRawBufferPointer

  init(file: OpenFile, name: FileName, header: SegmentHeader, size: UInt64) {
    self.file = file
    self.name = name
    self.header = header
    self.size = size
    end = header.batchesOffset
    sequence = header.firstSequence
    slots = .allocate(byteCount: 2 * header.batchBytes, alignment: 16)
    newest = .allocate(byteCount: header.batchBytes, alignment: 16)
    scratch = .allocate(byteCount: 2 * header.batchBytes, alignment: 16)
  }

  deinit {
    slots.deallocate()
    newest.deallocate()
    scratch.deallocate()
  }

  // MARK: Mirror and checkpoint

  mutating func readMirrors<D: Disk & ~Copyable>(_ disk: inout D) throws(JournalError<D.Failure>) {
    for parity in 0..<2 {
      let slot = slot(parity)
      let offset = Segment.slotOffset(UInt64(parity), batchBytes: header.batchBytes)
      let count = try read(&disk, at: offset, into: slot)
      let bytes = Bytes(rebasing: slot[..<count])
      guard let found = BatchHeader(plausible: bytes, in: header),
        found.isIntact(bytes, identity: header.identity),
        found.sequence & 1 == UInt64(parity)
      else { continue }
      mirrored[parity] = found
    }
  }

  func checkCheckpoint<D: Disk & ~Copyable>(_ disk: inout D) throws(JournalError<D.Failure>) {
    var checksum = Checksum()
    var at = header.checkpointOffset
    while at < header.checkpointEnd {
      let count = try readPiece(&disk, at: at, limit: header.checkpointEnd)
      checksum.add(Bytes(rebasing: scratch[..<count]))
      at += UInt64(count)
    }
    guard checksum.value == header.checkpointChecksum else {
      throw .damaged(
        name, offset: header.checkpointOffset, expected: "a checkpoint that matches its checksum",
        found: "one that does not")
    }
  }

  /// - Returns: records handed over.
  func visitCheckpoint<D: Disk & ~Copyable>(
    _ disk: inout D, _ visit: (UInt8, Bytes) -> Bool
  ) throws(JournalError<D.Failure>) -> Int {
    var at = header.checkpointOffset
    var records = 0
    while at < header.checkpointEnd {
      let count = try readPiece(&disk, at: at, limit: header.checkpointEnd)
      let isLast = at + UInt64(count) == header.checkpointEnd
      var input = ByteReader(Bytes(rebasing: scratch[..<count]))
      var taken = 0
      while !input.isAtEnd {
        guard let record = RecordFraming.read(&input) else { break }  // goes on in the next piece
        guard visit(record.kind, record.payload) else {
          throw .refused(name, offset: at + UInt64(taken), kind: record.kind)
        }
        taken = input.offset
        records += 1
      }
      guard taken == count || (taken > 0 && !isLast) else {
        throw .damaged(name, offset: at + UInt64(taken), expected: "a whole record", found: "a part of one")
      }
      at += UInt64(taken)
    }
    return records
  }

  // MARK: Batches

  mutating func visitBatches<D: Disk & ~Copyable>(
    _ disk: inout D, _ report: inout RecoveryReport, _ visit: (UInt8, Bytes) -> Bool
  ) throws(JournalError<D.Failure>) {
    // Bounded by the size of the file: every batch takes at least its header.
    while true {
      if try !readBatch(&disk) {
        guard try restoreBatch(&disk) else { break }
        report.repaired += 1
      }
      guard let found = newestHeader else { preconditionFailure("a batch was read") }
      var input = ByteReader(Bytes(rebasing: newest[BatchHeader.byteCount..<found.totalBytes]))
      while !input.isAtEnd {
        let at = input.offset
        guard let record = RecordFraming.read(&input) else {
          throw .damaged(
            name, offset: found.offset + UInt64(BatchHeader.byteCount + at), expected: "a whole record",
            found: "a part of one")
        }
        guard visit(record.kind, record.payload) else {
          throw .refused(name, offset: found.offset + UInt64(BatchHeader.byteCount + at), kind: record.kind)
        }
        report.records += 1
      }
      report.batches += 1
      end = found.end
      sequence += 1
    }
    try judgeTail(&disk)
  }

  /// Reads the batch that belongs at `end`, in its own place; false when it is not there or not intact.
  private mutating func readBatch<D: Disk & ~Copyable>(_ disk: inout D) throws(JournalError<D.Failure>)
    -> Bool
  {
    guard end < size else { return false }
    let piece = UnsafeMutableRawBufferPointer(rebasing: scratch[..<header.batchBytes])
    let count = try read(&disk, at: end, into: piece)
    let bytes = Bytes(rebasing: piece[..<count])
    guard let found = BatchHeader(plausible: bytes, in: header), found.sequence == sequence,
      found.offset == end,
      found.isIntact(bytes, identity: header.identity)
    else { return false }
    newest.copyMemory(from: Bytes(rebasing: piece[..<found.totalBytes]))
    newestHeader = found
    return true
  }

  /// Takes the batch that belongs at `end` from the mirror and puts it in its place; false when the mirror
  /// has it not.
  private mutating func restoreBatch<D: Disk & ~Copyable>(_ disk: inout D) throws(JournalError<D.Failure>)
    -> Bool
  {
    let parity = Int(sequence & 1)
    guard let found = mirrored[parity], found.sequence == sequence else { return false }
    guard found.offset == end else {
      throw .damaged(
        name, offset: end, expected: "batch \(sequence)", found: "that it should be at byte \(found.offset)")
    }
    newest.copyMemory(from: Bytes(rebasing: slot(parity)[..<found.totalBytes]))
    newestHeader = found
    do {
      try disk.write(Bytes(rebasing: newest[..<found.totalBytes]), to: file, at: end)
    } catch { throw .disk(error, .write, name) }
    return true
  }

  /// Neither the file nor the mirror has the batch `sequence`. Was there ever one that was spoken of?
  private mutating func judgeTail<D: Disk & ~Copyable>(_ disk: inout D) throws(JournalError<D.Failure>) {
    for parity in 0..<2 {
      if let later = mirrored[parity], later.sequence > sequence {
        throw .damaged(
          name, offset: end, expected: "batch \(sequence)",
          found: "none, though the mirror holds batch \(later.sequence)")
      }
    }
    guard size > end else { return }
    if let (offset, later) = try laterBatch(&disk) {
      throw .damaged(
        name, offset: end, expected: "batch \(sequence)",
        found: "none, though batch \(later) stands at byte \(offset)")
    }
    let predecessor = mirrored[Int(sequence & 1) ^ 1]
    guard let predecessor, predecessor.sequence == sequence - 1 else {
      throw .damaged(
        name, offset: end, expected: "batch \(sequence) or the mirror of the one before it",
        found: "neither, so that nobody can tell whether it was ever complete")
    }
    cutBytes = size - end
  }

  /// The first intact batch with a later sequence anywhere behind `end`.
  private func laterBatch<D: Disk & ~Copyable>(
    _ disk: inout D
  ) throws(JournalError<D.Failure>) -> (offset: UInt64, sequence: UInt64)? {
    var at = end
    while at < size {
      // Batches that begin in the first half of the scratch lie in it as a whole.
      let count = try read(&disk, at: at, into: scratch)
      var inside = 0
      while inside < min(count, header.batchBytes) {
        let rest = Bytes(rebasing: scratch[inside..<count])
        if rest[0] == UInt8(BatchHeader.magic & 0xff), let found = BatchHeader(plausible: rest, in: header),
          found.sequence > sequence, found.offset == at + UInt64(inside),
          found.isIntact(rest, identity: header.identity)
        {
          return (found.offset, found.sequence)
        }
        inside += Int(Segment.batchAlignment)
      }
      at += UInt64(header.batchBytes)
    }
    return nil
  }

  // MARK: After

  /// Writes the newest batch again, in both its places: it may have come from a cache whose sync failed.
  /// - Returns: bytes written.
  mutating func rewriteNewest<D: Disk & ~Copyable>(_ disk: inout D) throws(D.Failure) -> UInt64 {
    if let found = newestHeader {
      let bytes = Bytes(rebasing: newest[..<found.totalBytes])
      try disk.write(bytes, to: file, at: found.offset)
      try disk.write(bytes, to: file, at: Segment.slotOffset(found.sequence, batchBytes: header.batchBytes))
      return UInt64(2 * bytes.count)
    }
    // No batch yet: the empty one in the mirror is what a torn first batch is judged by.
    let empty = BatchHeader(
      segment: header.segment, sequence: header.firstSequence - 1, offset: 0, length: 0)
    empty.seal(scratch, identity: header.identity)
    let bytes = Bytes(rebasing: scratch[..<empty.totalBytes])
    try disk.write(bytes, to: file, at: Segment.slotOffset(empty.sequence, batchBytes: header.batchBytes))
    return UInt64(bytes.count)
  }

  // MARK: Reading

  private func slot(_ parity: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(
      rebasing: slots[parity * header.batchBytes..<(parity + 1) * header.batchBytes])
  }

  private func read<D: Disk & ~Copyable>(
    _ disk: inout D, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(JournalError<D.Failure>) -> Int {
    do { return try disk.read(from: file, at: offset, into: buffer) } catch {
      throw .disk(error, .read, name)
    }
  }

  /// A piece of the checkpoint, not past `limit`.
  private func readPiece<D: Disk & ~Copyable>(
    _ disk: inout D, at offset: UInt64, limit: UInt64
  ) throws(JournalError<D.Failure>) -> Int {
    let wanted = Int(min(UInt64(header.batchBytes), limit - offset))
    let count = try read(&disk, at: offset, into: UnsafeMutableRawBufferPointer(rebasing: scratch[..<wanted]))
    guard count == wanted else {
      throw .damaged(
        name, offset: offset + UInt64(count), expected: "the checkpoint", found: "the end of the file")
    }
    return count
  }
}
