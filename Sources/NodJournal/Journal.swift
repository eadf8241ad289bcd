// The journal of what a node must not forget: opaque records, appended, checksummed, one sync for each
// batch. It stands between the station, which decides what to remember, and the disk. It never blocks: what
// has to be synced is handed out as a `SyncTarget`, the caller syncs it where it likes and says so, and
// only then is it `durable`. What its bytes mean after a power cut is told in docs/journal.md.
import NodCore

/// The way of a record: `append` (no I/O) - `write` (to the file and the mirror) - the caller syncs -
/// `synced`.
///
/// Invariant: at most one batch, and nothing else, is written and not synced; so at most the newest batch
/// can be torn. Every record at or below `durable` survives a power cut; nothing above it may be spoken of.
package struct Journal<D: Disk & ~Copyable>: ~Copyable {
  package typealias Failure = JournalError<D.Failure>

  enum Phase {
    /// Not recovered yet.
    case closed
    /// Recovered: there is no journal. It has to be made, or the node does without a vote.
    case empty
    case ready
    /// A batch is being synced, up to this position.
    case batch(JournalPosition)
    /// A new segment takes its checkpoint.
    case checkpoint(NewSegment)
    /// The new segment's file is being synced, under its temporary name.
    case segment(NewSegment)
    /// The new segment's name is being synced.
    case directory(NewSegment)
  }

  package var disk: D
  package let owner: JournalOwner
  package let limits: JournalLimits
  package internal(set) var wear = Wear()
  /// Why nothing can become durable any more, until a rotation has written everything anew.
  package internal(set) var failure: Failure?
  /// Everything appended since the journal was opened.
  package internal(set) var appended = JournalPosition.zero
  /// Everything up to here survives a power cut.
  package internal(set) var durable = JournalPosition.zero

  var phase = Phase.closed
  /// The segment that takes batches.
  var current: SegmentHeader?
  var file: OpenFile?
  /// Where the next batch goes, and its sequence.
  var end: UInt64 = 0
  var nextSequence: UInt64 = 1
  /// Framed records that wait for a batch, `pendingCount` bytes from the beginning.
  private let pendingMemory: OwnedBytes
  var pending: UnsafeMutableRawBufferPointer { pendingMemory.all }
  var pendingCount = 0
  /// False from a failure to the next finished checkpoint: only that can make a record durable.
  var keepsRecords = true
  /// The last record that is no longer pending: written, or left to a checkpoint.
  var writtenPosition = JournalPosition.zero
  /// One batch, or a piece of a checkpoint, on its way to the disk.
  private let batchMemory: OwnedBytes
  var batch: UnsafeMutableRawBufferPointer { batchMemory.all }

  package init(disk: consuming D, owner: JournalOwner, limits: JournalLimits = JournalLimits()) {
    self.disk = disk
    self.owner = owner
    self.limits = limits
    pendingMemory = OwnedBytes(count: limits.pendingBytes)
    batchMemory = OwnedBytes(count: limits.batchBytes)
  }

  // MARK: Records

  /// Takes a record into memory; it is durable when `durable` has reached the position returned.
  ///
  /// When more waits than `pendingBytes`, or after a failure, the journal keeps no record but only counts
  /// it: then the checkpoint of a rotation is what makes it durable. O(payload).
  /// - Parameter payload: at most `JournalLimits.recordBytes`.
  @discardableResult
  package mutating func append(_ kind: UInt8, _ payload: Bytes) -> JournalPosition {
    precondition(payload.count <= JournalLimits.recordBytes, "records are bounded by their owner")
    precondition(!isClosed, "a record belongs behind what was recovered")
    if case .checkpoint = phase { preconditionFailure("the checkpoint would and would not hold this record") }
    appended.raw += 1
    wear.records += 1
    guard keepsRecords else { return appended }
    var out = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: pending[pendingCount...]))
    RecordFraming.write(kind, payload, to: &out)
    if out.overflowed {
      fail(.pendingFull(byteCount: limits.pendingBytes))
    } else {
      pendingCount += out.count
    }
    return appended
  }

  /// Writes the next batch of pending records, if nothing else is on its way to the disk.
  ///
  /// - Returns: what to sync before `synced()` is called; nil when there is nothing to write, or something
  ///   under way.
  /// - Throws: the `failure` that the journal is in; `segmentFull`, until a rotation, when rotations kept
  ///   failing.
  package mutating func write() throws(Failure) -> SyncTarget? {
    guard case .ready = phase, let current, let file else { return nil }
    if let failure { throw failure }
    guard pendingCount > 0 else { return nil }
    guard batchBytesInSegment < 2 * rotationBytes else {
      throw .segmentFull(FileName(segment: current.segment), byteCount: end)
    }
    let (recordBytes, recordCount) = nextBatch()
    UnsafeMutableRawBufferPointer(rebasing: batch[BatchHeader.byteCount...])
      .copyMemory(from: Bytes(rebasing: pending[..<recordBytes]))
    let header = BatchHeader(
      segment: current.segment, sequence: nextSequence, offset: end, length: recordBytes)
    header.seal(batch, identity: current.identity)
    try put(Bytes(rebasing: batch[..<header.totalBytes]), file, at: end, of: current.segment)
    let slot = Segment.slotOffset(nextSequence, batchBytes: current.batchBytes)
    try put(Bytes(rebasing: batch[..<header.totalBytes]), file, at: slot, of: current.segment)
    removePending(recordBytes)
    end = header.end
    nextSequence += 1
    wear.batches += 1
    writtenPosition.raw += recordCount
    phase = .batch(writtenPosition)
    return .file(file)
  }

  /// The sync of what was handed out last has returned, without failure.
  ///
  /// - Returns: what has to be synced next, for a rotation goes in steps; nil when all is done and
  ///   `durable` has moved.
  package mutating func synced() throws(Failure) -> SyncTarget? {
    wear.syncs += 1
    switch phase {
    case .batch(let position):
      phase = .ready
      durable = position
      return nil
    case .segment(let new):
      return try giveName(to: new)
    case .directory(let new):
      adopt(new)
      return nil
    case .closed, .empty, .ready, .checkpoint:
      preconditionFailure("nothing was being synced")
    }
  }

  /// The sync of what was handed out last has failed.
  ///
  /// What it was to make durable is not trusted any more, even if a later sync succeeds: the kernel may
  /// have dropped the pages and forgotten that they were dirty. For a batch, or a segment's name, a
  /// rotation mends it; for a segment under its temporary name, nothing is lost but the attempt.
  /// - Returns: the failure, as the journal tells it.
  @discardableResult
  package mutating func syncFailed(_ reason: D.Failure) -> Failure {
    wear.failures += 1
    switch phase {
    case .batch:
      let error = Failure.disk(reason, .sync, current.map { FileName(segment: $0.segment) })
      phase = .ready
      fail(error)
      return error
    case .segment(let new):
      abandon(new)
      return .disk(reason, .sync, new.temporaryName)
    case .directory(let new):
      let error = Failure.disk(reason, .sync, nil)
      disk.close(new.file)
      phase = restingPhase
      fail(error)
      return error
    case .closed, .empty, .ready, .checkpoint:
      preconditionFailure("nothing was being synced")
    }
  }

  // MARK: What there is to know

  /// No checkpoint is being written and no sync is under way, so that a batch or a rotation can begin.
  package var isIdle: Bool {
    switch phase {
    case .empty, .ready: true
    case .closed, .batch, .checkpoint, .segment, .directory: false
    }
  }
  /// A new segment is on its way: appended records wait.
  package var isRotating: Bool {
    switch phase {
    case .checkpoint, .segment, .directory: true
    case .closed, .empty, .ready, .batch: false
    }
  }
  /// Records wait for `write`.
  package var hasPending: Bool { pendingCount > 0 }
  /// Free bytes for records before the pending buffer is full.
  package var pendingFree: Int { pending.count - pendingCount }
  /// The segment has grown enough to be replaced, or only a new one can help.
  package var needsRotation: Bool { failure != nil || (file != nil && batchBytesInSegment >= rotationBytes) }
  package var segmentNumber: UInt32 { current?.segment ?? 0 }
  package var segmentByteCount: UInt64 { end }
  /// Bytes that the next rotation gives back to the file system.
  package var reclaimableBytes: UInt64 { batchBytesInSegment }
  /// The number that was drawn when this journal was made; 0 before it is open.
  package var identity: UInt64 { current?.identity ?? 0 }

  var isClosed: Bool {
    if case .closed = phase { return true }
    return false
  }
  /// Where a failed or finished step comes back to.
  var restingPhase: Phase { file == nil ? .empty : .ready }

  /// Bytes of batches in the current segment.
  var batchBytesInSegment: UInt64 { current.map { end - $0.batchesOffset } ?? 0 }
  /// Bytes of batches that make a rotation worth its checkpoint.
  var rotationBytes: UInt64 { UInt64(max(limits.segmentBytes, current?.checkpointLength ?? 0)) }

  // MARK: Within

  /// Nothing becomes durable from here on; what waited is left to the next checkpoint.
  mutating func fail(_ error: Failure) {
    if failure == nil { failure = error }
    keepsRecords = false
    pendingCount = 0
    writtenPosition = appended
  }

  /// As many whole records as fit a batch: their framed bytes and number.
  private func nextBatch() -> (bytes: Int, records: UInt64) {
    let room = batchLimit - BatchHeader.byteCount
    var input = ByteReader(Bytes(rebasing: pending[..<pendingCount]))
    var taken = 0
    var records: UInt64 = 0
    while !input.isAtEnd {
      guard RecordFraming.read(&input) != nil else { preconditionFailure("append framed whole records") }
      if input.offset > room { break }
      taken = input.offset
      records += 1
    }
    precondition(records > 0, "a batch holds the largest record")
    return (taken, records)
  }

  /// A segment keeps the batch size that it was made with; ours may be another since.
  private var batchLimit: Int { min(limits.batchBytes, current?.batchBytes ?? limits.batchBytes) }

  mutating func removePending(_ byteCount: Int) {
    let rest = pendingCount - byteCount
    if rest > 0 {
      pending.copyMemory(from: Bytes(rebasing: pending[byteCount..<pendingCount]))
    }
    pendingCount = rest
  }

  /// Writes to the current segment; a failure is the journal's, since nobody knows what reached the file.
  private mutating func put(_ bytes: Bytes, _ file: OpenFile, at offset: UInt64, of segment: UInt32)
    throws(Failure)
  {
    do {
      try disk.write(bytes, to: file, at: offset)
      wear.bytesWritten += UInt64(bytes.count)
    } catch {
      let failure = Failure.disk(error, .write, FileName(segment: segment))
      wear.failures += 1
      fail(failure)
      throw failure
    }
  }
}
