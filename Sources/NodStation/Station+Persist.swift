// Effects become records, records a batch, a batch one sync; then the node may speak of it. The sync itself
// is the
// world's: on a board a helper thread does it, so that a slow card never deafens the node.
import NodCore
import NodJournal

extension Station where D: ~Copyable {
  /// Moves what the node wants remembered into the journal's pending batch.
  mutating func appendRecords() {
    guard !node.effects.records.isEmpty else { return }
    node.effects.records.drain { kind, payload in journal.append(kind, payload) }
    if node.effects.has(.lostMemory) { isDisqualified = true }
  }

  /// Writes the next batch, or begins a rotation, if the disk is free.
  ///
  /// - Returns: what the world has to sync, then tell `synced` or `syncFailed`; nil when there is nothing
  ///   to do.
  package mutating func persist(_ now: LocalTime) -> SyncTarget? {
    guard !awaitsSync, journal.isIdle else { return nil }
    appendRecords()
    guard hasRoom(now) else { return nil }
    if journal.failure != nil {
      // More waited than the journal can hold: no fault of the disk, a checkpoint holds it all.
      return trouble.allows(now) ? rotate(now) : nil
    }
    if node.snapshots.isBusy || node.wantsRotation || journal.needsRotation || trouble.needsRotation {
      if journal.needsRotation { node.wantsSnapshot = true }
      // One that failed is tried again now and then. Until then no batch: the log was cut for its checkpoint.
      return trouble.allows(now) ? rotate(now) : nil
    }
    guard journal.hasPending else { return nil }
    if node.acceptor.commit > decidedWritten {
      decidedWritten = node.acceptor.commit
      let index = decidedWritten
      node.effects.records.append(.decided) { out in out.varint(index.raw) }
      appendRecords()
    }
    if notes.isNeeded && notes.isOld(now) { noteAirtime(now) }
    do throws(JournalError<D.Failure>) {
      let target = try journal.write()
      awaitsSync = target != nil
      return target
    } catch {
      diskFailed(error, now)
      return nil
    }
  }

  /// A new segment: all that must survive, written anew beside the old one.
  private mutating func rotate(_ now: LocalTime) -> SyncTarget? {
    if node.snapshots.isBusy || node.wantsRotation { node.trimLog() }
    checkpointHoldsSnapshot = node.snapshots.isBusy
    do throws(JournalError<D.Failure>) {
      try journal.beginRotation()
      try writeCheckpoint(now)
      let target = try journal.finishCheckpoint()
      node.wantsRotation = false
      awaitsSync = true
      return target
    } catch {
      diskFailed(error, now, atRotation: true)
      return nil
    }
  }

  private mutating func writeCheckpoint(_ now: LocalTime) throws(JournalError<D.Failure>) {
    var out = ByteWriter(scratch)
    genesis.write(to: &out)
    if !node.mayVote { out.patch(out.count - 1, 0) }
    try journal.checkpoint(RecordKind.genesis.rawValue, out.written)
    if isDisqualified {
      try journal.checkpoint(RecordKind.disqualified.rawValue, Bytes(start: nil, count: 0))
    }
    out = ByteWriter(scratch)
    out.varint(UInt64(node.incarnation))
    try journal.checkpoint(RecordKind.start.rawValue, out.written)
    try checkpointAirtime(now)
    var i = 0
    while i < node.settings.memberCount {
      let peer = node.peers[NodeID(UInt8(i))]
      if peer.salt != 0 {
        out = ByteWriter(scratch)
        out.u8(UInt8(i))
        out.u64(peer.salt)
        out.varint(UInt64(peer.incarnation))
        try journal.checkpoint(RecordKind.peerSalt.rawValue, out.written)
      }
      i += 1
    }
    try node.checkpoint(scratch: scratch) { (kind, payload) throws(JournalError<D.Failure>) in
      try journal.checkpoint(kind, payload)
    }
  }

  /// Swift's runtime makes its tables for an error of this kind when it is first thrown through: at the start,
  /// not in the first rotation. On a board there is no such runtime.
  func prepareCheckpoint() {
    #if !hasFeature(Embedded)
      do throws(JournalError<D.Failure>) {
        try node.checkpoint(scratch: scratch) { (_, _) throws(JournalError<D.Failure>) in }
      } catch {}
    #endif
  }

  /// The sync has returned without failure.
  ///
  /// - Returns: what to sync next, for a rotation goes in steps.
  package mutating func synced(_ now: LocalTime) -> SyncTarget? {
    do throws(JournalError<D.Failure>) {
      let wasRotating = journal.isRotating
      let next = try journal.synced()
      awaitsSync = next != nil
      if next == nil {
        if wasRotating {
          // A snapshot that was installed while the rotation went on is in the next one.
          if checkpointHoldsSnapshot { node.snapshotIsDurable() }
          trouble.needsRotation = false
        }
        becomeFit()
        noteDurable(now)
      }
      return next
    } catch {
      awaitsSync = false
      diskFailed(error, now, atRotation: true)
      return nil
    }
  }

  package mutating func syncFailed(_ reason: D.Failure, now: LocalTime) {
    awaitsSync = false
    let wasRotating = journal.isRotating
    diskFailed(journal.syncFailed(reason), now, atRotation: wasRotating)
  }

  /// What is on disk now may be said.
  mutating func noteDurable(_ now: LocalTime) {
    if let coverage = notes.durable(upTo: journal.durable) { airtime.cover(coverage) }
    node.synced(journal.durable.raw &- min(journalBase, journal.durable.raw), now: now)
    node.wake(now)
    note(.synced, 0, now)
    look(now)
    appendRecords()
  }
}
