// What all members of one key epoch share, and how each start of each sender gets a frame key of its own from
// it.
import CSodium
import NodCore

/// The epoch key and the roster's hash, in memory that is wiped when it is given back.
///
///     frame key = BLAKE2b-256(key: epoch key, message:
///                   "nod frame key v1" | roster hash, 16 | epoch, 4 | sender, 1 | salt, 8)
///
/// The salt is drawn at random at each start: neither a power cut nor a restored card brings back a key, so a
/// counter may begin at 0 and need not be stored. The roster's hash keeps two clusters that differ in it from
/// understanding each other, however alike their keys are.
public struct EpochSecret: ~Copyable {
  package static let keyByteCount = Int(CSODIUM_KEY_BYTES)
  package static let rosterHashByteCount = 16

  package let epoch: UInt32
  /// Epoch key, then the message: laid out once, so that a derivation changes 9 bytes and allocates nothing.
  private let memory: UnsafeMutableRawBufferPointer

  private static let label: StaticString = "nod frame key v1"
  private static let labelByteCount = 16
  private static let messageByteCount = labelByteCount + rosterHashByteCount + 4 + 1 + 8

  /// - Parameters:
  ///   - key: 32 bytes.
  ///   - rosterHash: 16 bytes, see RosterHash.
  package init(epoch: UInt32, key: Bytes, rosterHash: Bytes) {
    precondition(csodium_init() == 0, "libsodium cannot start")
    precondition(key.count == EpochSecret.keyByteCount && rosterHash.count == EpochSecret.rosterHashByteCount)
    precondition(EpochSecret.label.utf8CodeUnitCount == EpochSecret.labelByteCount)
    self.epoch = epoch
    memory = .allocate(byteCount: EpochSecret.keyByteCount + EpochSecret.messageByteCount, alignment: 8)
    var writer = ByteWriter(memory)
    writer.bytes(key)
    writer.bytes(Bytes(start: EpochSecret.label.utf8Start, count: EpochSecret.labelByteCount))
    writer.bytes(rosterHash)
    writer.u32(epoch)
    writer.u8(0)
    writer.u64(0)
    precondition(!writer.overflowed && writer.remaining == 0)
  }

  deinit {
    csodium_wipe(memory.baseAddress, memory.count)
    memory.deallocate()
  }

  /// Writes the frame key of one start of one sender: 32 bytes.
  package mutating func deriveFrameKey(sender: NodeID, salt: UInt64, into key: UnsafeMutableRawPointer) {
    let message = memory[EpochSecret.keyByteCount...]
    var writer = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: message.suffix(9)))
    writer.u8(sender.raw)
    writer.u64(salt)
    let start = memory.baseAddress.unsafelyUnwrapped
    let verdict = csodium_hash(
      key, EpochSecret.keyByteCount, start + EpochSecret.keyByteCount, EpochSecret.messageByteCount,
      start, EpochSecret.keyByteCount)
    precondition(verdict == 0)
  }
}
