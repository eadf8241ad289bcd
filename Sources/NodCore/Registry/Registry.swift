// The replicated state machine: keys with values, expiry and the position of their last write, and the memory
// of which commands were applied. The log feeds it one position after the other; everything it does follows
// from what it is fed, so replicas at one position are alike to the bit (`digest`, snapshots).
//
// Here are the state and the way of one log position. Registry+Commands says what each command does,
// Registry+Reading answers local readers, Registry+Snapshot writes the state down.

/// Invariants: `now` never goes back; keys, tokens and `now` are those of position `lastIndex`. All memory is
/// taken at init.
public struct Registry: ~Copyable {
  package let limits: RegistryLimits
  var keys: KeyStore
  var tokens: TokenMemory
  var changes: ChangeRing
  /// Whether changes of keys are put into the ring.
  package var recordsChanges: Bool
  package internal(set) var lastIndex = LogIndex.zero
  /// Cluster time of the last position.
  package internal(set) var now = ClusterTime.zero

  /// The old value of the command at hand, before it is remembered and handed out.
  let oldValue: UnsafeMutableRawBufferPointer
  var oldValueCount = 0
  /// Old values handed out since `clearValues`.
  private let results: UnsafeMutableRawBufferPointer
  private var resultsCount = 0

  /// - Parameters:
  ///   - changeBytes: room for changes that nobody has taken yet; 0 leaves them off.
  ///   - resultBytes: room for old values (SET with GET) that nobody has taken yet.
  package init(limits: RegistryLimits, changeBytes: Int = 0, resultBytes: Int = 65_536) {
    precondition(limits.areWithinBounds, "limits are checked where they are read")
    self.limits = limits
    keys = KeyStore(limits)
    tokens = TokenMemory(limits)
    changes = ChangeRing(byteCount: changeBytes)
    recordsChanges = changeBytes > 0
    let largestOld = max(limits.valueBytes, RegistryLimits.keptValueBytes)
    oldValue = .allocate(byteCount: largestOld, alignment: 8)
    results = .allocate(byteCount: max(resultBytes, largestOld), alignment: 8)
  }
  deinit {
    oldValue.deallocate()
    results.deallocate()
  }

  // MARK: The log

  /// Applies the command at a log position.
  ///
  /// Positions come in order, each once; those left out count as positions without a command, at the time of
  /// the next. What is left out must be the same on all replicas.
  ///
  /// - Parameters:
  ///   - index: past `lastIndex`.
  ///   - time: the leader's stamp; one that goes back counts as the last one.
  ///   - wantsValue: whether somebody here waits for an old value; no part of the replicated result.
  /// - Complexity: O(size of the command) on average; a compaction of the store now and then.
  package mutating func apply(
    _ command: Bytes, token: CommandToken, at index: LogIndex, time: ClusterTime, wantsValue: Bool = true
  ) -> ApplyResult {
    advance(to: index, time: time)
    if tokens.isStale(token.issuedAt) { return ApplyResult(outcome: .staleToken, index: index) }
    if let before = tokens.find(token.id) { return repeated(before, wantsValue) }
    oldValueCount = 0
    let outcome = perform(command)
    let isNew = tokens.remember(token.id, at: index, outcome, value: oldValueBytes)
    precondition(isNew, "a command is applied once")
    return ApplyResult(outcome: handedOut(outcome, wantsValue), index: index)
  }

  /// Moves on to a position that carries no command.
  package mutating func advance(to index: LogIndex, time: ClusterTime) {
    precondition(index > lastIndex, "log positions come in order, each once")
    let positions = index.distance(from: lastIndex)
    lastIndex = index
    // The largest time is kept for "never".
    now = max(now, min(time, ClusterTime(milliseconds: .max - 1)))
    tokens.advance(to: index)
    var left = RegistryLimits.expiriesPerPosition &* min(positions, keys.count)
    while left > 0, let expired = keys.firstExpired(now) {
      remove(expired, .expired)
      left -= 1
    }
  }

  /// What a command gave that is still remembered, as a repetition of it would be told.
  package mutating func result(of id: CommandID, wantsValue: Bool = true) -> ApplyResult? {
    tokens.find(id).map { repeated($0, wantsValue) }
  }

  // MARK: Results

  /// An old value handed out since `clearValues`.
  package func value(_ range: ValueRange) -> Bytes {
    Bytes(results).part(range.offset, range.offset + range.count)
  }

  /// Old values handed out so far have been taken.
  package mutating func clearValues() { resultsCount = 0 }

  var oldValueBytes: Bytes { Bytes(start: oldValue.baseAddress, count: oldValueCount) }

  private mutating func repeated(_ before: TokenMemory.Slot, _ wantsValue: Bool) -> ApplyResult {
    var outcome = before.outcome
    if case .value(let range) = outcome {
      oldValueCount = tokens.copyValue(range, to: oldValue).count
      outcome = handedOut(outcome, wantsValue)
    }
    return ApplyResult(outcome: outcome, index: before.index, isDuplicate: true)
  }

  /// The outcome with its value, now in `oldValue`, moved to where the caller takes it from.
  private mutating func handedOut(_ outcome: ApplyOutcome, _ wantsValue: Bool) -> ApplyOutcome {
    guard case .value = outcome else { return outcome }
    guard wantsValue, oldValueCount <= results.count - resultsCount else { return .valueNotKept }
    let range = ValueRange(offset: resultsCount, count: oldValueCount)
    UnsafeMutableRawBufferPointer(rebasing: results[range.offset..<range.offset + range.count])
      .copyMemory(from: oldValueBytes)
    resultsCount += oldValueCount
    return .value(range)
  }

  // MARK: Changes

  /// The oldest change not taken yet, its key copied to `buffer`.
  package mutating func nextChange(into buffer: UnsafeMutableRawBufferPointer) -> Change? {
    changes.next(into: buffer)
  }
  /// Changes lost because nobody took those before them.
  package var droppedChanges: UInt64 { changes.dropped }

  mutating func tell(_ event: ChangeEvent, _ key: Bytes) {
    if recordsChanges { changes.append(event, key, lastIndex) }
  }

  @inline(never)
  mutating func remove(_ record: UInt32, _ event: ChangeEvent) {
    if recordsChanges { changes.append(event, keys.key(record), lastIndex) }
    keys.remove(record)
  }
}
