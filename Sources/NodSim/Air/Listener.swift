// Somebody who holds the group's key and listens to one start of one member, at its antenna: the world reads frames
// with it, to tell them in a trace or to lose those of one kind. It is no member and never speaks.
import NodCore
import NodSecurity

/// One for each start of a member.
final class Listener {
  private var keys: KeyRing
  private let plain: UnsafeMutableRawBufferPointer

  init(_ world: World, to sender: NodeID, salt: UInt64, incarnation: UInt32) {
    // The ring wants an owner who is not the sender.
    let owner = NodeID(sender.raw == 0 ? 1 : 0)
    var members = NodeSet(sender)
    members.insert(owner)
    let secret = UnsafeMutableRawBufferPointer.allocate(byteCount: 48, alignment: 8)
    defer { secret.deallocate() }
    secret.copyBytes(from: world.epochKey + world.rosterHash)
    keys = KeyRing(
      own: owner, members: members, epoch: 1, epochKey: Bytes(rebasing: secret[..<32]),
      rosterHash: Bytes(rebasing: secret[32...]), randomSalt: 1)
    keys.expect(sender, salt: salt, incarnation: incarnation)
    plain = .allocate(byteCount: 2048, alignment: 8)
  }

  deinit { plain.deallocate() }

  /// Opens a frame once; the body is valid while `read` runs.
  func open<T>(_ datagram: [UInt8], from sender: NodeID, _ read: (Frame) -> T) -> T? {
    datagram.withUnsafeBytes { bytes in
      guard let opened = try? keys.open(bytes, into: plain) else { return nil }
      let body = Bytes(start: plain.baseAddress, count: opened.count)
      guard let frame = try? Frame(decoding: body, from: sender) else { return nil }
      return read(frame)
    }
  }
}
