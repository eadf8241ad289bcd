// Keys in their boxes.
import NodCore
import Testing

@testable import NodSecurity

@Test func aSealedEpochKeyOpensOnlyWithTheRightSecret() throws {
  let key = EpochKey.make()
  let board = Identity.make()
  let box = try EpochKey.sealed(key, to: board.publicKey)
  #expect(box.count == 80)
  #expect(try EpochKey.opened(box, by: board) == key)
  #expect(try EpochKey.opened(box, by: Identity(secret: board.secret)) == key)
  #expect(throws: SecurityError.badTag) { try EpochKey.opened(box, by: Identity.make()) }
  for index in box.indices {
    var changed = box
    changed[index] ^= 0x10
    #expect(throws: SecurityError.badTag) { try EpochKey.opened(changed, by: board) }
  }
  #expect(throws: SecurityError.tooShort) { try EpochKey.opened(Array(box.dropLast()), by: board) }
  #expect(throws: SecurityError.tooLong) { try EpochKey.opened(box + [0], by: board) }
}

@Test func thePublicKeyFollowsFromTheSecret() throws {
  // RFC 7748, section 6.1: Alice.
  let alice = bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
  let published = bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
  #expect(try Identity(secret: alice).publicKey == published)
  let board = Identity.make()
  #expect(try Identity(secret: board.secret).publicKey == board.publicKey)
  #expect(throws: SecurityError.unusableKey) { try Identity(secret: [1, 2, 3]) }
}

@Test func keysOfNoUseAreRefused() {
  #expect(throws: SecurityError.unusableKey) { try EpochKey.sealed([1], to: Identity.make().publicKey) }
  #expect(throws: SecurityError.unusableKey) { try EpochKey.sealed(EpochKey.make(), to: [1]) }
  // All zero is a point of small order: the box would be open to everybody.
  #expect(throws: SecurityError.unusableKey) {
    try EpochKey.sealed(EpochKey.make(), to: [UInt8](repeating: 0, count: 32))
  }
}

@Test func aRosterHashDependsOnEveryByte() {
  let roster = [UInt8](0..<200)
  let hash = RosterHash.of(roster)
  #expect(hash.count == 16)
  for index in roster.indices {
    var changed = roster
    changed[index] ^= 1
    #expect(RosterHash.of(changed) != hash)
  }
  #expect(RosterHash.of(roster + [0]) != hash)
  // BLAKE2b-128 of nothing.
  #expect(RosterHash.of([]) == bytes("cae66941d9efbd404e4d88758ea67670"))
}

@Test func keysAndSaltsDiffer() {
  #expect(Identity.make().secret != Identity.make().secret)
  #expect(EpochKey.make() != EpochKey.make())
  #expect(Entropy.startSalt() != Entropy.startSalt())
}

@Test func aWipedSecretIsGone() {
  var board = Identity.make()
  board.wipe()
  #expect(board.secret == [UInt8](repeating: 0, count: 32))
}
