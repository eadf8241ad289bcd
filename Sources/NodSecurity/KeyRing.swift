// All keys of one epoch: the own one to seal with, and for each other member those of its newest starts.
// Derived keys are kept, so opening costs no derivation. How a frame is opened stands in KeyRing+Open.
import CSodium
import NodCore

/// Seals and opens whole datagrams of one key epoch. Everything is allocated at the start; secrets are wiped
/// at the end.
///
/// Invariants: a (key, nonce) pair is used once (SendingKey); a counter of a start is accepted once
/// (ReplayWindow); a start that a newer one has ended is never accepted again (SenderStarts); no bit of the
/// receiver's memory of a sender changes before a tag was verified, but for the count of derivations.
public struct KeyRing: ~Copyable {
  package let own: NodeID
  package let members: NodeSet
  package var epoch: UInt32 { secret.epoch }
  /// The salt that frames are sealed under now.
  package var salt: UInt64 { sending.salt }
  /// The counter of the frame that was sealed last.
  package var lastCounter: UInt32 { sending.counter &- 1 }

  var secret: EpochSecret
  var sending: SendingKey
  let senders: UnsafeMutablePointer<SenderStarts>
  /// Three keys a slot: the confirmed start's, the candidate's, and one that is being tried.
  let keys: UnsafeMutableRawBufferPointer

  enum KeyPlace: Int {
    case confirmed, candidate, trial
    static let count = 3
  }

  /// - Parameters:
  ///   - members: who may send, this node included.
  ///   - epochKey: 32 bytes, alike on all members (see EpochKey).
  ///   - rosterHash: 16 bytes (see RosterHash).
  ///   - randomSalt: drawn from the system's random numbers at this very start, and used nowhere else.
  package init(
    own: NodeID, members: NodeSet, epoch: UInt32, epochKey: Bytes, rosterHash: Bytes, randomSalt: UInt64
  ) {
    precondition(members.contains(own) && members.isSubset(of: NodeSet(firstSlots: NodeID.limit)))
    self.own = own
    self.members = members
    secret = EpochSecret(epoch: epoch, key: epochKey, rosterHash: rosterHash)
    sending = SendingKey(sender: own, salt: randomSalt, secret: &secret)
    senders = .allocate(capacity: NodeID.limit)
    for slot in 0..<NodeID.limit { (senders + slot).initialize(to: SenderStarts()) }
    keys = .allocate(byteCount: NodeID.limit * KeyPlace.count * EpochSecret.keyByteCount, alignment: 8)
    csodium_wipe(keys.baseAddress, keys.count)
  }

  deinit {
    csodium_wipe(keys.baseAddress, keys.count)
    keys.deallocate()
    senders.deinitialize(count: NodeID.limit)
    senders.deallocate()
  }

  /// Seals one frame of this node.
  ///
  /// - Parameters:
  ///   - plain: the frame's body; not within `datagram`.
  ///   - withSalt: tells the start salt along with it. After a renewal frames tell it unasked, so `datagram`
  ///     must have room for it always: `FrameHeader.overhead(withSalt: true)`.
  /// - Returns: bytes of the whole datagram.
  package mutating func seal(
    _ plain: Bytes, withSalt: Bool, into datagram: UnsafeMutableRawBufferPointer
  ) -> Int {
    precondition(plain.count + FrameHeader.overhead(withSalt: true) <= datagram.count)
    return sending.seal(plain, withSalt: withSalt, secret: &secret, into: datagram)
  }

  /// A peer's start as the journal remembers it: spares the wait for a salted frame, and bars older starts.
  package mutating func expect(_ sender: NodeID, salt: UInt64, incarnation: UInt32) {
    guard isPeer(sender), senders[Int(sender.raw)].expect(salt, incarnation) else { return }
    secret.deriveFrameKey(sender: sender, salt: salt, into: key(sender, .confirmed))
  }

  /// Once a window: unknown salts may be tried again.
  package mutating func refillDerivations() {
    for slot in 0..<NodeID.limit { senders[slot].refill() }
  }

  /// The newest confirmed start of a peer.
  package func start(of sender: NodeID) -> (salt: UInt64, incarnation: UInt32)? {
    guard isPeer(sender), let start = senders[Int(sender.raw)].confirmed else { return nil }
    return (start.salt, start.incarnation)
  }

  func isPeer(_ node: NodeID) -> Bool { node != own && members.contains(node) }

  func key(_ sender: NodeID, _ place: KeyPlace) -> UnsafeMutableRawPointer {
    let index = Int(sender.raw) * KeyPlace.count + place.rawValue
    return keys.baseAddress.unsafelyUnwrapped + index * EpochSecret.keyByteCount
  }

  func moveKey(_ sender: NodeID, from source: KeyPlace, to target: KeyPlace) {
    key(sender, target).copyMemory(from: key(sender, source), byteCount: EpochSecret.keyByteCount)
    csodium_wipe(key(sender, source), EpochSecret.keyByteCount)
  }
}
