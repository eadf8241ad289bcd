// The seal itself: a published vector, and nothing that was changed gets through.
import CSodium
import NodCore
import Testing

@testable import NodSecurity

@Test func theCipherIsThatOfRFC8439() {
  // Section 2.8.2.
  let key = bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f")
  let nonce = bytes("070000004041424344454647")
  let clear = bytes("50515253c0c1c2c3c4c5c6c7")
  let text =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    + "sunscreen would be it."
  let expected = bytes(
    """
    d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b
    1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc
    3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691
    """)
  let plain = Array(text.utf8)
  #expect(csodium_init() == 0)
  var sealed = [UInt8](repeating: 0, count: plain.count + 16)
  csodium_seal(&sealed, plain, plain.count, clear, clear.count, nonce, key)
  #expect(sealed == expected)
  var opened = [UInt8](repeating: 0, count: plain.count)
  #expect(csodium_open(&opened, sealed, sealed.count, clear, clear.count, nonce, key) == 0)
  #expect(opened == plain)
}

@Test func sealingInPlaceGivesTheSameBytes() {
  let key = [UInt8](repeating: 3, count: 32)
  let nonce = [UInt8](repeating: 4, count: 12)
  let plain = Array("in place".utf8)
  var apart = [UInt8](repeating: 0, count: plain.count + 16)
  csodium_seal(&apart, plain, plain.count, nil, 0, nonce, key)
  var inPlace = plain + [UInt8](repeating: 0, count: 16)
  inPlace.withUnsafeMutableBytes {
    csodium_seal($0.baseAddress, $0.baseAddress, plain.count, nil, 0, nonce, key)
  }
  #expect(inPlace == apart)
}

@Test func theNonceIsLaidOutAsDocumented() {
  let nonce = Nonce(sender: NodeID(0x1e), epoch: 0x0403_0201, counter: 0xddcc_bbaa)
  let laidOut = nonce.withBytes { Array(UnsafeBufferPointer(start: $0, count: 12)) }
  #expect(laidOut == bytes("1e 01020304 000000 aabbccdd"))
}

@Test func theHeaderIsLaidOutAsDocumented() {
  let a = Member(3, salt: 0x8877_6655_4433_2211, epoch: 0x1_05)
  let salted = a.seal("abc")
  #expect(Array(salted[..<15]) == bytes("11 03 05 00000000 1122334455667788"))
  #expect(salted.count == 15 + 3 + 16)
  let ordinary = a.seal("abc", withSalt: false)
  #expect(Array(ordinary[..<7]) == bytes("10 03 05 01000000"))
  #expect(ordinary.count == 7 + 3 + 16)
}

@Test func theFrameKeyIsKeyedBLAKE2bOfWhatTheDesignNames() {
  let epochKey = [UInt8](0..<32)
  let roster = [UInt8](100..<116)
  var derived = [UInt8](repeating: 0, count: 32)
  epochKey.withUnsafeBytes { key in
    roster.withUnsafeBytes { hash in
      var secret = EpochSecret(epoch: 0x0403_0201, key: key, rosterHash: hash)
      derived.withUnsafeMutableBytes {
        secret.deriveFrameKey(sender: NodeID(9), salt: 0x8877_6655_4433_2211, into: $0.baseAddress!)
      }
    }
  }
  let message = Array("nod frame key v1".utf8) + roster + bytes("01020304 09 1122334455667788")
  var expected = [UInt8](repeating: 0, count: 32)
  #expect(csodium_hash(&expected, 32, message, message.count, epochKey, 32) == 0)
  #expect(derived == expected)
}

@Test(arguments: ["", "x", "the valve is open", String(repeating: "long ", count: 240)])
func whatIsSealedIsOpenedWithOrWithoutASalt(text: String) {
  let a = Member(0, salt: 11)
  let b = Member(1, salt: 22)
  #expect(b.open(a.seal(text)) == .success(text))
  #expect(b.open(a.seal(text, withSalt: false)) == .success(text))
}

@Test(arguments: [true, false])
func everyFlippedBitIsRefusedAndNothingIsWritten(isSalted: Bool) {
  let a = Member(0, salt: 11)
  let b = Member(1, salt: 22)
  #expect(b.open(a.seal("first")) == .success("first"))
  let sealed = a.seal("open the valve", withSalt: isSalted)
  for bit in 0..<sealed.count * 8 {
    var changed = sealed
    changed[bit / 8] ^= 1 << (bit % 8)
    b.ring.refillDerivations()
    if case .success = b.open(changed) { Issue.record("bit \(bit) was flipped and the frame opened") }
    #expect(b.wroteNothing)
  }
  #expect(b.open(sealed) == .success("open the valve"))
}

@Test(arguments: [true, false])
func everyTruncationIsRefusedAndNothingIsWritten(isSalted: Bool) {
  let a = Member(0, salt: 11)
  let b = Member(1, salt: 22)
  #expect(b.open(a.seal("first")) == .success("first"))
  let sealed = a.seal("open the valve", withSalt: isSalted)
  for count in 0..<sealed.count {
    b.ring.refillDerivations()
    if case .success = b.open(Array(sealed[..<count])) { Issue.record("\(count) bytes opened") }
    #expect(b.wroteNothing)
  }
  #expect(b.open(sealed + [0]) == .failure(.badTag))
  #expect(b.open(sealed) == .success("open the valve"))
}

@Test func aFrameLargerThanTheReceiversRoomIsRefused() {
  let a = Member(0, salt: 11)
  let b = Member(1, salt: 22)
  #expect(b.open(a.seal(String(repeating: "x", count: Member.bodyLimit + 1))) == .failure(.tooLong))
  #expect(b.open(a.seal(String(repeating: "x", count: Member.bodyLimit))).isSuccess)
}

extension Result {
  var isSuccess: Bool { if case .success = self { true } else { false } }
}
