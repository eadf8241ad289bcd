// The key that this node seals with, and the counter that no two of its frames share.
import CSodium
import NodCore

/// Invariant: **a (key, nonce) pair is used once.** The nonce holds the counter, which only `next` hands out
/// and only upwards; before it could return to a number, the key is replaced by that of another salt. The
/// type cannot be copied, so nobody can hold a second counter of the same key; and the first salt is drawn at
/// random at each start, so an earlier start had another key.
struct SendingKey: ~Copyable {
  /// Counters of one key: 2^32 less a reserve, so that a fault of a few steps still repeats nothing.
  static let counterLimit: UInt32 = .max - (1 << 16) + 1
  /// After a renewal so many frames carry the salt, asked for or not: receivers learn it from them alone.
  static let announcedFrames: UInt32 = 1 << 16

  let sender: NodeID
  private(set) var salt: UInt64
  private(set) var isRenewed = false
  /// The next frame's. Internal only so that a test need not send four thousand million frames.
  var counter: UInt32 = 0
  private let key: UnsafeMutableRawPointer

  init(sender: NodeID, salt: UInt64, secret: inout EpochSecret) {
    self.sender = sender
    self.salt = salt
    key = .allocate(byteCount: EpochSecret.keyByteCount, alignment: 8)
    secret.deriveFrameKey(sender: sender, salt: salt, into: key)
  }

  deinit {
    csodium_wipe(key, EpochSecret.keyByteCount)
    key.deallocate()
  }

  /// Seals one frame under the next counter.
  mutating func seal(
    _ plain: Bytes, withSalt: Bool, secret: inout EpochSecret, into datagram: UnsafeMutableRawBufferPointer
  ) -> Int {
    let (counter, nonce) = next(secret: &secret)
    let tellsSalt = withSalt || (isRenewed && counter < SendingKey.announcedFrames)
    let header = FrameHeader(
      sender: sender, epoch: UInt8(truncatingIfNeeded: secret.epoch), counter: counter,
      salt: tellsSalt ? salt : nil)
    return SealedFrame.seal(header, plain, key: key, nonce: nonce, into: datagram)
  }

  /// A counter and its nonce, for the key as it is after this call.
  mutating func next(secret: inout EpochSecret) -> (counter: UInt32, nonce: Nonce) {
    if counter >= SendingKey.counterLimit {
      salt = StartSalt.successor(of: salt)
      isRenewed = true
      counter = 0
      secret.deriveFrameKey(sender: sender, salt: salt, into: key)
    }
    defer { counter += 1 }
    return (counter, Nonce(sender: sender, epoch: secret.epoch, counter: counter))
  }
}
