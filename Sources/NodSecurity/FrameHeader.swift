// The seven bytes of a frame that anybody can read, or fifteen with the sender's start salt. Sender and
// counter are looked at before the cipher, so that a repeated frame costs a comparison; all of it is
// associated data of the seal.
//
//     0        1        2        3                 7                         15
//     +--------+--------+--------+--------+--------+-------- ... --+-------- ... --+-------- ... --+
//     | v | ty | sender | epoch  | counter, 4      | salt, 8       | ciphertext    | tag, 16       |
//     +--------+--------+--------+--------+--------+-------- ... --+-------- ... --+-------- ... --+
//       high and low half         low byte first     type 1 only
import NodCore

package struct FrameHeader: Hashable, Sendable {
  package static let version: UInt8 = 1
  package static let plainByteCount = 7
  package static let saltedByteCount = 15
  package static let tagByteCount = 16

  package var sender: NodeID
  /// The low 8 bits of the key epoch's number.
  package var epoch: UInt8
  package var counter: UInt32
  /// The sender's start salt. A frame carries it while some receiver may not know it (type 1).
  package var salt: UInt64?

  package init(sender: NodeID, epoch: UInt8, counter: UInt32, salt: UInt64? = nil) {
    self.sender = sender
    self.epoch = epoch
    self.counter = counter
    self.salt = salt
  }

  package var byteCount: Int { FrameHeader.byteCount(withSalt: salt != nil) }
  package static func byteCount(withSalt: Bool) -> Int { withSalt ? saltedByteCount : plainByteCount }
  /// What sealing adds to a frame's body.
  package static func overhead(withSalt: Bool) -> Int { byteCount(withSalt: withSalt) + tagByteCount }

  private enum FrameType: UInt8 {
    case ordinary = 0
    case salted = 1
  }

  /// - Parameter datagram: the whole of it, so that one without room for a tag is refused here.
  package init(parsing datagram: Bytes) throws(SecurityError) {
    guard datagram.count >= FrameHeader.overhead(withSalt: false) else { throw .tooShort }
    var reader = ByteReader(datagram)
    let kind = reader.u8()
    guard kind >> 4 == FrameHeader.version else { throw .unknownVersion }
    guard let type = FrameType(rawValue: kind & 0x0f) else { throw .unknownType }
    sender = NodeID(reader.u8())
    epoch = reader.u8()
    counter = reader.u32()
    guard type == .salted else { return }
    guard datagram.count >= FrameHeader.overhead(withSalt: true) else { throw .tooShort }
    salt = reader.u64()
  }

  package func write(to writer: inout ByteWriter) {
    let type: FrameType = salt == nil ? .ordinary : .salted
    writer.u8(FrameHeader.version << 4 | type.rawValue)
    writer.u8(sender.raw)
    writer.u8(epoch)
    writer.u32(counter)
    if let salt { writer.u64(salt) }
  }
}
