// Exactly once: a command that comes again is recognised or refused, never applied twice, whatever its way.
import NodCore
import Testing

@Suite struct RegistryOnceTests {
  /// W = 16. A command issued at `issued` is applied at `first` and comes again at `again`.
  @Test(arguments: [
    // (issued, first, again, what the second copy meets)
    (0, 1, 2, "duplicate"), (0, 1, 16, "duplicate"), (0, 1, 17, "stale"), (0, 10, 16, "duplicate"),
    (0, 16, 17, "stale"), (5, 6, 21, "duplicate"), (5, 6, 22, "stale"), (5, 21, 22, "stale"),
    (5, 20, 21, "duplicate"), (30, 30, 46, "duplicate"), (30, 31, 47, "stale"),
  ])
  func aCopyIsADuplicateWithinTheWindowAndStaleBehindIt(
    _ issued: Int, _ first: Int, _ again: Int, _ meets: String
  ) {
    let m = Machine(.tight)
    let token = m.token(1, issuedAt: UInt64(issued))
    m.pass(UInt64(first - 1))
    #expect(m.apply(.increment("n".bytes, 1), token) == .integer(1))
    m.pass(UInt64(again - first - 1))
    let second = m.result(.increment("n".bytes, 1), token)
    if meets == "duplicate" {
      #expect(second == ApplyResult(outcome: .integer(1), index: LogIndex(UInt64(first)), isDuplicate: true))
    } else {
      #expect(second == ApplyResult(outcome: .staleToken, index: LogIndex(UInt64(again))))
    }
    #expect(m.value("n") == "1")
  }

  @Test func theFirstCopyMayItselfComeTooLate() {
    let m = Machine(.tight)
    let token = m.token(1, issuedAt: 3)
    m.pass(19)
    #expect(m.apply(.increment("n".bytes, 1), token) == .staleToken)
    #expect(m.value("n") == nil)
    #expect(m.registry.tokenCount == 0)
  }

  @Test func aTokenFromTheFutureIsRefused() {
    let m = Machine(.tight)
    #expect(m.apply(.noop, m.token(1, issuedAt: 2)) == .staleToken)
    #expect(m.apply(.noop, m.token(1, issuedAt: .max)) == .staleToken)
    #expect(m.apply(.noop, m.token(1, issuedAt: 3)) == .ok)
  }

  @Test func anEarlierSequenceIsNotMistakenForADuplicate() {
    let m = Machine(.tight)
    #expect(m.apply(.increment("n".bytes, 1), m.token(6, issuedAt: 0)) == .integer(1))
    #expect(m.apply(.increment("n".bytes, 1), m.token(5, issuedAt: 0)) == .integer(2))
  }

  @Test func identitiesDifferInEachOfTheirParts() {
    let m = Machine(.tight)
    let ids =
      [(0, 1, 1), (1, 1, 1), (0, 2, 1), (0, 1, 2), (31, UInt32.max, UInt32.max)] as [(UInt8, UInt32, UInt32)]
    for (node, incarnation, sequence) in ids {
      let id = CommandID(node: NodeID(node), incarnation: incarnation, sequence: sequence)
      _ = m.result(.increment("n".bytes, 1), CommandToken(id: id, issuedAt: .zero))
    }
    #expect(m.value("n") == "5")
  }

  @Test func everyOutcomeIsRememberedFailuresIncluded() {
    let m = Machine(.tight)
    m.apply(.set("k".bytes, "old".bytes))
    let commands: [(Asked, Told)] = [
      (.set("k".bytes, "new".bytes, get: true), .value("old".bytes)), (.set("k".bytes, "x".bytes), .ok),
      (.set("k".bytes, "y".bytes, ifAbsent: true), .none), (.increment("k".bytes, 1), .failed(.notAnInteger)),
      (.delete(["k".bytes]), .integer(1)),
    ]
    let tokens = commands.indices.map { m.token(node: 4, UInt32($0 + 1)) }
    for (n, command) in commands.enumerated() { #expect(m.apply(command.0, tokens[n]) == command.1) }
    for (n, command) in commands.enumerated() {
      let again = m.result(command.0, tokens[n])
      #expect(again.isDuplicate)
      #expect(m.told(again) == command.1)
    }
    #expect(m.registry.keyCount == 0)
  }

  @Test func aLargeOldValueIsToldOnceAndNotKept() {
    let m = Machine()
    let large = [UInt8](repeating: 5, count: 257)
    let small = [UInt8](repeating: 6, count: 256)
    m.apply(.set("k".bytes, large))
    let first = m.freshToken()
    #expect(m.apply(.set("k".bytes, small, get: true), first) == .value(large))
    let second = m.freshToken()
    #expect(m.apply(.set("k".bytes, [], get: true), second) == .value(small))
    #expect(m.apply(.set("k".bytes, small, get: true), first) == .valueNotKept)
    #expect(m.apply(.set("k".bytes, [], get: true), second) == .value(small))
    #expect(m.value("k") == "")
  }

  @Test func keptValuesHaveABoundAndLeaveWithTheirCommands() throws {
    let m = Machine(.tight)
    var random = SeededRandom(seed: 3)
    for _ in 0..<500 {
      let value = [UInt8](repeating: UInt8(random.below(256)), count: random.below(65))
      let before = m.value("k".bytes)
      let token = m.freshToken()
      let ask = Asked.set("k".bytes, value, get: true)
      #expect(m.apply(ask, token) == before.map { .value($0) } ?? .none)
      #expect(m.apply(ask, token) == before.map { .value($0) } ?? .none)
      #expect(m.registry.brokenInvariant() == nil)
    }
    #expect(m.registry.tokenCount <= 17)
  }

  @Test func aRememberedResultCanBeAskedFor() {
    let m = Machine(.tight)
    let token = m.freshToken()
    #expect(m.registry.result(of: token.id) == nil)
    m.apply(.increment("n".bytes, 4), token)
    #expect(m.registry.result(of: token.id)?.outcome == .integer(4))
    #expect(m.registry.result(of: token.id)?.index == LogIndex(1))
    m.pass(17)
    #expect(m.registry.result(of: token.id) == nil)
  }

  @Test func aJumpBeyondTheWindowForgetsEverything() {
    let m = Machine(.tight)
    for _ in 0..<5 { m.apply(.noop) }
    m.registry.advance(to: LogIndex(1 << 40), time: .zero)
    #expect(m.registry.tokenCount == 0)
    #expect(m.registry.brokenInvariant() == nil)
  }

  /// The mutant that the window is for: had W been forgotten one position earlier, a copy would be applied
  /// twice.
  @Test func forgettingOnePositionEarlyWouldApplyTwice() {
    let m = Machine(.tight)
    let token = m.token(1, issuedAt: 1)
    m.pass(1)
    m.apply(.increment("n".bytes, 1), token)  // issued at 1, applied at 2
    m.pass(14)
    // At 17 = 1 + W the token may still be judged, so position 2 must be remembered; at 18 neither.
    #expect(m.result(.increment("n".bytes, 1), token).isDuplicate)
    #expect(m.registry.result(of: token.id) != nil)
    #expect(m.apply(.increment("n".bytes, 1), token) == .staleToken)
    #expect(m.registry.result(of: token.id) != nil)
    m.pass(1)
    #expect(m.registry.result(of: token.id) == nil)
    #expect(m.value("n") == "1")
  }
}
