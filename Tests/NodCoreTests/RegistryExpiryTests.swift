// Expiry by the cluster's time: alike on all replicas, a few keys a position.
import NodCore
import Testing

@Suite struct RegistryExpiryTests {
  @Test func aKeyIsGoneAtItsTimeAndNotBefore() {
    let m = Machine()
    m.time = 1_000
    m.apply(.set("k".bytes, "1".bytes, ttl: 50))
    m.time = 1_049
    m.pass(1)
    #expect(m.value("k") == "1")
    #expect(m.timeToLive("k") == 1)
    m.time = 1_050
    m.pass(1)
    #expect(m.value("k") == nil)
    #expect(m.registry.keyCount == 0)
  }

  @Test func aReaderSeesExpiryBeforeTheLogDoes() {
    let m = Machine()
    m.apply(.set("k".bytes, "1".bytes, ttl: 50))
    "k".bytes.withUnsafeBytes { key in
      #expect(m.registry.lookup(key, now: ClusterTime(milliseconds: 49)) != nil)
      #expect(m.registry.lookup(key, now: ClusterTime(milliseconds: 50)) == nil)
    }
    #expect(m.registry.keyCount == 1)
  }

  @Test func eachPositionRemovesAFewExpiredKeys() {
    let m = Machine()
    for n in 0..<20 { m.apply(.set("k\(n)".bytes, "1".bytes, ttl: 10)) }
    m.time = 100
    m.pass(1)
    #expect(m.registry.keyCount == 12)
    #expect(m.value("k3") == nil && m.value("k17") == nil)
    m.pass(2)
    #expect(m.registry.keyCount == 0)
  }

  @Test func anExpiredKeyCountsAsAbsentForEveryCommand() {
    let asks: [(Asked, Told)] = [
      (.set("z".bytes, "2".bytes, ifPresent: true), .none), (.set("z".bytes, "2".bytes, ifAbsent: true), .ok),
      (.set("z".bytes, "2".bytes, ifEqual: "1".bytes), .none), (.set("z".bytes, "2".bytes, get: true), .none),
      (.delete(["z".bytes]), .integer(0)), (.deleteIfEqual("z".bytes, "1".bytes), .integer(0)),
      (.increment("z".bytes, 5), .integer(5)), (.expire("z".bytes, 10), .integer(0)),
      (.persist("z".bytes), .integer(0)),
    ]
    for (ask, told) in asks {
      let m = Machine()
      // More keys expire first than one position removes, so "z" is still there when the command comes.
      for n in 0..<8 { m.apply(.set("k\(n)".bytes, "1".bytes, ttl: 10)) }
      m.apply(.set("z".bytes, "1".bytes, ttl: 20))
      m.time = 100
      #expect(m.apply(ask, nil) == told)
      #expect(m.registry.brokenInvariant() == nil)
    }
  }

  @Test func expiredKeysMakeRoomWhenTheStoreIsFull() {
    let m = Machine(.tight)
    for n in 0..<24 { m.apply(.set("k\(n)".bytes, [], ttl: UInt64(10 + n))) }
    #expect(m.apply(.set("x".bytes, [])) == .failed(.tooManyKeys))
    m.time = 20
    #expect(m.apply(.set("x".bytes, [])) == .ok)
    #expect(m.value("x") == "")
  }

  @Test func timeThatGoesBackStands() {
    let m = Machine()
    m.time = 500
    m.apply(.set("k".bytes, "1".bytes, ttl: 100))
    m.time = 0
    m.apply(.set("l".bytes, "1".bytes, ttl: 100))
    #expect(m.timeToLive("l") == 100)
    #expect(m.registry.now == ClusterTime(milliseconds: 500))
  }

  @Test func theEndOfTimeIsNoSpecialCase() {
    let m = Machine()
    m.apply(.set("forever".bytes, "1".bytes))
    m.time = .max
    m.apply(.set("k".bytes, "1".bytes, ttl: 100))
    m.pass(1)
    #expect(m.value("forever") == "1")
    #expect(m.value("k") == nil)
    #expect(m.registry.brokenInvariant() == nil)
  }

  @Test func keysThatExpireTogetherLeaveInTheSameOrderOnAllReplicas() throws {
    var random = SeededRandom(seed: 77)
    for _ in 0..<50 {
      let names = (0..<20).map { "k\($0)".bytes }
      let first = Machine()
      let second = Machine()
      for name in names { first.apply(.set(name, "1".bytes)) }
      for name in names.shuffled(using: &random) { second.apply(.set(name, "1".bytes)) }
      for name in names.shuffled(using: &random) { first.apply(.expire(name, 50)) }
      for name in names.shuffled(using: &random) { second.apply(.expire(name, 50)) }
      first.time = 60
      second.time = 60
      first.pass(1)
      second.pass(1)
      let left = { (m: Machine) in Set(names.filter { n in n.withUnsafeBytes { m.registry.contains($0) } }) }
      #expect(left(first) == left(second))
      #expect(left(first).count == 12)
    }
  }
}

extension Registry {
  /// Whether the key takes room, expired or not.
  fileprivate func contains(_ key: Bytes) -> Bool {
    var snapshot = [UInt8](repeating: 0, count: snapshotSize)
    snapshot.withUnsafeMutableBytes { room in
      var out = ByteWriter(room)
      writeSnapshot(into: &out)
    }
    let wanted = [UInt8(key.count)] + [UInt8](key)
    return snapshot.indices.contains { snapshot[$0...].starts(with: wanted) }
  }
}
