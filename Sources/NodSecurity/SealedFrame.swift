// One frame sealed and opened: ChaCha20-Poly1305 (RFC 8439), the clear header as associated data. Which key,
// and whether the counter is new, is the business of KeyRing; nothing here remembers anything.
import CSodium
import NodCore

/// The cipher's nonce. Never sent: both sides make it from what they know.
///
///     0        1                 5          8                 12
///     | sender | epoch, 4        | 0, 0, 0  | counter, 4      |     low byte first
package struct Nonce: Hashable, Sendable {
  private let words: (UInt32, UInt32, UInt32)

  package init(sender: NodeID, epoch: UInt32, counter: UInt32) {
    words = (
      (UInt32(sender.raw) | epoch << 8).littleEndian, (epoch >> 24).littleEndian, counter.littleEndian
    )
  }

  func withBytes<R>(_ body: (UnsafePointer<UInt8>) -> R) -> R {
    withUnsafeBytes(of: words) { body($0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)) }
  }

  package static func == (a: Nonce, b: Nonce) -> Bool { a.words == b.words }
  package func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
  }
}

package enum SealedFrame {
  /// Writes header, ciphertext and tag.
  ///
  /// - Parameters:
  ///   - key: 32 bytes. Together with `nonce` it must never have sealed anything else (see SendingKey).
  ///   - datagram: has room for the body and `FrameHeader.overhead`.
  /// - Returns: bytes written.
  static func seal(
    _ header: FrameHeader, _ plain: Bytes, key: UnsafeRawPointer, nonce: Nonce,
    into datagram: UnsafeMutableRawBufferPointer
  ) -> Int {
    let clearCount = header.byteCount
    let count = clearCount + plain.count + FrameHeader.tagByteCount
    precondition(count <= datagram.count, "no room for the sealed frame")
    var writer = ByteWriter(datagram)
    header.write(to: &writer)
    let start = datagram.baseAddress.unsafelyUnwrapped
    nonce.withBytes {
      csodium_seal(start + clearCount, plain.baseAddress, plain.count, start, clearCount, $0, keyBytes(key))
    }
    return count
  }

  /// Verifies, and only then writes the body.
  ///
  /// - Parameter plain: has room for `datagram.count - FrameHeader.overhead`; untouched if the tag is wrong.
  /// - Returns: bytes of the body; nil when the tag is wrong.
  package static func open(
    _ header: FrameHeader, _ datagram: Bytes, key: UnsafeRawPointer, nonce: Nonce,
    into plain: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let clearCount = header.byteCount
    let sealedCount = datagram.count - clearCount
    let count = sealedCount - FrameHeader.tagByteCount
    precondition(count >= 0 && count <= plain.count, "no room for the frame's body")
    let start = datagram.baseAddress.unsafelyUnwrapped
    let verdict = nonce.withBytes {
      csodium_open(plain.baseAddress, start + clearCount, sealedCount, start, clearCount, $0, keyBytes(key))
    }
    return verdict == 0 ? count : nil
  }

  private static func keyBytes(_ key: UnsafeRawPointer) -> UnsafePointer<UInt8> {
    key.assumingMemoryBound(to: UInt8.self)
  }
}
