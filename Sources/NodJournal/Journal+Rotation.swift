// A new segment in place of a grown or broken one: a checkpoint of everything, then batches again. Steps,
// so that no sync blocks the caller: beginRotation - checkpoint... - finishCheckpoint - (sync the file) -
// synced renames - (sync the directory) - synced removes what is older. The first segment of all is made
// the same way. Until the name is synced the older segment is the journal, and it takes no batch, so that
// either of the two will do.
import NodCore

/// A segment that is being made.
struct NewSegment {
  var header: SegmentHeader
  var file: OpenFile
  /// Bytes of the checkpoint that wait in the batch buffer.
  var buffered = 0
  var written = 0
  var checksum = Checksum()
  /// What the checkpoint stands for: records appended before it was finished, and their bytes still pending
  /// then.
  var covers = JournalPosition.zero
  var coveredPending = 0

  var name: FileName { FileName(segment: header.segment) }
  var temporaryName: FileName { FileName(segment: header.segment, isTemporary: true) }
}

extension Journal where D: ~Copyable {
  /// Begins the first segment of a journal that does not exist yet. `recover` must have found none.
  ///
  /// - Parameter identity: 64 random bits; they tell this journal's bytes from every other's.
  package mutating func beginCreation(identity: UInt64) throws(Failure) {
    precondition(!isClosed, "only recovery knows that there is no journal")
    guard case .empty = phase else { throw .alreadyExists(FileName(segment: max(1, segmentNumber))) }
    try begin(segment: 1, identity: identity)
  }

  /// Begins a new segment, when `isIdle`: to bound the old one, or to mend a failure.
  ///
  /// Until `finishCheckpoint` everything that the caller remembers goes through `checkpoint`, and nothing
  /// is appended. When a step throws, or its sync fails, the attempt is over; the older segment stands as
  /// it did, with its failure if it had one, and what was appended still waits.
  package mutating func beginRotation() throws(Failure) {
    guard case .ready = phase, let current else {
      preconditionFailure("a rotation begins when the journal is idle")
    }
    try begin(segment: current.segment + 1, identity: current.identity)
  }

  /// One record of the checkpoint, in the order in which recovery shall hand it over.
  package mutating func checkpoint(_ kind: UInt8, _ payload: Bytes) throws(Failure) {
    guard case .checkpoint(var new) = phase else { preconditionFailure("no checkpoint was begun") }
    precondition(payload.count <= JournalLimits.recordBytes, "records are bounded by their owner")
    let framed = RecordFraming.byteCount(payload: payload.count)
    if new.buffered + framed > batch.count { try flush(&new) }
    var out = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: batch[new.buffered...]))
    RecordFraming.write(kind, payload, to: &out)
    precondition(!out.overflowed, "a batch holds the largest record")
    new.buffered += out.count
    phase = .checkpoint(new)
  }

  /// The checkpoint is complete: it stands for every record appended so far.
  ///
  /// - Returns: the new file, to be synced before `synced()` is called.
  package mutating func finishCheckpoint() throws(Failure) -> SyncTarget {
    guard case .checkpoint(var new) = phase else { preconditionFailure("no checkpoint was begun") }
    try flush(&new)
    new.header.checkpointLength = new.written
    new.header.checkpointChecksum = new.checksum.value
    new.covers = appended
    new.coveredPending = pendingCount
    try writeFront(new)
    keepsRecords = true
    phase = .segment(new)
    return .file(new.file)
  }

  // MARK: Steps

  private mutating func begin(segment: UInt32, identity: UInt64) throws(Failure) {
    precondition(segment <= FileName.largestSegment, "a hundred million rotations outlast every flash")
    let name = FileName(segment: segment, isTemporary: true)
    let file: OpenFile
    do { file = try disk.create(name) } catch {
      wear.failures += 1
      throw .disk(error, .create, name)
    }
    let header = SegmentHeader(
      segment: segment, owner: owner, identity: identity, firstSequence: nextSequence,
      batchBytes: limits.batchBytes, checkpointLength: 0, checkpointChecksum: 0)
    phase = .checkpoint(NewSegment(header: header, file: file))
  }

  private mutating func flush(_ new: inout NewSegment) throws(Failure) {
    guard new.buffered > 0 else { return }
    let bytes = Bytes(rebasing: batch[..<new.buffered])
    let offset = Segment.checkpointOffset(batchBytes: limits.batchBytes) + UInt64(new.written)
    new.checksum.add(bytes)
    try put(bytes, at: offset, of: new)
    new.written += new.buffered
    new.buffered = 0
  }

  /// Header page and both mirror slots, filled: later writes to them need no new blocks, and a torn first
  /// batch finds the empty one before it intact.
  private mutating func writeFront(_ new: NewSegment) throws(Failure) {
    let page = Segment.pageBytes
    zeroBatch()
    new.header.write(to: batch)
    try put(Bytes(rebasing: batch[..<page]), at: 0, of: new)
    let predecessor = new.header.firstSequence - 1
    for sequence in [predecessor, predecessor + 1] {
      zeroBatch()
      if sequence == predecessor {
        BatchHeader(segment: new.header.segment, sequence: sequence, offset: 0, length: 0)
          .seal(batch, identity: new.header.identity)
      }
      let slot = Segment.slotOffset(sequence, batchBytes: limits.batchBytes)
      try put(Bytes(batch), at: slot, of: new)
    }
  }

  private func zeroBatch() {
    batch.initializeMemory(as: UInt8.self, repeating: 0)
  }

  /// The new segment's content is durable: now it may have its name.
  mutating func giveName(to new: NewSegment) throws(Failure) -> SyncTarget {
    do { try disk.rename(new.temporaryName, to: new.name) } catch {
      // Nobody knows under which name a power cut would find it; the older segment must not go on.
      wear.failures += 1
      let error = Failure.disk(error, .rename, new.temporaryName)
      disk.close(new.file)
      phase = restingPhase
      fail(error)
      throw error
    }
    phase = .directory(new)
    return .directory
  }

  /// The new segment's name is durable: it is the journal now.
  mutating func adopt(_ new: NewSegment) {
    if let file { disk.close(file) }
    file = new.file
    current = new.header
    end = new.header.batchesOffset
    nextSequence = new.header.firstSequence
    if keepsRecords {
      removePending(new.coveredPending)
      failure = nil
    } else {
      // More came meanwhile than could wait.
      failure = .pendingFull(byteCount: limits.pendingBytes)
    }
    writtenPosition = max(writtenPosition, new.covers)
    durable = max(durable, new.covers)
    wear.rotations += 1
    phase = .ready
    removeAllBut(new.header.segment)
  }

  /// Gives up a segment that has no name yet. The disk's complaint about that is of no use to anybody.
  mutating func abandon(_ new: NewSegment) {
    disk.close(new.file)
    do { try disk.remove(new.temporaryName) } catch { wear.failures += 1 }
    phase = restingPhase
    if let failure { fail(failure) }
  }

  /// Removes older segments and what was never finished. One that cannot be removed now is tried again next
  /// time: recovery takes the newest, whatever else is there.
  mutating func removeAllBut(_ segment: UInt32) {
    var found = Leftovers()
    do {
      try disk.list { if $0 != FileName(segment: segment) { found.note($0) } }
    } catch {
      wear.failures += 1
      return
    }
    for i in 0..<found.count {
      do { try disk.remove(found.names[i]) } catch { wear.failures += 1 }
    }
  }

  private mutating func put(_ bytes: Bytes, at offset: UInt64, of new: NewSegment) throws(Failure) {
    do {
      try disk.write(bytes, to: new.file, at: offset)
      wear.bytesWritten += UInt64(bytes.count)
    } catch {
      wear.failures += 1
      abandon(new)
      throw .disk(error, .write, new.temporaryName)
    }
  }
}

/// Files that are in the way: a few at a time, the rest when the next segment is made.
private struct Leftovers {
  static let limit = 8
  var names = InlineArray<8, FileName>(repeating: FileName(segment: 0))
  var count = 0

  mutating func note(_ name: FileName) {
    guard count < Leftovers.limit else { return }
    names[count] = name
    count += 1
  }
}
