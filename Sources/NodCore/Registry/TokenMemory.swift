// Exactly once in bounded memory: which commands were applied in the last W log positions, and what they
// gave.
//
// The argument in one paragraph: a token names its command and the log position P at which it was issued, and
// its command is applied at P or later. The copy at position i is judged only if i - P <= W; whatever was
// applied at j >= P is remembered while i - j <= W, hence still at i. So a copy is either recognised, or
// refused as too old to judge; it is never applied twice. All of it follows from log positions, alike on
// every replica.

/// Invariant: holds exactly the commands applied at the positions `newest - W ... newest`, one a position at
/// most, each identity once; `digest` is the wrapping sum of what they add.
struct TokenMemory: ~Copyable {
  struct Slot {
    /// Where the command was applied; 0 when the slot holds none.
    var index: LogIndex
    var id: CommandID
    /// A value's range lies in the ring of kept bytes.
    var outcome: ApplyOutcome
    var digest: UInt64
  }
  private static let none = Slot(
    index: .zero, id: CommandID(node: NodeID(0), incarnation: 0, sequence: 0), outcome: .ok, digest: 0)
  private static let emptyBucket = UInt32.max

  let window: Int
  /// By log position, a power of two so that position and slot differ by a mask.
  private let slots: UnsafeMutablePointer<Slot>
  private let slotMask: UInt64
  /// Slot numbers by hash of the identity, linear probing, at most half full.
  private let buckets: UnsafeMutablePointer<UInt32>
  private let bucketMask: Int
  /// Old values, oldest first, from `keptStart` on and round the end.
  private let kept: UnsafeMutableRawBufferPointer
  private var keptStart = 0
  private(set) var keptCount = 0
  private(set) var newest = LogIndex.zero
  private(set) var count = 0
  private(set) var digest: UInt64 = 0

  init(_ limits: RegistryLimits) {
    window = limits.tokenWindow
    var capacity = 1
    while capacity < window + 1 { capacity *= 2 }
    slotMask = UInt64(capacity - 1)
    slots = .allocate(capacity: capacity)
    slots.initialize(repeating: Self.none, count: capacity)
    bucketMask = 2 * capacity - 1
    buckets = .allocate(capacity: 2 * capacity)
    buckets.initialize(repeating: Self.emptyBucket, count: 2 * capacity)
    kept = .allocate(byteCount: limits.keptValuesBytes, alignment: 8)
  }
  deinit {
    slots.deallocate()
    buckets.deallocate()
    kept.deallocate()
  }

  private func slot(_ index: LogIndex) -> UnsafeMutablePointer<Slot> { slots + Int(index.raw & slotMask) }

  /// The oldest position that is still remembered.
  var oldest: LogIndex { Self.oldest(newest, window: window) }

  static func oldest(_ newest: LogIndex, window: Int) -> LogIndex {
    newest.raw > UInt64(window) ? newest + -window : LogIndex(1)
  }

  /// What was applied at a position, if a command was.
  func entry(at index: LogIndex) -> Slot? {
    let found = slot(index).pointee
    return found.index == index && index != .zero ? found : nil
  }

  // MARK: Positions

  /// Moves on to `index`, forgetting what is then more than the window behind.
  ///
  /// Complexity: O(positions passed), at most the window.
  mutating func advance(to index: LogIndex) {
    precondition(index > newest)
    let passed = index.distance(from: newest)
    if passed > window {
      removeAll()
    } else {
      var leaving = oldest
      newest = index
      while leaving < oldest {
        forget(leaving)
        leaving = leaving + 1
      }
    }
    newest = index
  }

  /// Whether a command with this token may be judged at the newest position.
  func isStale(_ issuedAt: LogIndex) -> Bool {
    issuedAt > newest || newest.distance(from: issuedAt) > window
  }

  // MARK: Identities

  /// What the command of this identity gave, if it is remembered.
  func find(_ id: CommandID) -> Slot? {
    var bucket = id.place & bucketMask
    while buckets[bucket] != Self.emptyBucket {  // half of the buckets are empty
      let found = slots[Int(buckets[bucket])]
      if found.id == id { return found }
      bucket = (bucket + 1) & bucketMask
    }
    return nil
  }

  /// Remembers what the command at `index` gave.
  ///
  /// - Parameters:
  ///   - index: not remembered yet, within the window of the newest.
  ///   - value: the old value, when that is the outcome; one too large, or for which the ring has no room, is
  ///     not kept, and the outcome remembered is `.valueNotKept`.
  /// - Returns: false when the identity is remembered already; nothing has changed then.
  mutating func remember(_ id: CommandID, at index: LogIndex, _ outcome: ApplyOutcome, value: Bytes) -> Bool {
    precondition(index <= newest && index >= oldest && entry(at: index) == nil)
    var bucket = id.place & bucketMask
    while buckets[bucket] != Self.emptyBucket {
      if slots[Int(buckets[bucket])].id == id { return false }
      bucket = (bucket + 1) & bucketMask
    }
    var stored = outcome
    if case .value = outcome {
      stored = keep(value).map { .value($0) } ?? .valueNotKept
    }
    let added = Self.digest(id, index, stored, value)
    slot(index).pointee = Slot(index: index, id: id, outcome: stored, digest: added)
    buckets[bucket] = UInt32(truncatingIfNeeded: index.raw & slotMask)
    digest &+= added
    count += 1
    return true
  }

  mutating func removeAll() {
    slots.update(repeating: Self.none, count: Int(slotMask) + 1)
    buckets.update(repeating: Self.emptyBucket, count: bucketMask + 1)
    keptStart = 0
    keptCount = 0
    count = 0
    digest = 0
    newest = .zero
  }

  private mutating func forget(_ index: LogIndex) {
    guard let found = entry(at: index) else { return }
    if case .value(let range) = found.outcome {
      precondition(range.offset == keptStart, "values leave in the order in which they came")
      keptStart = (keptStart + range.count) % kept.count
      keptCount -= range.count
    }
    digest &-= found.digest
    count -= 1
    closeBucket(UInt32(truncatingIfNeeded: index.raw & slotMask), found.id)
    slot(index).pointee = Self.none
  }

  /// Empties the bucket of a slot and moves up those that it had pushed on.
  private func closeBucket(_ number: UInt32, _ id: CommandID) {
    var hole = id.place & bucketMask
    while buckets[hole] != number { hole = (hole + 1) & bucketMask }
    var next = (hole + 1) & bucketMask
    while buckets[next] != Self.emptyBucket {
      let home = slots[Int(buckets[next])].id.place & bucketMask
      // It may move to the hole unless its home lies between the two.
      if (next - home) & bucketMask >= (next - hole) & bucketMask {
        buckets[hole] = buckets[next]
        hole = next
      }
      next = (next + 1) & bucketMask
    }
    buckets[hole] = Self.emptyBucket
  }

  // MARK: Old values

  private mutating func keep(_ value: Bytes) -> ValueRange? {
    guard value.count <= RegistryLimits.keptValueBytes, value.count <= kept.count - keptCount else {
      return nil
    }
    let offset = (keptStart + keptCount) % kept.count
    var i = 0
    while i < value.count {
      kept[(offset + i) % kept.count] = value[i]
      i += 1
    }
    keptCount += value.count
    return ValueRange(offset: offset, count: value.count)
  }

  /// Puts a kept value in one piece into `buffer`, `keptValueBytes` long at least.
  func copyValue(_ range: ValueRange, to buffer: UnsafeMutableRawBufferPointer) -> Bytes {
    var i = 0
    while i < range.count {
      buffer[i] = kept[(range.offset + i) % kept.count]
      i += 1
    }
    return Bytes(start: buffer.baseAddress, count: range.count)
  }

  // MARK: Hashes

  private static func hash(_ id: CommandID) -> UInt64 {
    ContentHash.mix(UInt64(id.incarnation) << 32 | UInt64(id.sequence), UInt64(id.node.raw))
  }

  /// What a remembered command adds to the digest.
  static func digest(_ id: CommandID, _ index: LogIndex, _ outcome: ApplyOutcome, _ value: Bytes) -> UInt64 {
    let content: UInt64
    switch outcome {
    case .ok: content = 1
    case .none: content = 2
    case .valueNotKept: content = 3
    case .staleToken: content = 4
    case .failed(let failure): content = ContentHash.mix(5, UInt64(failure.rawValue))
    case .integer(let number): content = ContentHash.mix(6, UInt64(bitPattern: number))
    case .value: content = ContentHash.mix(7, ContentHash.hash(value))
    }
    return ContentHash.mix(ContentHash.mix(hash(id), index.raw), content)
  }
}
