// Decided entries to the state machine, in order, each once; and what the callers are told.

/// The parts of a command larger than one entry, until the last one is applied. What follows out of turn drops it: an
/// unfinished command has no effect, alike on every replica.
package struct JoinBuffer: ~Copyable {
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
  var bytes: Bytes { Bytes(start: store.baseAddress, count: count) }
}

extension Registry {
  /// Whether the command was applied within the token window.
  package func remembers(_ id: CommandID) -> Bool { tokens.find(id) != nil }
  /// What a command that is remembered gave; its old value, if it had one, is not handed out again here.
  package func remembered(_ id: CommandID) -> ApplyResult {
    guard let slot = tokens.find(id) else { return ApplyResult(outcome: .staleToken, index: lastIndex) }
    var outcome = slot.outcome
    if case .value = outcome { outcome = .valueNotKept }
    return ApplyResult(outcome: outcome, index: slot.index, isDuplicate: true)
  }
}

extension Node {
  /// Applies up to what is decided and in this log, no further.
  mutating func applyDecided(_ now: LocalTime) {
    while applied < acceptor.commit && !isStopped {  // bounded by the log's capacity
      let index = applied + 1
      precondition(acceptor.log.contains(index), "S08: what is decided and not applied is retained")
      apply(index, now)
      applied = index
      digests.note(index, registry.digest)
      takeSnapshotIfDue()
    }
  }

  private mutating func apply(_ index: LogIndex, _ now: LocalTime) {
    let head = acceptor.log.head(index)
    let payload = acceptor.log.payload(index)
    noteStamp(head.stamp, now)
    switch head.kind {
    case .begin:
      join.close()
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

  private mutating func finish(_ command: Bytes, _ token: CommandToken, _ index: LogIndex, _ time: ClusterTime) {
    let number = pending.number(of: token.id)
    let ticket = number.flatMap { pending.isThere($0) ? pending.item($0).ticket : nil }
    let result = registry.apply(command, token: token, at: index, time: time, wantsValue: ticket != nil)
    if result.isDuplicate { counters.duplicatesSkipped += 1 } else { counters.commandsApplied += 1 }
    guard let number else { return }
    if let ticket { effects.complete(Completion(ticket: ticket, result: result, token: token)) }
    pending.remove(number)
  }

  /// A snapshot is taken at named positions only, so that its bytes are the same on every replica.
  private mutating func takeSnapshotIfDue() {
    guard applied.raw % settings.snapshotEvery == 0, !join.isOpen, !snapshots.isBusy else { return }
    let log = acceptor.log.count
    guard log > acceptor.log.capacity / 2 || wantsSnapshot else { return }
    if snapshots.isServed(at: timeline.window) && log < acceptor.log.capacity * 7 / 8 { return }
    guard snapshots.take(registry, at: applied, begin: acceptor.committedBegin, time: stamp) else { return }
    counters.snapshotsTaken += 1
    wantsSnapshot = false
  }

  /// The snapshot is durable: the log behind it may go, but for a tail that spares late members a snapshot.
  package mutating func snapshotIsDurable() {
    snapshots.isBusy = false
    trimLog()
  }

  /// Cuts the log behind the snapshot, keeping at most a quarter of its room for members that are a little late.
  package mutating func trimLog() {
    let tail = UInt64(acceptor.log.capacity / 8)
    let upTo = snapshots.index.raw
    guard upTo > tail else { return }
    acceptor.compact(through: LogIndex(min(upTo - tail, acceptor.commit.raw)))
  }
}
