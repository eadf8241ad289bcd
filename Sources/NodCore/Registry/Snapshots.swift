// The newest snapshot as bytes, for the journal and for members that are behind the log; and one that is
// being fetched,
// chunk by chunk, in any order, over many windows, resuming where it stopped.

/// Named by index and hash: chunks of two snapshots never mix.
public struct Snapshots: ~Copyable {
  /// The prelude of a snapshot: version, index, begin ballot, cluster time.
  static let headBytes = 48

  private let own: UnsafeMutableRawBufferPointer
  private let incoming: UnsafeMutableRawBufferPointer
  private let have: UnsafeMutablePointer<UInt64>
  private let haveWords: Int
  package let chunkSize: Int

  package private(set) var index = LogIndex.zero
  package private(set) var hash: UInt64 = 0
  package private(set) var count = 0
  /// It is being written to the journal: no other is taken meanwhile.
  package var isBusy = false
  /// The newest window in which a member asked for a chunk of it.
  var servedWindow: UInt32 = 0

  package private(set) var fetchIndex = LogIndex.zero
  package private(set) var fetchHash: UInt64 = 0
  package private(set) var fetchCount = 0
  private(set) var chunksMissing = 0
  /// The newest window in which a chunk of it came.
  private var fetchWindow: UInt32 = 0
  /// Windows without a chunk of it after which whoever has it is taken to be gone.
  private static let fetchPatience: UInt32 = 16
  package var isFetching: Bool { chunksMissing > 0 }

  package init(byteCount: Int, mtu: Int) {
    let size = byteCount + Snapshots.headBytes
    own = .allocate(byteCount: size, alignment: 8)
    incoming = .allocate(byteCount: size, alignment: 8)
    chunkSize = max(8, mtu - Limits.frameOverhead - 56)
    haveWords = size / chunkSize / 64 + 1
    have = .allocate(capacity: haveWords)
    have.initialize(repeating: 0, count: haveWords)
  }
  deinit {
    own.deallocate()
    incoming.deallocate()
    have.deallocate()
  }

  package var bytes: Bytes { Bytes(start: own.baseAddress, count: count) }
  package var capacity: Int { own.count }
  var chunkCount: UInt32 { UInt32((count + chunkSize - 1) / chunkSize) }
  func isServed(at window: UInt32) -> Bool { servedWindow > 0 && window &- servedWindow < 64 }

  static func hash(_ bytes: Bytes) -> UInt64 {
    var h: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a, 64 bits
    var i = 0
    while i < bytes.count {
      h = (h ^ UInt64(bytes[i])) &* 0x0000_0100_0000_01b3
      i += 1
    }
    return h
  }

  /// Invariant (S15): made of nothing but what is decided up to `index`, so that all who take it there have the same
  /// bytes.
  mutating func take(
    _ registry: borrowing Registry, _ join: borrowing JoinBuffer, at index: LogIndex, begin: Ballot
  ) -> Bool {
    var out = ByteWriter(own)
    out.u8(1)
    out.u64(index.raw)
    out.u32(begin.round)
    out.u8(begin.node.raw)
    out.u64(registry.now.milliseconds)
    join.write(to: &out)
    registry.writeSnapshot(into: &out)
    guard !out.overflowed else { return false }
    self.index = index
    count = out.count
    hash = Snapshots.hash(out.written)
    isBusy = true
    return true
  }

  /// What a snapshot's first bytes say.
  package struct Head {
    package var index: LogIndex
    package var begin: Ballot
    package var time: ClusterTime
    package var body: Bytes
  }
  package static func head(_ bytes: Bytes) -> Head? {
    var input = ByteReader(bytes)
    guard input.u8() == 1 else { return nil }
    let index = LogIndex(input.u64())
    let round = input.u32()
    let node = input.u8()
    let time = ClusterTime(milliseconds: input.u64())
    if input.failed || Int(node) >= NodeSet.capacity { return nil }
    return Head(
      index: index, begin: Ballot(round: round, node: NodeID(node)), time: time,
      body: bytes.part(input.offset, bytes.count))
  }

  /// Begins to fetch another snapshot, or goes on with the same. An older one, or another of that index, takes the
  /// place of one of which nothing comes any more.
  package mutating func expect(_ index: LogIndex, hash: UInt64, byteCount: Int, window: UInt32) -> Bool {
    if index == fetchIndex && hash == fetchHash && byteCount == fetchCount {
      fetchWindow = window
      return isFetching
    }
    let isAbandoned = window &- min(fetchWindow, window) >= Self.fetchPatience
    guard byteCount > 0, byteCount <= incoming.count, !isFetching || index > fetchIndex || isAbandoned else {
      return false
    }
    fetchWindow = window
    fetchIndex = index
    fetchHash = hash
    fetchCount = byteCount
    chunksMissing = (byteCount + chunkSize - 1) / chunkSize
    have.update(repeating: 0, count: haveWords)
    return true
  }
  func has(_ chunk: Int) -> Bool { have[chunk / 64] & (1 << UInt64(chunk % 64)) != 0 }

  /// Takes one chunk of the snapshot that is expected. true: it was the last one missing.
  mutating func put(_ chunk: Int, _ bytes: Bytes) -> Bool {
    guard isFetching, chunk >= 0, chunk <= (fetchCount - 1) / chunkSize, !has(chunk) else { return false }
    guard bytes.count == min(chunkSize, fetchCount - chunk * chunkSize) else { return false }
    UnsafeMutableRawBufferPointer(rebasing: incoming[chunk * chunkSize..<chunk * chunkSize + bytes.count])
      .copyMemory(from: bytes)
    have[chunk / 64] |= 1 << UInt64(chunk % 64)
    chunksMissing -= 1
    return chunksMissing == 0
  }
  func firstMissing() -> (chunk: UInt32, held: UInt64) {
    let total = (fetchCount + chunkSize - 1) / chunkSize
    var first = 0
    while first < total && has(first) { first += 1 }
    var held: UInt64 = 0
    var k = 0
    while k < 64 && first + 1 + k < total {
      if has(first + 1 + k) { held |= 1 << UInt64(k) }
      k += 1
    }
    return (UInt32(first), held)
  }
  /// Whole, and what it was named.
  var fetched: Bytes? {
    let bytes = Bytes(start: incoming.baseAddress, count: fetchCount)
    return chunksMissing == 0 && fetchCount > 0 && Snapshots.hash(bytes) == fetchHash ? bytes : nil
  }
  mutating func forgetFetch() {
    fetchIndex = .zero
    fetchCount = 0
    chunksMissing = 0
  }
  /// The fetched snapshot becomes the own one, to be served on and written to the journal.
  mutating func adoptFetched() {
    own.copyMemory(from: Bytes(start: incoming.baseAddress, count: fetchCount))
    index = fetchIndex
    hash = fetchHash
    count = fetchCount
    isBusy = true
    forgetFetch()
  }
  /// One piece of the snapshot out of the journal.
  package mutating func restore(_ bytes: Bytes, at offset: Int, of total: Int) -> Bool {
    guard total <= own.count, offset + bytes.count <= total, offset >= 0 else { return false }
    if bytes.count > 0 {
      UnsafeMutableRawBufferPointer(rebasing: own[offset..<offset + bytes.count]).copyMemory(from: bytes)
    }
    count = total
    return true
  }
  package mutating func finishRestore() -> Head? {
    guard let head = Snapshots.head(bytes) else { return nil }
    index = head.index
    hash = Snapshots.hash(bytes)
    return head
  }
}
