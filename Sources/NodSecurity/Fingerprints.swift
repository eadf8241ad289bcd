// What two people can read to each other to see whether their nodes have the same roster and the same key. A hash of
// 256 random bits tells nothing of them.
import CSodium
import NodCore

package struct Fingerprints: Sendable {
  /// The roster's hash, as it is in every frame key: 16 bytes, first ones high.
  package private(set) var roster: (high: UInt64, low: UInt64) = (0, 0)
  /// The first 8 bytes of a BLAKE2b hash of the epoch key, under a name of its own.
  package private(set) var key: UInt64 = 0
  private static let keyName: StaticString = "nod key id v1\0\0\0"

  /// - Parameters:
  ///   - epochKey, rosterHash: 32 and 16 bytes, borrowed.
  package init(epochKey: Bytes, rosterHash: Bytes) {
    roster = (Fingerprints.number(rosterHash, 0), Fingerprints.number(rosterHash, 8))
    var hash = (UInt64(0), UInt64(0))
    let verdict = withUnsafeMutableBytes(of: &hash) { out in
      csodium_hash(
        out.baseAddress, out.count, epochKey.baseAddress, epochKey.count, Fingerprints.keyName.utf8Start,
        Fingerprints.keyName.utf8CodeUnitCount)
    }
    precondition(verdict == 0, "libsodium hashes 32 bytes")
    key = withUnsafeBytes(of: hash) { Fingerprints.number($0, 0) }
  }

  private static func number(_ bytes: Bytes, _ offset: Int) -> UInt64 {
    var number: UInt64 = 0
    for i in 0..<8 where offset + i < bytes.count { number = number << 8 | UInt64(bytes[offset + i]) }
    return number
  }
}
