// A fast 64-bit hash of bytes, alike on every machine: it orders keys in tables and snapshots, and makes up
// the digest by which replicas find out that they differ. Not a cryptographic one; frames are authenticated
// elsewhere.
//
// Each step multiplies two words to 128 bits and folds the halves, as in Wang Yi's wyhash; the constants are
// the fractional parts of square roots, made odd.

enum ContentHash {
  private static let k0: UInt64 = 0x6a09_e667_f3bc_c909
  private static let k1: UInt64 = 0xbb67_ae85_84ca_a73b
  private static let k2: UInt64 = 0x3c6e_f372_fe94_f82b

  /// Both words in one; no word is lost when the other is zero.
  @inline(__always)
  static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = (a ^ k0).multipliedFullWidth(by: b ^ k1)
    return product.high ^ product.low ^ (a &* k2) ^ b
  }

  /// Complexity: O(n), 16 bytes a step.
  static func hash(_ bytes: Bytes) -> UInt64 {
    var state = mix(UInt64(bytes.count), k2)
    // No bytes are no bytes, whether or not they have an address.
    guard bytes.count > 0, let base = bytes.baseAddress else { return state }
    var offset = 0
    while bytes.count - offset >= 16 {
      state = mix(word(base + offset) ^ state, word(base + offset + 8) &+ state)
      offset += 16
    }
    if bytes.count - offset >= 8 {
      state = mix(word(base + offset) ^ state, k0)
      offset += 8
    }
    var tail: UInt64 = 0
    while offset < bytes.count {
      tail = tail << 8 | UInt64(base.load(fromByteOffset: offset, as: UInt8.self))
      offset += 1
    }
    return mix(state ^ tail, k2 &+ state)
  }

  @inline(__always)
  private static func word(_ at: UnsafeRawPointer) -> UInt64 {
    UInt64(littleEndian: at.loadUnaligned(as: UInt64.self))
  }
}
