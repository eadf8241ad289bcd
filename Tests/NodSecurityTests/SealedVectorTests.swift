// A published datagram, for who writes another implementation. It was made from docs/wire-format.md with
// another
// library, not with this code: header, key derivation, nonce and cipher at once.
import NodCore
import Testing

@testable import NodSecurity

/// Epoch key 00 01 .. 1f, roster hash 64 65 .. 73, epoch 0x105, sender 3, start salt 0x8877665544332211.
@Suite struct SealedVectorTests {
  static let body = bytes("44010402711100ac02010ab1020603000304040619")
  static let salted = bytes(
    """
    11 03 05 00000000 1122334455667788
    fbcf38cf5afaa02e4fca18059b7c1c45c7a630fb7a8803d3157dac8d0ea0a780c51c68f01e
    """)
  static let ordinary = bytes(
    """
    10 03 05 01000000
    78fc40935116062b8ebaf251583b9cb2831d2c0f8feab18ed98e41287e67c0900f625bb426
    """)

  private func ring(_ own: UInt8, salt: UInt64) -> KeyRing {
    let key = [UInt8](0..<32)
    let roster = [UInt8](100..<116)
    var made: KeyRing?
    key.withUnsafeBytes { keyBytes in
      roster.withUnsafeBytes { hash in
        made = KeyRing(
          own: NodeID(own), members: NodeSet(firstSlots: 5), epoch: 0x105, epochKey: keyBytes,
          rosterHash: hash,
          randomSalt: salt)
      }
    }
    return made.take()!
  }

  @Test func aStartsFirstTwoFramesAreThePublishedBytes() {
    var sender = ring(3, salt: 0x8877_6655_4433_2211)
    for (withSalt, expected) in [(true, Self.salted), (false, Self.ordinary)] {
      var datagram = [UInt8](repeating: 0, count: 64)
      let count = Self.body.withUnsafeBytes { body in
        datagram.withUnsafeMutableBytes { sender.seal(body, withSalt: withSalt, into: $0) }
      }
      #expect(Array(datagram[..<count]) == expected)
    }
  }

  @Test func thePublishedBytesOpen() throws {
    var receiver = ring(0, salt: 99)
    for datagram in [Self.salted, Self.ordinary] {
      var body = [UInt8](repeating: 0, count: 64)
      let opened = try datagram.withUnsafeBytes { from in
        try body.withUnsafeMutableBytes { into in try receiver.open(from, into: into) }
      }
      #expect(opened.sender == NodeID(3))
      #expect(opened.salt == 0x8877_6655_4433_2211)
      #expect(!opened.isConfirmed)
      #expect(Array(body[..<opened.count]) == Self.body)
    }
  }
}
