// The cipher's own price: frames sealed by one member and opened by another, with key ring and replay window.
import NodCore
import NodSecurity

/// Seals and opens `count` frames of `frameBytes` sealed bytes each.
///
/// - Returns: how many came through: all of them.
package func sealAndOpen(frameBytes: Int, count: Int) -> Int {
  let secrets = UnsafeMutableRawBufferPointer.allocate(byteCount: 48, alignment: 8)
  secrets.initializeMemory(as: UInt8.self, repeating: 0x5a)
  defer { secrets.deallocate() }
  func ring(_ node: UInt8, _ salt: UInt64) -> KeyRing {
    KeyRing(
      own: NodeID(node), members: NodeSet(firstSlots: 3), epoch: 1, epochKey: Bytes(rebasing: secrets[..<32]),
      rosterHash: Bytes(rebasing: secrets[32...]), randomSalt: salt)
  }
  var sender = ring(0, 11)
  var receiver = ring(1, 12)
  let body = [UInt8](repeating: 0x42, count: frameBytes - FrameHeader.overhead(withSalt: false))
  let datagram = UnsafeMutableRawBufferPointer.allocate(byteCount: frameBytes + 64, alignment: 8)
  let plain = UnsafeMutableRawBufferPointer.allocate(byteCount: frameBytes + 64, alignment: 8)
  defer {
    datagram.deallocate()
    plain.deallocate()
  }
  var opened = 0
  for number in 0...count {
    let size = body.withUnsafeBytes { sender.seal($0, withSalt: number == 0, into: datagram) }
    do throws(SecurityError) {
      let frame = try receiver.open(Bytes(rebasing: datagram[..<size]), into: plain)
      if number == 0 {
        try receiver.confirm(frame.sender, salt: frame.salt, incarnation: 1)
      } else {
        opened += 1
      }
    } catch { continue }
  }
  return opened
}
