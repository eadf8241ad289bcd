// Decided entries to the state machine, in order, each once; and what the callers are told.

/// The parts of a command larger than one entry, until the last one is applied. What follows out of turn
/// drops it: an
/// unfinished command has no effect, alike on every replica.
public struct JoinBuffer: ~Copyable {
  private let store: UnsafeMutableRawBufferPointer
  package private(set) var count = 0
  package private(set) var token = EntryHead.noToken
  package private(set) var isOpen = false
  /// The command grew past every limit: it is skipped as a whole.
  package private(set) var isTooLarge = false

  package init(byteCount: Int) { store = .allocate(byteCount: byteCount, alignment: 8) }
  deinit { store.deallocate() }

  mutating func begin(_ token: CommandToken, _ payload: Bytes) {
    self.token = token
    isOpen = true
    isTooLarge = false
    count = 0
    add(payload)
  }
  mutating func add(_ payload: Bytes) {
    guard payload.count <= store.count - count else {
      isTooLarge = true
      return
    }
    if payload.count > 0 {
      UnsafeMutableRawBufferPointer(rebasing: store[count..<count + payload.count]).copyMemory(from: payload)
    }
    count += payload.count
  }
  mutating func close() { isOpen = false }

  /// An unfinished command is part of the state at its index, so it goes with a snapshot.
  func write(to out: inout ByteWriter) {
    out.u8(isOpen ? isTooLarge ? 2 : 1 : 0)
    guard isOpen else { return }
    EntryCodec.writeToken(token, to: &out)
    out.varint(UInt64(count))
    out.bytes(bytes)
  }
  mutating func read(_ input: inout ByteReader) {
    let state = input.u8()
    isOpen = state == 1 || state == 2
    isTooLarge = state == 2
    count = 0
    guard isOpen else { return }
    token = EntryCodec.readToken(&input)
    add(input.bytes(Int(input.varint(atMost: UInt64(store.count)))))
  }
  /// Bytes that `write` takes at most.
  static func sizeBound(command: Int) -> Int { 32 + command }

  var bytes: Bytes { Bytes(start: store.baseAddress, count: count) }
}

extension Registry {
  /// Whether the command was applied within the token window.
  package func remembers(_ id: CommandID) -> Bool { tokens.find(id) != nil }
}

extension Node {
  /// Applies up to what is decided and in this log, no further.
  mutating func applyDecided(_ now: LocalTime) {
    while applied < acceptor.commit && !isStopped && !awaitsReaders {  // bounded by the log's capacity
      let index = applied + 1
      precondition(acceptor.log.contains(index), "S08: what is decided and not applied is retained")
      apply(index, now)
      applied = index
      digests.note(index, registry.digest)
      if applied.raw % settings.snapshotEvery == 0 && isSnapshotDue { takeSnapshot() }
    }
    if acceptor.lacksRoom { makeRoom() }
  }

  private mutating func apply(_ index: LogIndex, _ now: LocalTime) {
    let head = acceptor.log.head(index)
    let payload = acceptor.log.payload(index)
    noteStamp(head.stamp, now)
    switch head.kind {
    case .begin:
      join.close()
      if let start = BallotStart(payload) { appliedBegin = start.ballot }
      registry.advance(to: index, time: head.stamp)
    case .command:
      inFlight.remove(head.token.id)
      windowsSinceTraffic = 0
      if head.hasMore {
        join.begin(head.token, payload)
        registry.advance(to: index, time: head.stamp)
      } else {
        join.close()
        finish(payload, head.token, index, head.stamp)
      }
    case .part:
      guard join.isOpen else {
        registry.advance(to: index, time: head.stamp)
        return
      }
      join.add(payload)
      if head.hasMore {
        registry.advance(to: index, time: head.stamp)
      } else {
        join.close()
        finish(join.isTooLarge ? Bytes(start: nil, count: 0) : join.bytes, join.token, index, head.stamp)
      }
    }
  }

  private mutating func finish(
    _ command: Bytes, _ token: CommandToken, _ index: LogIndex, _ time: ClusterTime
  ) {
    let number = pending.number(of: token.id)
    let ticket = number.flatMap { pending.isThere($0) ? pending.item($0).ticket : nil }
    let result = registry.apply(command, token: token, at: index, time: time, wantsValue: ticket != nil)
    if result.isDuplicate { counters.duplicatesSkipped += 1 } else { counters.commandsApplied += 1 }
    guard let number else { return }
    if pending.isThere(number), pending.item(number).readsFollow { awaitsReaders = true }
    if let ticket { effects.complete(Completion(ticket: ticket, result: result, token: token)) }
    pending.remove(number)
  }

  /// The caller of this write has sent reads behind it that shall see this state, not a later one: applying stops after
  /// it until `readersAnswered`.
  package mutating func readsFollow(_ ticket: Ticket) { pending.noteReadsFollow(ticket) }

  /// Goes on applying, if it stopped for readers.
  ///
  /// - Returns: whether it had stopped: there may be outcomes again.
  package mutating func readersAnswered(_ now: LocalTime) -> Bool {
    guard awaitsReaders else { return false }
    awaitsReaders = false
    settle(now)
    return true
  }

  /// Snapshots are taken at named positions, so that every member can serve chunks of the same one; one
  /// that is
  /// being fetched stays for a while.
  private var isSnapshotDue: Bool {
    let used = max(
      acceptor.log.count * 1000 / acceptor.log.capacity,
      acceptor.log.usedBytes * 1000 / acceptor.log.byteCapacity)
    return used > (snapshots.isServed(at: timeline.window) ? 500 : 333) || wantsSnapshot
  }

  private mutating func takeSnapshot() {
    guard !snapshots.isBusy,
      snapshots.take(registry, join, at: applied, begin: appliedBegin)
    else { return }
    counters.snapshotsTaken += 1
    wantsSnapshot = false
  }

  /// The log is full: a snapshot is taken wherever this node is, and nothing behind it is kept for others.
  private mutating func makeRoom() {
    guard !snapshots.isBusy else { return }
    if snapshots.index < applied { takeSnapshot() }
    keepsTail = false
    // Cut only together with a checkpoint: a restart must find no longer log than there is room for.
    wantsRotation = true
    acceptor.lacksRoom = false
  }

  /// Its checkpoint is on disk: another snapshot may be taken.
  package mutating func snapshotIsDurable() { snapshots.isBusy = false }

  /// Cuts the log behind the snapshot, but for a tail that spares members that are a little late a
  /// snapshot. Done
  /// before the checkpoint is written, so that what it holds never outgrows the log of the next start.
  package mutating func trimLog() {
    let tail = keepsTail ? UInt64(acceptor.log.capacity / 8) : 0
    keepsTail = true
    guard snapshots.index.raw > tail else { return }
    acceptor.compact(through: LogIndex(min(snapshots.index.raw - tail, acceptor.commit.raw)))
  }
}
