// Local readers: scans that survive changes, patterns, digests, changes for subscribers.
import NodCore
import Testing

@Suite struct RegistryReadingTests {
  private func scanAll(_ m: Machine, limit: Int, between: () -> Void = {}) -> [[UInt8]] {
    var seen: [[UInt8]] = []
    var cursor: UInt64 = 0
    repeat {
      cursor = m.registry.scan(from: cursor, limit: limit) { seen.append([UInt8]($0.key)) }
      between()
    } while cursor != 0
    return seen
  }

  @Test(arguments: [1, 2, 7, 100, 10_000])
  func aScanVisitsEveryKeyOnce(_ limit: Int) {
    let m = Machine()
    for n in 0..<500 { m.apply(.set("k\(n)".bytes, [])) }
    let seen = scanAll(m, limit: limit)
    #expect(seen.count == 500)
    #expect(Set(seen).count == 500)
  }

  @Test func aKeyThatIsThereTheWholeTimeIsVisitedWhateverHappensBetweenTheCalls() {
    for seed in UInt64(1)...30 {
      var random = SeededRandom(seed: seed)
      let m = Machine()
      let lasting = (0..<200).map { "lasting\($0)".bytes }
      for key in lasting { m.apply(.set(key, [])) }
      let seen = scanAll(m, limit: 1 + random.below(20)) {
        for _ in 0..<20 {
          let key = "passing\(random.below(300))".bytes
          m.apply(random.chance(50) ? .set(key, key) : .delete([key]))
        }
        m.apply(.set(lasting[random.below(200)], [UInt8](repeating: 0, count: random.below(300))))
      }
      #expect(Set(lasting).isSubset(of: Set(seen)), "seed \(seed)")
      #expect(seen.filter { $0.starts(with: "lasting".bytes) }.count == 200, "seed \(seed)")
    }
  }

  @Test func cursorsFitIntoAFloatingPointNumber() {
    let m = Machine()
    for n in 0..<100 { m.apply(.set("k\(n)".bytes, [])) }
    var cursor: UInt64 = 0
    repeat {
      cursor = m.registry.scan(from: cursor, limit: 3) { _ in }
      #expect(UInt64(Double(cursor)) == cursor)
    } while cursor != 0
  }

  @Test func anyCursorIsHarmless() {
    let m = Machine()
    for n in 0..<50 { m.apply(.set("k\(n)".bytes, [])) }
    for cursor in [1, 1 << 47, (1 << 48) - 1, 1 << 48, .max] as [UInt64] {
      _ = m.registry.scan(from: cursor, limit: 10) { _ in }
    }
    #expect(m.registry.scan(from: .max, limit: 10) { _ in Issue.record("nothing is there") } == 0)
  }

  @Test func aScanOfAnEmptyLargeStoreEnds() {
    let m = Machine(
      RegistryLimits(storeBytes: 1 << 20, storeKeys: 100_000, keyBytes: 16, valueBytes: 16, tokenWindow: 16))
    #expect(scanAll(m, limit: 10).isEmpty)
    m.apply(.set("one".bytes, []))
    #expect(scanAll(m, limit: 10) == ["one".bytes])
  }

  @Test func aScanLeavesOutExpiredKeysAndThoseThatDoNotMatch() {
    let m = Machine()
    m.apply(.set("valve:1".bytes, []))
    m.apply(.set("valve:2".bytes, [], ttl: 10))
    m.apply(.set("pump:1".bytes, []))
    var seen: [String] = []
    "valve:*".bytes.withUnsafeBytes { pattern in
      _ = m.registry.scan(
        from: 0, limit: 100, pattern: GlobPattern(pattern), now: ClusterTime(milliseconds: 10)
      ) {
        seen.append(String(decoding: $0.key, as: UTF8.self))
      }
    }
    #expect(seen == ["valve:1"])
  }

  @Test(arguments: [
    ("", "", true), ("", "a", false), ("*", "", true), ("*", "abc", true), ("**", "abc", true),
    ("a*c", "abbc", true),
    ("a*c", "abbd", false), ("*a*b*c*", "xaybzc!", true), ("*a*b*c*", "xbyazc!", false), ("?", "", false),
    ("?", "x", true), ("a?c", "abc", true), ("a?c", "ac", false), ("[abc]x", "bx", true),
    ("[abc]x", "dx", false),
    ("[^abc]x", "dx", true), ("[^abc]x", "ax", false), ("[a-c]", "b", true), ("[c-a]", "b", true),
    ("[a-c]", "d", false), ("h[ae]llo", "hallo", true), ("\\*", "*", true), ("\\*", "a", false),
    ("\\", "\\", true),
    ("[\\]]", "]", true), ("[ab", "a", true), ("[ab", "c", false), ("[]a", "a", false), ("a*", "a", true),
    ("*a", "ba", true), ("*a", "ab", false), ("[", "x", false), ("[^", "x", true),
  ])
  func patternsMatchAsInRedis(_ pattern: String, _ text: String, _ fits: Bool) {
    let matches = pattern.bytes.withUnsafeBytes { p in
      text.bytes.withUnsafeBytes { GlobPattern(p).matches($0) }
    }
    #expect(matches == fits, "\(pattern) on \(text)")
  }

  @Test func aHostilePatternTakesNoExponentialTime() {
    let pattern = [UInt8](String(repeating: "a*", count: 60).utf8) + [UInt8(ascii: "b")]
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000)
    let matches = pattern.withUnsafeBytes { p in text.withUnsafeBytes { GlobPattern(p).matches($0) } }
    #expect(!matches)
  }

  @Test func theDigestSeesEveryPartOfTheState() {
    func digest(_ body: (Machine) -> Void) -> UInt64 {
      let m = Machine(.tight)
      m.apply(.set("k".bytes, "v".bytes, ttl: 100), m.token(1))
      body(m)
      m.pass(3 - m.index)
      return m.registry.digest
    }
    let digests = [
      digest { _ in }, digest { $0.apply(.set("k".bytes, "w".bytes, ttl: 100), $0.token(2)) },
      digest { $0.apply(.set("k".bytes, "v".bytes, ttl: 100), $0.token(2)) },
      digest { $0.apply(.set("k".bytes, "v".bytes, ttl: 101), $0.token(2)) },
      digest { $0.apply(.set("l".bytes, "v".bytes, ttl: 100), $0.token(2)) },
      digest { $0.apply(.noop, $0.token(2)) },
      digest { $0.apply(.noop, $0.token(3)) }, digest { $0.time = 1 },
    ]
    #expect(Set(digests).count == digests.count)
  }

  @Test func anEmptyValueCountsTheSameWithAndWithoutAnAddress() {
    let first = Machine(.tight)
    let second = Machine(.tight)
    let ask = Asked.set("k".bytes, []).bytes
    _ = first.applyRaw(ask)
    _ = second.applyRaw(
      encoded { out in
        "k".bytes.withUnsafeBytes {
          RegistryCommand.set(
            key: $0, value: Bytes(start: nil, count: 0), condition: .always, expiry: .none,
            returnsOldValue: false
          ).write(to: &out)
        }
      })
    first.apply(.set("k".bytes, "1".bytes, get: true))
    second.apply(.set("k".bytes, "1".bytes, get: true))
    #expect(first.registry.digest == second.registry.digest)
    #expect(first.registry.recomputedDigest() == first.registry.digest)
  }

  @Test func changesAreToldInOrderWithTheirNamesAndPositions() {
    let m = Machine(.tight, changeBytes: 1_024)
    m.apply(.set("a".bytes, "1".bytes))
    m.apply(.set("b".bytes, "1".bytes, ttl: 10))
    m.apply(.increment("a".bytes, 1))
    m.apply(.set("a".bytes, "1".bytes, ifAbsent: true))
    m.apply(.expire("a".bytes, 500))
    m.apply(.persist("a".bytes))
    m.time = 10
    m.apply(.delete(["a".bytes, "zz".bytes]))
    let expected = [
      "1 set a", "2 set b", "2 expire b", "3 incrby a", "5 expire a", "6 persist a", "7 expired b", "7 del a",
    ]
    #expect(drain(m) == expected)
  }

  @Test func changesThatNobodyTakesAreCountedAndTheOldestKept() {
    let m = Machine(.tight, changeBytes: 40)
    for n in 0..<10 { m.apply(.set("k\(n)".bytes, [])) }
    #expect(m.registry.droppedChanges == 7)
    #expect(drain(m) == ["1 set k0", "2 set k1", "3 set k2"])
    m.apply(.set("k1".bytes, []))
    #expect(drain(m) == ["11 set k1"])
  }

  @Test func changesAreOffUnlessAskedFor() {
    let m = Machine(.tight)
    m.apply(.set("a".bytes, []))
    #expect(drain(m).isEmpty)
    #expect(m.registry.droppedChanges == 0)
  }

  private func drain(_ m: Machine) -> [String] {
    var lines: [String] = []
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
      while let change = m.registry.nextChange(into: buffer) {
        lines.append(
          "\(change.index.raw) \(change.event.name) \(String(decoding: change.key, as: UTF8.self))")
      }
    }
    return lines
  }
}
