// The keys and values themselves: records in fixed memory, found through a table ordered by hash
// (KeyStore+Table), timed by a heap (KeyStore+Expiry), their bytes in a BlockArena.
//
// What fits is decided by `usedBytes` alone, which counts keys, values and a fixed overhead: never by where
// bytes happen to lie, since that differs between replicas.

/// What is known of one key; named by its number, which stays as long as the key does.
struct KeyRecord {
  var hash: UInt64
  /// Position of the last write of the value.
  var modifiedAt: LogIndex
  /// `ClusterTime.never` for a key that does not expire.
  var expiresAt: ClusterTime
  /// What the key adds to the digest.
  var digest: UInt64
  var block: UInt32
  var valueCount: UInt32
  var keyCount: UInt16
  /// Place in the expiry heap, or `KeyStore.nowhere`; in a free record, the next free one.
  var link: UInt32
}

extension ClusterTime {
  /// The expiry of what does not expire.
  static let never = ClusterTime(milliseconds: .max)
}

/// Invariants: `usedBytes <= limits.storeBytes`, `count <= limits.storeKeys`; `digest` is the wrapping sum of
/// all records' digests; each record is in the table once, and in the heap exactly when it can expire.
struct KeyStore: ~Copyable {
  static let nowhere = UInt32.max

  let limits: RegistryLimits
  let records: UnsafeMutablePointer<KeyRecord>
  let slots: UnsafeMutablePointer<TableSlot>
  let slotCount: Int
  let bucketBits: UInt32
  let heap: UnsafeMutablePointer<UInt32>
  var heapCount = 0
  private var arena: BlockArena
  /// Records `0 ..< touched` have been used; below them the free ones form a list.
  private(set) var touched = 0
  private var firstFree = KeyStore.nowhere
  private(set) var count = 0
  private(set) var usedBytes = 0
  private(set) var digest: UInt64 = 0

  init(_ limits: RegistryLimits) {
    self.limits = limits
    bucketBits = Self.bucketBits(limits.storeKeys)
    slotCount = (1 << Int(bucketBits)) + min(limits.storeKeys, Self.overflowSlots)
    records = .allocate(capacity: limits.storeKeys)
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: .empty, count: slotCount)
    heap = .allocate(capacity: limits.storeKeys)
    // A quarter to spare, so that a full store is not compacted for every write. A block costs less than the
    // overhead that is counted for its key, so the living ones never exceed `storeBytes`.
    precondition(BlockArena.headBytes + 7 <= RegistryLimits.keyOverhead)
    let largest = BlockArena.size(limits.keyBytes + limits.valueBytes)
    arena = BlockArena(byteCount: limits.storeBytes + limits.storeBytes / 4 + largest)
  }
  deinit {
    records.deallocate()
    slots.deallocate()
    heap.deallocate()
  }

  // MARK: What a record holds

  func key(_ record: UInt32) -> Bytes {
    let r = records + Int(record)
    return Bytes(start: arena.payload(Int(r.pointee.block)), count: Int(r.pointee.keyCount))
  }
  func value(_ record: UInt32) -> Bytes {
    let r = records + Int(record)
    return Bytes(
      start: arena.payload(Int(r.pointee.block)) + Int(r.pointee.keyCount), count: Int(r.pointee.valueCount))
  }
  var compactions: Int { arena.compactions }

  // MARK: Room

  /// Why a value of `valueCount` bytes cannot be stored, over `record` when the key is there; nil when it
  /// can.
  func refusal(keyCount: Int, valueCount: Int, over record: UInt32?) -> RegistryFailure? {
    var used = usedBytes
    if let record {
      used += valueCount - Int(records[Int(record)].valueCount)
    } else {
      if count == limits.storeKeys { return .tooManyKeys }
      used += RegistryLimits.cost(key: keyCount, value: valueCount)
    }
    return used > limits.storeBytes ? .storeFull : nil
  }

  // MARK: Changes

  /// Adds a key that is absent and for which there is room.
  ///
  /// - Returns: false when the table has no slot left near the key's own: `tooManyKeys`, alike on all
  ///   replicas.
  mutating func insert(
    _ key: Bytes, at place: KeyPlace, value: Bytes, expiresAt: ClusterTime, index: LogIndex
  ) -> Bool {
    let record = firstFree != Self.nowhere ? firstFree : UInt32(touched)
    guard openSlot(place, for: record) else { return false }
    if firstFree != Self.nowhere {
      firstFree = records[Int(record)].link
    } else {
      touched += 1
    }
    (records + Int(record)).initialize(
      to: KeyRecord(
        hash: place.hash, modifiedAt: index, expiresAt: .never, digest: 0, block: 0,
        valueCount: UInt32(value.count), keyCount: UInt16(key.count), link: Self.nowhere))
    // Counted only when its block is known: the compaction must not look for one.
    let block = newBlock(key.count + value.count, owner: record)
    records[Int(record)].block = UInt32(block)
    copy(key, to: arena.payload(block))
    copy(value, to: arena.payload(block) + key.count)
    count += 1
    usedBytes += RegistryLimits.cost(key: key.count, value: value.count)
    schedule(record, expiresAt)
    refreshDigest(of: record)
    return true
  }

  /// Writes another value over a key for which there is room.
  ///
  /// - Parameter key: the key's bytes from outside the store.
  mutating func replace(
    _ record: UInt32, _ key: Bytes, value: Bytes, expiresAt: ClusterTime, index: LogIndex
  ) {
    let r = records + Int(record)
    usedBytes += value.count - Int(r.pointee.valueCount)
    if key.count + value.count > arena.capacity(Int(r.pointee.block)) {
      arena.release(Int(r.pointee.block))
      let block = newBlock(key.count + value.count, owner: record)
      r.pointee.block = UInt32(block)
      copy(key, to: arena.payload(block))
    }
    r.pointee.valueCount = UInt32(value.count)
    r.pointee.modifiedAt = index
    copy(value, to: arena.payload(Int(r.pointee.block)) + key.count)
    schedule(record, expiresAt)
    refreshDigest(of: record)
  }

  /// Changes when the key expires, and nothing else.
  mutating func setExpiry(_ record: UInt32, _ expiresAt: ClusterTime) {
    schedule(record, expiresAt)
    refreshDigest(of: record)
  }

  mutating func remove(_ record: UInt32) {
    let r = records + Int(record)
    closeSlot(of: record)
    if r.pointee.expiresAt != .never { leaveHeap(record) }
    usedBytes -= RegistryLimits.cost(key: Int(r.pointee.keyCount), value: Int(r.pointee.valueCount))
    digest &-= r.pointee.digest
    arena.release(Int(r.pointee.block))
    count -= 1
    r.pointee.link = firstFree
    r.pointee.modifiedAt = .zero  // written never: a walk passes by
    firstFree = record
  }

  mutating func removeAll() {
    slots.update(repeating: .empty, count: slotCount)
    arena.removeAll()
    heapCount = 0
    touched = 0
    firstFree = Self.nowhere
    count = 0
    usedBytes = 0
    digest = 0
  }

  // MARK: Inside

  /// A block for `payload` bytes; the caller has made sure of `usedBytes`.
  private mutating func newBlock(_ payload: Int, owner: UInt32) -> Int {
    if let block = arena.allocate(payload, owner: owner) { return block }
    let records = records
    arena.compact(
      used: { Int(records[Int($0)].keyCount) + Int(records[Int($0)].valueCount) },
      moved: { records[Int($0)].block = UInt32($1) })
    guard let block = arena.allocate(payload, owner: owner) else {
      preconditionFailure("what is counted as fitting fits after a compaction")
    }
    return block
  }

  private func copy(_ bytes: Bytes, to place: UnsafeMutableRawPointer) {
    if let source = bytes.baseAddress { place.copyMemory(from: source, byteCount: bytes.count) }
  }

  /// Brings the record's part of the digest up to date.
  private mutating func refreshDigest(of record: UInt32) {
    let r = records + Int(record)
    digest &-= r.pointee.digest
    r.pointee.digest = freshDigest(record)
    digest &+= r.pointee.digest
  }

  /// What the record adds to the digest, from its content.
  @inline(__always)
  func freshDigest(_ record: UInt32) -> UInt64 {
    let r = records[Int(record)]
    return Self.digest(r.hash, value(record), expiresAt: r.expiresAt, modifiedAt: r.modifiedAt)
  }

  static func digest(_ hash: UInt64, _ value: Bytes, expiresAt: ClusterTime, modifiedAt: LogIndex) -> UInt64 {
    let content = ContentHash.mix(hash, ContentHash.hash(value))
    return ContentHash.mix(content, ContentHash.mix(expiresAt.milliseconds, modifiedAt.raw))
  }
}
