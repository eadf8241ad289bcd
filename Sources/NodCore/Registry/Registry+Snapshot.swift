// The registry as bytes: what a member that was away too long is sent, and what a node starts from.
// Canonical: two registries in the same state give the same bytes, whatever their history, since keys go in
// the order of their hash and tokens in that of their positions.
//
//   u32 magic, u8 version, limits (5 varints), last index, time, key count, token count
//   a key:    length, bytes, value length, bytes, last index - its version, 0 or expiry + 1
//   a token:  see SnapshotTokens
//   u64 digest of all that, as `Registry.digest` gives it
// Numbers without a size are varints.

package enum SnapshotError: UInt8, Error, Hashable, Sendable {
  /// The bytes do not begin as a snapshot does.
  case notASnapshot = 1
  /// Written by a version that this one does not know.
  case unknownVersion
  /// Taken under other `RegistryLimits`.
  case otherLimits
  /// Cut off, out of order, or beyond the limits.
  case malformed
  /// All of it can be read, but is not what was written.
  case wrongDigest
}

/// Where a snapshot goes: to bytes, or to nothing but their count.
protocol SnapshotSink {
  mutating func u8(_ value: UInt8)
  mutating func varint(_ value: UInt64)
  mutating func signedVarint(_ value: Int64)
  mutating func bytes(_ source: Bytes)
}

extension ByteWriter: SnapshotSink {}

struct SnapshotSize: SnapshotSink {
  private(set) var count = 0
  mutating func u8(_ value: UInt8) { count += 1 }
  mutating func varint(_ value: UInt64) { count += ByteWriter.varintSize(value) }
  mutating func signedVarint(_ value: Int64) { varint(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }
  mutating func bytes(_ source: Bytes) { count += source.count }
}

private enum SnapshotForm {
  static let magic: UInt32 = 0x5244_4f4e  // "NODR"
  static let version: UInt8 = 1
  /// Magic, version, nine varints.
  static let headBytes = 4 + 1 + 9 * 10
  static let digestBytes = 8
}

extension Registry {
  /// No snapshot under these limits is larger.
  package static func maxSnapshotBytes(_ limits: RegistryLimits) -> Int {
    // What a key takes beside its bytes (3 + 3 + 10 + 10) is less than the overhead that is counted for it.
    let tokens = (limits.tokenWindow + 1) * SnapshotTokens.largest + limits.keptValuesBytes
    return SnapshotForm.headBytes + limits.storeBytes + tokens + SnapshotForm.digestBytes
  }
}

// MARK: Writing

extension Registry {
  /// Bytes that `writeSnapshot` writes now.
  ///
  /// - Complexity: O(keys + tokens).
  package var snapshotSize: Int {
    var size = SnapshotSize()
    writeBody(to: &size)
    return 4 + size.count + SnapshotForm.digestBytes
  }

  /// - Complexity: O(bytes written).
  package func writeSnapshot(into out: inout ByteWriter) {
    out.u32(SnapshotForm.magic)
    writeBody(to: &out)
    out.u64(digest)
  }

  private func writeBody<Sink: SnapshotSink>(to out: inout Sink) {
    out.u8(SnapshotForm.version)
    out.varint(UInt64(limits.storeBytes))
    out.varint(UInt64(limits.storeKeys))
    out.varint(UInt64(limits.keyBytes))
    out.varint(UInt64(limits.valueBytes))
    out.varint(UInt64(limits.tokenWindow))
    out.varint(lastIndex.raw)
    out.varint(now.milliseconds)
    out.varint(UInt64(keys.count))
    out.varint(UInt64(tokens.count))
    for slot in 0..<keys.slotCount where !keys.slots[slot].isEmpty {
      writeKey(keys.slots[slot].record, to: &out)
    }
    var history = SnapshotTokens(before: tokens.oldest)
    var index = tokens.oldest
    while index <= lastIndex {  // the token window at most
      if let entry = tokens.entry(at: index) {
        var value = Bytes(start: nil, count: 0)
        if case .value(let range) = entry.outcome { value = tokens.copyValue(range, to: oldValue) }
        history.write(entry, value, to: &out)
      }
      index = index + 1
    }
  }

  private func writeKey<Sink: SnapshotSink>(_ record: UInt32, to out: inout Sink) {
    let key = keys.key(record)
    let value = keys.value(record)
    let about = keys.records[Int(record)]
    out.varint(UInt64(key.count))
    out.bytes(key)
    out.varint(UInt64(value.count))
    out.bytes(value)
    out.varint(lastIndex.raw - about.modifiedAt.raw)
    out.varint(about.expiresAt == .never ? 0 : about.expiresAt.milliseconds + 1)
  }
}

// MARK: Reading

/// The head of a snapshot, its limits checked.
private struct SnapshotHead {
  var lastIndex: LogIndex
  var now: ClusterTime
  var keyCount: Int
  var tokenCount: Int

  init(_ input: inout ByteReader, _ limits: RegistryLimits) throws(SnapshotError) {
    if input.u32() != SnapshotForm.magic || input.failed { throw .notASnapshot }
    if input.u8() != SnapshotForm.version || input.failed { throw .unknownVersion }
    let expected = (
      limits.storeBytes, limits.storeKeys, limits.keyBytes, limits.valueBytes, limits.tokenWindow
    )
    var areSame = input.varint() == UInt64(expected.0)
    areSame = input.varint() == UInt64(expected.1) && areSame
    areSame = input.varint() == UInt64(expected.2) && areSame
    areSame = input.varint() == UInt64(expected.3) && areSame
    areSame = input.varint() == UInt64(expected.4) && areSame
    if input.failed { throw .malformed }
    if !areSame { throw .otherLimits }
    lastIndex = LogIndex(input.varint(atMost: UInt64(Int64.max)))
    now = ClusterTime(milliseconds: input.varint(atMost: .max - 1))
    keyCount = Int(input.varint(atMost: UInt64(limits.storeKeys)))
    tokenCount = Int(input.varint(atMost: UInt64(limits.tokenWindow) + 1))
    if input.failed { throw .malformed }
  }
}

/// One key of a snapshot, borrowed from it.
private struct SnapshotKey {
  var key: Bytes
  var value: Bytes
  var modifiedAt: LogIndex
  var expiresAt: ClusterTime

  init(_ input: inout ByteReader, _ head: SnapshotHead, _ limits: RegistryLimits) throws(SnapshotError) {
    key = input.bytes(Int(input.varint(atMost: UInt64(limits.keyBytes))))
    value = input.bytes(Int(input.varint(atMost: UInt64(limits.valueBytes))))
    let age = input.varint()
    let expiry = input.varint()
    if input.failed || age > head.lastIndex.raw { throw .malformed }
    modifiedAt = LogIndex(head.lastIndex.raw - age)
    expiresAt = expiry == 0 ? .never : ClusterTime(milliseconds: expiry - 1)
  }
}

extension Registry {
  /// Becomes what the snapshot says.
  ///
  /// All of it is read once without effect, so that a damaged snapshot does not cost a working state. Only
  /// one that was made up (valid digest, impossible content) leaves the registry empty. Values handed out and
  /// changes that nobody has taken yet stay.
  package mutating func restore(from bytes: Bytes, of index: LogIndex? = nil) throws(SnapshotError) {
    if bytes.count > Self.maxSnapshotBytes(limits) { throw .malformed }
    try check(bytes, of: index)
    removeAll()
    guard try load(bytes) else {
      removeAll()
      throw .malformed
    }
  }

  /// Empty, as at the beginning of the log.
  private mutating func removeAll() {
    keys.removeAll()
    tokens.removeAll()
    lastIndex = .zero
    now = .zero
  }

  /// Keys and tokens in their order and within the limits, and the digest that of what was read.
  private func check(_ bytes: Bytes, of index: LogIndex?) throws(SnapshotError) {
    var input = ByteReader(bytes)
    let head = try SnapshotHead(&input, limits)
    if let index, index != head.lastIndex { throw .malformed }
    let keySum = try checkKeys(&input, head)
    var tokenSum: UInt64 = 0
    let oldest = TokenMemory.oldest(head.lastIndex, window: limits.tokenWindow)
    var history = SnapshotTokens(before: oldest)
    for _ in 0..<head.tokenCount {
      let (token, value) = try history.read(&input)
      if token.index > head.lastIndex { throw .malformed }
      tokenSum &+= TokenMemory.digest(token.id, token.index, token.outcome, value)
    }
    let written = input.u64()
    if input.failed || !input.isAtEnd { throw .malformed }
    if written != Self.digest(keySum, tokenSum, at: head.lastIndex, head.now) { throw .wrongDigest }
  }

  /// - Returns: what the keys add to the digest.
  private func checkKeys(_ input: inout ByteReader, _ head: SnapshotHead) throws(SnapshotError) -> UInt64 {
    var sum: UInt64 = 0
    var used = 0
    var before: (hash: UInt64, key: Bytes)?
    for _ in 0..<head.keyCount {
      let read = try SnapshotKey(&input, head, limits)
      let hash = ContentHash.hash(read.key)
      if let before, before.hash > hash || (before.hash == hash && before.key.order(read.key) >= 0) {
        throw .malformed
      }
      before = (hash, read.key)
      used += RegistryLimits.cost(key: read.key.count, value: read.value.count)
      if used > limits.storeBytes { throw .malformed }
      sum &+= KeyStore.digest(hash, read.value, expiresAt: read.expiresAt, modifiedAt: read.modifiedAt)
    }
    return sum
  }

  /// Stores what was checked; false when it cannot be, as no writer's work would.
  private mutating func load(_ bytes: Bytes) throws(SnapshotError) -> Bool {
    var input = ByteReader(bytes)
    let head = try SnapshotHead(&input, limits)
    for _ in 0..<head.keyCount {
      let read = try SnapshotKey(&input, head, limits)
      let place = keys.find(read.key)
      let isIn = keys.insert(
        read.key, at: place, value: read.value, expiresAt: read.expiresAt, index: read.modifiedAt)
      if !isIn { return false }
    }
    if head.lastIndex > .zero { tokens.advance(to: head.lastIndex) }
    var history = SnapshotTokens(before: tokens.oldest)
    for _ in 0..<head.tokenCount {
      let (token, value) = try history.read(&input)
      if !tokens.remember(token.id, at: token.index, token.outcome, value: value) { return false }
    }
    lastIndex = head.lastIndex
    now = head.now
    return input.u64() == digest
  }
}
