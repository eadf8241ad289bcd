// A node out of its records, and into the checkpoint of a new journal segment.

extension Node {
  package mutating func restoreSnapshotPiece(_ bytes: Bytes, at offset: Int, of total: Int) -> Bool {
    snapshots.restore(bytes, at: offset, of: total)
  }

  /// All pieces were read: the registry is the snapshot's.
  package mutating func restoreSnapshot() throws(RecordError) {
    guard snapshots.count > 0 else { return }
    guard let head = snapshots.finishRestore(), restoreRegistry(head) else { throw .badSnapshot }
    applied = head.index
    appliedBegin = head.begin
    stamp = head.time
  }

  package mutating func restore(_ kind: RecordKind, _ payload: Bytes) throws(RecordError) {
    try acceptor.restore(kind, payload, payloadLimit: settings.entryPayloadLimit)
  }

  /// Everything was read: applies what was known to be decided, and begins this start.
  package mutating func finishRecovery(incarnation: UInt32, salt: UInt64, mayVote: Bool) throws(RecordError) {
    acceptor.finishRecovery()
    self.incarnation = incarnation
    self.salt = salt
    self.mayVote = mayVote
    guard settings.isMember(acceptor.promised.node), settings.isMember(acceptor.accepted.node) else {
      throw .malformed(RecordKind.promised.rawValue)
    }
    guard acceptor.commit >= applied, acceptor.log.first <= applied + 1 else {
      throw .outOfPlace(RecordKind.base.rawValue)
    }
    durability.restored(acceptor.accepted, acceptor.last)
    highestRound = acceptor.promised.round
    applyDecided(.zero)
    effects.removeCompletions()
    rebuildInFlight()
    leaderBallot = acceptor.accepted
    if acceptor.accepted > .zero {
      votes.restart(in: acceptor.accepted)
      raiseOwnVote()
    }
  }

  /// Everything that must survive, as records in the order in which recovery takes them. The genesis, the
  /// start and the
  /// salts are the station's.
  package func checkpoint<E: Error>(
    scratch: UnsafeMutableRawBufferPointer, _ put: (UInt8, Bytes) throws(E) -> Void
  ) throws(E) {
    var offset = 0
    while offset < snapshots.count {
      var out = ByteWriter(scratch)
      out.varint(UInt64(snapshots.count))
      out.varint(UInt64(offset))
      let piece = min(out.remaining, snapshots.count - offset)
      out.bytes(snapshots.bytes.part(offset, offset + piece))
      try put(RecordKind.snapshot.rawValue, out.written)
      offset += piece
    }
    try acceptor.checkpoint(scratch: scratch, put)
  }
}
