// What each command means, and what its bytes are.
import NodCore
import Testing

@Suite struct RegistryCommandTests {
  @Test func settingAndReadingBack() {
    let m = Machine()
    #expect(m.apply(.set("valve".bytes, "open".bytes)) == .ok)
    #expect(m.value("valve") == "open")
    #expect(m.version("valve") == 1)
    #expect(m.value("pump") == nil)
  }

  @Test func conditionsDecideWhetherASetTakesEffect() {
    let m = Machine()
    #expect(m.apply(.set("k".bytes, "1".bytes, ifPresent: true)) == .none)
    #expect(m.apply(.set("k".bytes, "1".bytes, ifEqual: "".bytes)) == .none)
    #expect(m.apply(.set("k".bytes, "1".bytes, ifAbsent: true)) == .ok)
    #expect(m.apply(.set("k".bytes, "2".bytes, ifAbsent: true)) == .none)
    #expect(m.apply(.set("k".bytes, "2".bytes, ifPresent: true)) == .ok)
    #expect(m.apply(.set("k".bytes, "3".bytes, ifEqual: "1".bytes)) == .none)
    #expect(m.apply(.set("k".bytes, "3".bytes, ifEqual: "2".bytes)) == .ok)
    #expect(m.value("k") == "3")
    #expect(m.version("k") == 7)
  }

  @Test func getReturnsTheOldValueWhetherOrNotTheConditionIsMet() {
    let m = Machine()
    #expect(m.apply(.set("k".bytes, "1".bytes, get: true)) == .none)
    #expect(m.apply(.set("k".bytes, "2".bytes, get: true)) == .value("1".bytes))
    #expect(m.apply(.set("k".bytes, "3".bytes, ifAbsent: true, get: true)) == .value("2".bytes))
    #expect(m.apply(.set("k".bytes, "".bytes, get: true)) == .value("2".bytes))
    #expect(m.apply(.set("k".bytes, "4".bytes, get: true)) == .value([]))
  }

  @Test func anOldValueIsHandedOutOnlyToWhoWantsIt() {
    let m = Machine()
    m.apply(.set("k".bytes, "1".bytes))
    let quiet = Machine()
    quiet.apply(.set("k".bytes, "1".bytes))
    let ask = Asked.set("k".bytes, "2".bytes, get: true).bytes
    let token = m.token(node: 7, 1)
    let result = ask.withUnsafeBytes {
      quiet.registry.apply($0, token: token, at: LogIndex(2), time: .zero, wantsValue: false)
    }
    #expect(result.outcome == .valueNotKept)
    _ = m.applyRaw(ask, token)
    #expect(m.registry.digest == quiet.registry.digest)
  }

  @Test func deleteCountsTheKeysThatWereThere() {
    let m = Machine()
    m.apply(.set("a".bytes, "1".bytes))
    m.apply(.set("b".bytes, "1".bytes))
    #expect(m.apply(.delete(["a".bytes, "x".bytes, "b".bytes, "a".bytes])) == .integer(2))
    #expect(m.registry.keyCount == 0)
    #expect(m.registry.usedBytes == 0)
  }

  @Test func deleteIfEqualDeletesOnlyTheValueItNames() {
    let m = Machine()
    m.apply(.set("lock".bytes, "me".bytes))
    #expect(m.apply(.deleteIfEqual("lock".bytes, "you".bytes)) == .integer(0))
    #expect(m.apply(.deleteIfEqual("lock".bytes, "me".bytes)) == .integer(1))
    #expect(m.apply(.deleteIfEqual("lock".bytes, "me".bytes)) == .integer(0))
  }

  @Test func incrementCountsAsRedisDoes() {
    let m = Machine()
    #expect(m.apply(.increment("n".bytes, 9)) == .integer(9))
    #expect(m.apply(.increment("n".bytes, 1)) == .integer(10))
    #expect(m.apply(.increment("n".bytes, -25)) == .integer(-15))
    #expect(m.value("n") == "-15")
    m.apply(.set("n".bytes, "9223372036854775807".bytes))
    #expect(m.apply(.increment("n".bytes, 1)) == .failed(.overflow))
    #expect(m.value("n") == "9223372036854775807")
    m.apply(.set("n".bytes, "-9223372036854775808".bytes))
    #expect(m.apply(.increment("n".bytes, 0)) == .integer(.min))
    #expect(m.apply(.increment("n".bytes, -1)) == .failed(.overflow))
  }

  @Test(arguments: [
    "", "-", "+1", " 1", "1 ", "01", "-0", "-01", "1.0", "x", "9223372036854775808", "99999999999999999999",
  ])
  func incrementRefusesWhatIsNoCanonicalInteger(_ text: String) {
    let m = Machine()
    m.apply(.set("n".bytes, text.bytes))
    #expect(m.apply(.increment("n".bytes, 1)) == .failed(.notAnInteger))
    #expect(m.value("n") == text)
  }

  @Test func incrementKeepsTheTimeToLiveAndSetDropsIt() {
    let m = Machine()
    m.apply(.set("n".bytes, "1".bytes, ttl: 500))
    m.apply(.increment("n".bytes, 1))
    #expect(m.timeToLive("n") == 500)
    m.apply(.set("n".bytes, "5".bytes, keepsTTL: true))
    #expect(m.timeToLive("n") == 500)
    m.apply(.set("n".bytes, "6".bytes))
    #expect(m.timeToLive("n") == nil)
  }

  @Test func expireAndPersist() {
    let m = Machine()
    #expect(m.apply(.expire("k".bytes, 100)) == .integer(0))
    #expect(m.apply(.persist("k".bytes)) == .integer(0))
    m.apply(.set("k".bytes, "1".bytes))
    #expect(m.apply(.persist("k".bytes)) == .integer(0))
    #expect(m.apply(.expire("k".bytes, 100)) == .integer(1))
    #expect(m.timeToLive("k") == 100)
    #expect(m.version("k") == 3)
    #expect(m.apply(.persist("k".bytes)) == .integer(1))
    #expect(m.timeToLive("k") == nil)
    #expect(m.apply(.expire("k".bytes, 0)) == .integer(1))
    #expect(m.value("k") == nil)
  }

  @Test func keysAndValuesBeyondTheirLimitAreRefused() {
    let m = Machine(.tight)
    let long = [UInt8](repeating: 1, count: 17)
    #expect(m.apply(.set(long, [])) == .failed(.keyTooLong))
    #expect(m.apply(.delete(["a".bytes, long])) == .failed(.keyTooLong))
    #expect(m.apply(.deleteIfEqual(long, [])) == .failed(.keyTooLong))
    #expect(m.apply(.increment(long, 1)) == .failed(.keyTooLong))
    #expect(m.apply(.expire(long, 1)) == .failed(.keyTooLong))
    #expect(m.apply(.persist(long)) == .failed(.keyTooLong))
    #expect(m.apply(.set("k".bytes, [UInt8](repeating: 1, count: 65))) == .failed(.valueTooLong))
    #expect(m.apply(.set([], [])) == .ok)
    #expect(m.registry.keyCount == 1)
  }

  @Test func aFullStoreRefusesAlikeAndTakesAgainWhenThereIsRoom() {
    let m = Machine(.tight)
    let value = [UInt8](repeating: 9, count: 64)
    var taken = 0
    while m.apply(.set("key-\(taken)".bytes, value)) == .ok { taken += 1 }
    // 2,048 bytes at 5 or 6 + 64 + 64 each
    #expect(taken == 15)
    #expect(m.apply(.set("x".bytes, value)) == .failed(.storeFull))
    #expect(m.apply(.set("key-0".bytes, value)) == .ok)
    m.apply(.delete(["key-3".bytes]))
    #expect(m.apply(.set("x".bytes, value)) == .ok)
  }

  @Test func aKeyTooManyIsRefused() {
    let m = Machine(.tight)
    for n in 0..<24 { #expect(m.apply(.set("\(n)".bytes, [])) == .ok) }
    #expect(m.apply(.set("x".bytes, [])) == .failed(.tooManyKeys))
    #expect(m.apply(.increment("x".bytes, 1)) == .failed(.tooManyKeys))
    #expect(m.apply(.set("7".bytes, "again".bytes)) == .ok)
  }

  @Test(
    arguments: [
      ([], RegistryFailure.malformed), ([0], .wrongOp), ([8], .wrongOp), ([255, 1, 2], .wrongOp),
      ([1], .malformed), ([1, 0, 1, 0x61, 0], nil), ([1, 0, 1, 0x61, 0, 0], .malformed),
      ([1, 64, 1, 0x61, 0], .malformed), ([1, 3, 1, 0x61, 0], .malformed),
      ([1, 5, 1, 0x61, 0, 0], .malformed),
      ([1, 24, 1, 0x61, 0, 9], .malformed), ([1, 8, 1, 0x61, 0, 0], .malformed),
      ([1, 8, 1, 0x61, 0, 1], nil),
      ([1, 8, 1, 0x61, 0, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2], .overflow),
      ([2, 0], .malformed), ([2, 1], .malformed), ([2, 200, 1, 0], .malformed), ([2, 2, 0, 0], nil),
      ([3, 1, 0x61], .malformed), ([4, 1, 0x61], .malformed), ([4, 0x80, 0x80], .malformed),
      ([5, 1, 0x61, 1], nil), ([5, 1, 0x61, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], nil),
      ([5, 1, 0x61, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], .overflow),
      ([6, 2, 0x61], .malformed), ([7], nil), ([7, 0], .malformed),
      ([6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0x61], .malformed),
    ] as [([UInt8], RegistryFailure?)])
  func bytesThatAreNoCommandAreRefusedForWhatTheyAre(_ bytes: [UInt8], _ failure: RegistryFailure?) {
    let m = Machine()
    let outcome = m.applyRaw(bytes).outcome
    if let failure {
      #expect(outcome == .failed(failure))
      #expect(m.registry.keyCount == 0)
    } else if case .failed(let unexpected) = outcome {
      Issue.record("refused as \(unexpected)")
    }
  }

  @Test func whatIsReadIsWhatWasWritten() throws {
    var random = SeededRandom(seed: 11)
    for _ in 0..<2_000 {
      let bytes = RandomCommands.command(&random).bytes
      let again = try bytes.withUnsafeBytes { raw in
        let command = try RegistryCommand(raw)
        return encoded { command.write(to: &$0) }
      }
      #expect(again == bytes)
    }
  }
}
