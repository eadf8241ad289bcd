// One datagram of a capture that is, or claims to be, a frame: where it was, and its header in clear.
import NodCore
import NodSecurity

struct CapturedFrame {
  var packet: CapturedPacket
  var datagram: Datagram
  /// Why there is no header, as a person reads it.
  var header: Result<FrameHeader, SecurityError>
  /// The packet's number of the first datagram with the same bytes: to each member of a unicast cluster goes one.
  var copyOf: Int?

  /// The ports that nodctl provision gives to the members of a cluster on one machine.
  static let usualPorts = 7100...7131

  /// - Parameter ports: those of a cluster; nil: any whose datagrams look like frames, and the usual ones.
  static func all(in file: CaptureFile, ports: Set<Int>?, finder: inout DatagramFinder) -> [CapturedFrame] {
    var frames: [CapturedFrame] = []
    var firsts: [[UInt8]: Int] = [:]
    for packet in file.packets {
      guard let datagram = finder.find(in: packet) else { continue }
      let bytes = Array(file.view.bytes[datagram.offset..<datagram.offset + datagram.count])
      let header = bytes.withUnsafeBytes { raw -> Result<FrameHeader, SecurityError> in
        do throws(SecurityError) { return .success(try FrameHeader(parsing: Bytes(raw))) } catch {
          return .failure(error)
        }
      }
      guard isFrame(header, datagram, ports) else { continue }
      var frame = CapturedFrame(packet: packet, datagram: datagram, header: header)
      frame.copyOf = firsts[bytes]
      if frame.copyOf == nil { firsts[bytes] = packet.number }
      frames.append(frame)
    }
    return frames
  }

  private static func isFrame(
    _ header: Result<FrameHeader, SecurityError>, _ datagram: Datagram, _ ports: Set<Int>?
  ) -> Bool {
    let ends = [datagram.sourcePort, datagram.destinationPort]
    if let ports { return ends.contains { ports.contains($0) } }
    if ends.contains(where: { usualPorts.contains($0) }) { return true }
    guard case .success(let found) = header else { return false }
    return found.sender.raw < NodeID.limit && found.salt != 0
  }
}

extension SecurityError {
  /// Why there is no header to read.
  var text: String {
    switch self {
    case .tooShort: "too short for a frame: fewer bytes than a header and a tag take"
    case .unknownVersion: "of another version, or no frame"
    case .unknownType: "of a type that this version does not know, or no frame"
    default: "\(self)"
    }
  }
}
