// How the cluster's key of an epoch gets to a member: in a box that only the member's own secret key opens.
// Used when a cluster is provisioned and when a node starts, never per frame; keys are arrays here, for files
// hold them.
import CSodium
import NodCore

/// A node's X25519 key pair. The public half stands in the roster, the secret one in a file of the node
/// alone.
package struct Identity: Sendable {
  package static let keyByteCount = Int(CSODIUM_BOX_KEY_BYTES)

  package let publicKey: [UInt8]
  package private(set) var secret: [UInt8]

  /// A new pair.
  package static func make() -> Identity {
    precondition(csodium_init() == 0, "libsodium cannot start")
    var publicKey = [UInt8](repeating: 0, count: keyByteCount)
    var secret = [UInt8](repeating: 0, count: keyByteCount)
    csodium_key_pair(&publicKey, &secret)
    return Identity(publicKey: publicKey, secret: secret)
  }

  /// The pair that a secret key belongs to.
  package init(secret: [UInt8]) throws(SecurityError) {
    precondition(csodium_init() == 0, "libsodium cannot start")
    guard secret.count == Identity.keyByteCount else { throw .unusableKey }
    var publicKey = [UInt8](repeating: 0, count: Identity.keyByteCount)
    guard csodium_public_key(&publicKey, secret) == 0 else { throw .unusableKey }
    self.init(publicKey: publicKey, secret: secret)
  }

  private init(publicKey: [UInt8], secret: [UInt8]) {
    self.publicKey = publicKey
    self.secret = secret
  }

  /// Overwrites the secret, as soon as it has opened what it was read for.
  package mutating func wipe() { secret.wipe() }
}

/// The key that all members of an epoch share.
package enum EpochKey {
  package static let byteCount = EpochSecret.keyByteCount
  package static let sealedByteCount = byteCount + Int(CSODIUM_BOX_OVERHEAD_BYTES)

  package static func make() -> [UInt8] {
    var key = [UInt8](repeating: 0, count: byteCount)
    key.withUnsafeMutableBytes { Entropy.fill($0) }
    return key
  }

  /// - Returns: `sealedByteCount` bytes, different at each call.
  package static func sealed(_ key: [UInt8], to publicKey: [UInt8]) throws(SecurityError) -> [UInt8] {
    precondition(csodium_init() == 0, "libsodium cannot start")
    guard key.count == byteCount, publicKey.count == Identity.keyByteCount else { throw .unusableKey }
    var box = [UInt8](repeating: 0, count: sealedByteCount)
    guard csodium_box_seal(&box, key, key.count, publicKey) == 0 else { throw .unusableKey }
    return box
  }

  /// - Throws: `badTag` when the box was sealed to somebody else, or changed.
  package static func opened(_ box: [UInt8], by identity: Identity) throws(SecurityError) -> [UInt8] {
    guard box.count >= sealedByteCount else { throw .tooShort }
    guard box.count == sealedByteCount else { throw .tooLong }
    var key = [UInt8](repeating: 0, count: byteCount)
    guard csodium_box_open(&key, box, box.count, identity.publicKey, identity.secret) == 0 else {
      throw .badTag
    }
    return key
  }
}

extension [UInt8] {
  /// Overwrites the bytes in place; the optimiser cannot take it away. Copies made before are not reached.
  package mutating func wipe() {
    withUnsafeMutableBytes { csodium_wipe($0.baseAddress, $0.count) }
  }
}

/// BLAKE2b-128 of what all members must agree on. Part of every frame key: whose roster differs is not
/// understood.
package enum RosterHash {
  package static let byteCount = EpochSecret.rosterHashByteCount

  package static func of(_ canonicalBytes: [UInt8]) -> [UInt8] {
    precondition(csodium_init() == 0, "libsodium cannot start")
    var hash = [UInt8](repeating: 0, count: byteCount)
    let verdict = csodium_hash(&hash, hash.count, canonicalBytes, canonicalBytes.count, nil, 0)
    precondition(verdict == 0)
    return hash
  }
}

/// The system's random numbers, for keys and start salts.
package enum Entropy {
  package static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
    precondition(csodium_init() == 0, "libsodium cannot start")
    csodium_random(buffer.baseAddress, buffer.count)
  }

  /// Never 0, which elsewhere means that no salt is known.
  package static func startSalt() -> UInt64 {
    var salt: UInt64 = 0
    while salt == 0 { withUnsafeMutableBytes(of: &salt) { fill($0) } }  // the second turn comes once in 2^64
    return salt
  }
}
