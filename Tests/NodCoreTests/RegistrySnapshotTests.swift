// Snapshots: the same state gives the same bytes, and what is damaged is not taken.
import NodCore
import Testing

@Suite struct RegistrySnapshotTests {
  private func filled(_ seed: UInt64, _ limits: RegistryLimits = .tight, steps: Int = 400) -> Machine {
    var random = SeededRandom(seed: seed)
    let m = Machine(limits)
    for _ in 0..<steps {
      m.time += UInt64(random.below(5))
      m.apply(RandomCommands.command(&random))
      if random.chance(10) { m.pass(UInt64(random.below(3))) }
    }
    return m
  }

  @Test(arguments: 1...30)
  func restoringGivesTheSameStateAndTheSameBytes(_ seed: Int) throws {
    let m = filled(UInt64(seed))
    let bytes = m.snapshot()
    #expect(bytes.count == m.registry.snapshotSize)
    let other = filled(UInt64(seed) + 1_000)
    try other.restore(bytes)
    #expect(other.registry.brokenInvariant() == nil)
    #expect(other.registry.digest == m.registry.digest)
    #expect(other.snapshot() == bytes)
  }

  /// The same final state by different ways: other orders, other values between, other layouts of memory.
  @Test func bytesDoNotDependOnHistory() {
    let limits = RegistryLimits(
      storeBytes: 8_192, storeKeys: 64, keyBytes: 32, valueBytes: 512, tokenWindow: 16)
    var seen = Set<[UInt8]>()
    for seed in UInt64(0)..<20 {
      var random = SeededRandom(seed: seed)
      let m = Machine(limits)
      for _ in 0..<300 {
        let key = "k\(random.below(30))".bytes
        m.apply(
          random.chance(60) ? .set(key, [UInt8](repeating: 1, count: random.below(512))) : .delete([key]))
      }
      for n in (0..<64).shuffled(using: &random) { m.apply(.delete(["k\(n)".bytes])) }
      // From here on all do the same, after the same number of positions.
      m.pass(1_000 - m.index)
      for n in 0..<20 { m.apply(.set("k\(n)".bytes, "value \(n)".bytes, ttl: 1_000), m.token(UInt32(n))) }
      seen.insert(m.snapshot())
    }
    #expect(seen.count == 1)
  }

  @Test func noSnapshotExceedsItsBound() {
    // Keys of one byte with values of one byte, tokens that share nothing, values kept with every one of
    // them.
    let limits = RegistryLimits(
      storeBytes: 66 * 32, storeKeys: 32, keyBytes: 16, valueBytes: 256, tokenWindow: 64)
    let m = Machine(limits)
    m.time = 1 << 60
    for n in 0..<31 { m.apply(.set([UInt8(n)], [1], ttl: 1 << 49)) }
    for n in 0..<65 {
      let id = CommandID(
        node: NodeID(UInt8(n % 31)), incarnation: .max - UInt32(n), sequence: n % 2 == 0 ? .max : 0)
      let token = CommandToken(id: id, issuedAt: LogIndex(m.index))
      m.apply(n % 2 == 0 ? .set([0], [UInt8(n)], get: true) : .increment("n".bytes, .max), token)
      if n % 3 == 0 { m.apply(.set([0], [1], get: true), m.token(UInt32(n))) }
    }
    #expect(m.registry.snapshotSize <= Registry.maxSnapshotBytes(limits))
    for seed in UInt64(1)..<40 {
      #expect(filled(seed).registry.snapshotSize <= Registry.maxSnapshotBytes(.tight))
    }
  }

  @Test func ordinaryTokensTakeAByteEach() {
    let m = Machine(
      RegistryLimits(storeBytes: 4_096, storeKeys: 16, keyBytes: 16, valueBytes: 16, tokenWindow: 1_024))
    for n in 1...UInt32(1_000) { m.apply(.set("k".bytes, "v".bytes), m.token(n)) }
    #expect(m.registry.snapshotSize < 1_060)
  }

  @Test func everyCutAndEveryChangedByteIsFound() throws {
    let m = filled(5)
    let bytes = m.snapshot()
    let other = filled(6)
    let before = other.snapshot()
    for cut in 0..<bytes.count {
      #expect(throws: SnapshotError.self) { try other.restore(Array(bytes[..<cut])) }
    }
    for at in bytes.indices {
      for bit in [1, 0x80] as [UInt8] {
        var damaged = bytes
        damaged[at] ^= bit
        #expect(throws: SnapshotError.self, "byte \(at)") { try other.restore(damaged) }
      }
    }
    #expect(throws: SnapshotError.malformed) { try other.restore(bytes + [0]) }
    #expect(other.snapshot() == before)
    #expect(other.registry.brokenInvariant() == nil)
  }

  @Test func errorsNameWhatIsWrong() throws {
    let m = filled(7)
    var bytes = m.snapshot()
    #expect(throws: SnapshotError.notASnapshot) { try m.restore([]) }
    #expect(throws: SnapshotError.notASnapshot) { try m.restore("NODX....".bytes) }
    let other = Machine()
    #expect(throws: SnapshotError.otherLimits) { try other.restore(bytes) }
    bytes[bytes.count - 1] ^= 1
    #expect(throws: SnapshotError.wrongDigest) { try m.restore(bytes) }
    bytes[4] = 2
    #expect(throws: SnapshotError.unknownVersion) { try m.restore(bytes) }
  }

  @Test func keysOutOfOrderOrTwiceAreNoSnapshot() throws {
    let m = Machine(.tight)
    for key in ["a", "b", "c"] { m.apply(.set(key.bytes, "value".bytes)) }
    let bytes = m.snapshot()
    // Each key takes ten bytes here: two lengths, one of key, five of value, age, no expiry.
    let start = try #require(
      bytes.indices.first { bytes[$0...].dropFirst(2).starts(with: [5] + "value".bytes) })
    let keys = (0..<3).map { Array(bytes[start + 10 * $0..<start + 10 * $0 + 10]) }
    let (head, tail) = (bytes[..<start], bytes[(start + 30)...])
    #expect(head + keys.joined() + tail == bytes[...])
    for order in [[0, 2, 1], [1, 0, 2], [0, 0, 1], [0, 1, 1], [2, 1, 0]] {
      let other = Array(head + order.flatMap { keys[$0] } + tail)
      #expect(throws: SnapshotError.malformed) { try m.restore(other) }
    }
    try m.restore(bytes)
  }

  @Test func anEmptyRegistryHasASnapshotToo() throws {
    let m = Machine(.tight)
    let bytes = m.snapshot()
    let other = filled(8)
    try other.restore(bytes)
    #expect(other.registry.keyCount == 0 && other.registry.tokenCount == 0)
    #expect(other.registry.lastIndex == .zero)
    #expect(other.snapshot() == bytes)
  }

  @Test func rubbishIsRefusedWithoutHarm() {
    var random = SeededRandom(seed: 9)
    let source = filled(9).snapshot()
    let m = filled(10)
    let before = m.snapshot()
    for _ in 0..<20_000 {
      var bytes = source
      for _ in 0...random.below(6) {
        switch random.below(4) {
        case 0: bytes[random.below(bytes.count)] = UInt8(random.below(256))
        case 1: bytes.removeLast(min(bytes.count - 1, random.below(20)))
        case 2: bytes.insert(UInt8(random.below(256)), at: random.below(bytes.count))
        default: bytes.swapAt(random.below(bytes.count), random.below(bytes.count))
        }
      }
      if bytes == source { continue }
      #expect(throws: SnapshotError.self) { try m.restore(bytes) }
    }
    #expect(m.snapshot() == before)
  }
}
