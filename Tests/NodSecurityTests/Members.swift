// Members of a small cluster for the tests: rings that share a key and a roster, and buffers that show what
// was written.
import NodCore

@testable import NodSecurity

/// Fixed numbers for a reproducible test (splitmix64).
struct Numbers {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// One start of one member.
final class Member {
  static let untouched: UInt8 = 0xEE
  static let bodyLimit = 1_280
  private static let blank = [UInt8](repeating: untouched, count: bodyLimit)
  var ring: KeyRing
  /// What the last call of `open` left in the buffer for the body.
  private(set) var body = [UInt8](repeating: Member.untouched, count: Member.bodyLimit)

  init(
    _ slot: UInt8, salt: UInt64, members: Int = 5, epoch: UInt32 = 7, key: UInt8 = 1, roster: UInt8 = 2
  ) {
    let key = [UInt8](repeating: key, count: 32)
    let hash = [UInt8](repeating: roster, count: 16)
    var made: KeyRing?
    key.withUnsafeBytes { keyBytes in
      hash.withUnsafeBytes { hashBytes in
        made = KeyRing(
          own: NodeID(slot), members: NodeSet(firstSlots: members), epoch: epoch, epochKey: keyBytes,
          rosterHash: hashBytes, randomSalt: salt)
      }
    }
    ring = made.take()!
  }

  func seal(_ text: String, withSalt: Bool = true) -> [UInt8] {
    let plain = Array(text.utf8)
    var datagram = [UInt8](repeating: 0, count: plain.count + 31)
    let count = plain.withUnsafeBytes { from in
      datagram.withUnsafeMutableBytes { ring.seal(from, withSalt: withSalt, into: $0) }
    }
    return Array(datagram[..<count])
  }

  /// The body as text, or why there is none.
  func open(_ datagram: [UInt8]) -> Result<String, SecurityError> {
    openFully(datagram).map { String(decoding: body[..<$0.count], as: UTF8.self) }
  }

  func openFully(_ datagram: [UInt8]) -> Result<Opened, SecurityError> {
    body.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: Member.untouched) }
    return datagram.withUnsafeBytes { from in
      body.withUnsafeMutableBytes { into in
        Result { () throws(SecurityError) in try ring.open(from, into: into) }
      }
    }
  }

  var wroteNothing: Bool { body == Member.blank }

  func confirm(_ slot: UInt8, _ salt: UInt64, _ incarnation: UInt32) -> SecurityError? {
    do throws(SecurityError) {
      _ = try ring.confirm(NodeID(slot), salt: salt, incarnation: incarnation)
    } catch { return error }
    return nil
  }
}

func bytes(_ hex: String) -> [UInt8] {
  let digits = hex.filter(\.isHexDigit).map { UInt8($0.hexDigitValue!) }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
