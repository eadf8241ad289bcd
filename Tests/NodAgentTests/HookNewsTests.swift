// Which key a hook is told of next: drawn changes and a listener that is slow now and then. What it has heard
// in the end is what is there, in the order of the log, whatever was left out.
import NodAgent
import NodCore
import Testing

/// A registry, its news, and a hook that believes what it is told.
private struct Listener: ~Copyable {
  var registry = Registry(limits: RegistryLimits(), changeBytes: 65_536)
  var news = KeyNews(keyBytes: 128)
  var believed: [String: String] = [:]
  var present: [String: String] = [:]
  var index: UInt64 = 0
  var resyncs = 0
  var lastIndex: UInt64 = 0
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 8)
  let pattern = "k/*"

  deinit { buffer.deallocate() }

  mutating func set(_ key: String, _ value: String) {
    var writer = ByteWriter(buffer)
    var (k, v) = (key, value)
    k.withUTF8 { key in
      v.withUTF8 { value in
        RegistryCommand.set(
          key: Bytes(key), value: Bytes(value), condition: .always, expiry: .none, returnsOldValue: false
        ).write(to: &writer)
      }
    }
    apply(writer.written)
    if key.hasPrefix("k/") { present[key] = value }
  }

  mutating func delete(_ key: String) {
    var writer = ByteWriter(buffer)
    RegistryCommand.beginDelete(1, to: &writer)
    var k = key
    k.withUTF8 { RegistryCommand.addKey(Bytes($0), to: &writer) }
    apply(writer.written)
    present[key] = nil
  }

  private mutating func apply(_ command: Bytes) {
    index += 1
    let token = CommandToken(
      id: CommandID(node: NodeID(0), incarnation: 1, sequence: UInt32(index)), issuedAt: LogIndex(index - 1))
    _ = registry.apply(command, token: token, at: LogIndex(index), time: ClusterTime(milliseconds: index))
    while let change = registry.nextChange(into: buffer) {
      if fits(change.key) { news.note(change.event, change.key, change.index) }
    }
  }

  private func fits(_ key: Bytes) -> Bool {
    var pattern = pattern
    return pattern.withUTF8 { GlobPattern(Bytes($0)).matches(key) }
  }

  /// - Returns: whether there was something.
  mutating func hear() -> Bool {
    let wanted = pattern
    let item = news.next(registry) { key in
      var pattern = wanted
      return pattern.withUTF8 { GlobPattern(Bytes($0)).matches(key) }
    }
    guard let item else { return false }
    let key = String(decoding: item.key, as: UTF8.self)
    switch item.what {
    case .resync:
      resyncs += 1
      believed = [:]
      lastIndex = 0
      return true
    case .deleted, .expired: believed[key] = nil
    case .set: believed[key] = registry.written(item.key).map { String(decoding: $0.value, as: UTF8.self) }
    }
    #expect(item.index.raw >= lastIndex, "in the order of the log")
    lastIndex = item.index.raw
    return true
  }

  mutating func hearAll() {
    var idleTurns = 0
    while !news.isIdle && idleTurns < 100 { idleTurns = hear() ? 0 : idleTurns + 1 }
    let isIdle = news.isIdle
    #expect(isIdle)
  }
}

/// Equal seeds, equal runs: splitmix64.
private struct Drawn: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

@Suite struct HookNewsTests {
  @Test(arguments: 1...40) func whatWasHeardInTheEndIsWhatIsThere(seed: Int) {
    var random = Drawn(state: UInt64(seed))
    var listener = Listener()
    listener.hearAll()
    for step in 0..<400 {
      let key = "k/\(Int.random(in: 0..<20, using: &random))"
      switch Int.random(in: 0..<10, using: &random) {
      case 0...4: listener.set(key, "\(step)")
      case 5, 6: listener.delete(key)
      case 7: listener.set("other/\(step % 5)", "x")
      default: _ = listener.hear()
      }
    }
    listener.hearAll()
    let (believed, present, resyncs) = (listener.believed, listener.present, listener.resyncs)
    #expect(believed == present)
    #expect(resyncs == 1, "so few deletions fit the list")
  }

  @Test func whatChangedTenTimesIsToldOnce() {
    var listener = Listener()
    listener.hearAll()
    for value in 0..<10 { listener.set("k/1", "\(value)") }
    let heardOnce = listener.hear()
    #expect(heardOnce)
    let believed = listener.believed
    #expect(believed == ["k/1": "9"])
    let heardAgain = listener.hear()
    #expect(!heardAgain)
  }

  @Test func moreDeletionsThanTheListHoldsAreAResync() {
    var listener = Listener()
    for key in 0..<200 { listener.set("k/\(key)", "v") }
    listener.hearAll()
    for key in 0..<64 { listener.delete("k/\(key)") }
    listener.hearAll()
    #expect(listener.resyncs == 1)
    for key in 64..<129 { listener.delete("k/\(key)") }
    listener.hearAll()
    #expect(listener.resyncs == 2)
    #expect(listener.believed == listener.present)
    #expect(listener.present.count == 71)
  }

  @Test func aStoreLargerThanOneLookIsGoneThrough() {
    var listener = Listener()
    for key in 0..<3000 { listener.set("k/\(key)", "\(key)") }
    listener.hearAll()
    #expect(listener.believed == listener.present)
  }
}

@Suite struct MetricsRequestTests {
  private func parsed(_ text: String) -> HTTPRequest {
    var text = text
    return text.withUTF8 { HTTPRequest(Bytes($0)) }
  }

  @Test func onlyAWholeGetOfMetricsIsServed() {
    #expect(parsed("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n") == .metrics)
    #expect(parsed("GET /metrics?x=y HTTP/1.0\n\n") == .metrics)
    #expect(parsed("GET /metrics HTTP/1.1\r\nHost: a\r\n") == .incomplete)
    #expect(parsed("GET /metricsx HTTP/1.1\r\n\r\n") == .otherPath)
    #expect(parsed("get /metrics HTTP/1.1\r\n\r\n") == .otherMethod)
    #expect(parsed("GET /metrics HTTP/2\r\n\r\n") == .malformed)
    for text in ["\n\n", " \n\n", "  \n\n", "GET\n\n", "GET \n\n", "GET  HTTP/1.1\n\n", "\r\n\r\n"] {
      let request = parsed(text)
      #expect(request == .malformed || request == .incomplete, "\(text)")
    }
  }

  @Test func randomBytesAreNeverServed() {
    for _ in 0..<2000 {
      let bytes = (0..<64).map { _ in [10, 13, 32, 47, UInt8.random(in: 0 ... .max)].randomElement()! }
      #expect(bytes.withUnsafeBytes { HTTPRequest($0) } != .metrics)
    }
  }
}
