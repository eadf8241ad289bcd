// Packets out of a capture file: pcap (microseconds or nanoseconds, either byte order) and pcapng. What is there before
// a flaw is kept; the flaw tells where in the file it is.
import Foundation

struct CapturedPacket: Equatable {
  /// From 1, as Wireshark counts.
  var number: Int
  /// Where its bytes begin in the file.
  var offset: Int
  var count: Int
  /// As it was on the wire; more than `count` when the capture cut it.
  var wireCount: Int
  var nanoseconds: Int64
  var linkType: Int
}

struct CaptureFlaw: Error, Equatable {
  var offset: Int
  var text: String
}

struct CaptureFile {
  /// Larger packets are no packets: Wireshark's own bound.
  static let packetLimit = 262_144

  let view: ByteView
  private(set) var packets: [CapturedPacket] = []
  private(set) var flaw: CaptureFlaw?

  init(_ bytes: [UInt8]) {
    view = ByteView(bytes: bytes)
    do throws(CaptureFlaw) {
      switch view.u32(0) {
      case 0xa1b2_c3d4: try readClassic(bigEnd: true, fraction: 1000)
      case 0xd4c3_b2a1: try readClassic(bigEnd: false, fraction: 1000)
      case 0xa1b2_3c4d: try readClassic(bigEnd: true, fraction: 1)
      case 0x4d3c_b2a1: try readClassic(bigEnd: false, fraction: 1)
      case 0x0a0d_0d0a: try readBlocks()
      default: throw CaptureFlaw(offset: 0, text: "this is no capture: neither pcap nor pcapng begins so")
      }
    } catch {
      flaw = error
    }
  }

  // MARK: - pcap

  private mutating func readClassic(bigEnd: Bool, fraction: Int64) throws(CaptureFlaw) {
    guard let link = view.u32(20, bigEnd: bigEnd) else {
      throw CaptureFlaw(offset: 0, text: "the file ends within its header of 24 bytes")
    }
    var at = 24
    while at < view.bytes.count {  // each turn takes 16 bytes or more
      guard let seconds = view.u32(at, bigEnd: bigEnd), let rest = view.u32(at + 4, bigEnd: bigEnd),
        let count = view.u32(at + 8, bigEnd: bigEnd), let wire = view.u32(at + 12, bigEnd: bigEnd)
      else { throw CaptureFlaw(offset: at, text: "the file ends within a packet's header") }
      try take(
        at + 16, count, wire, Int64(seconds) * 1_000_000_000 + Int64(rest) * fraction, link & 0x0fff_ffff,
        within: view.bytes.count)
      at += 16 + count
    }
  }

  private mutating func take(
    _ offset: Int, _ count: Int, _ wire: Int, _ time: Int64, _ link: Int, within end: Int
  ) throws(CaptureFlaw) {
    guard count <= Self.packetLimit else {
      throw CaptureFlaw(offset: offset, text: "a packet of \(count) bytes: more than \(Self.packetLimit)")
    }
    guard offset <= end, count <= end - offset else {
      throw CaptureFlaw(
        offset: offset, text: "a packet of \(count) bytes, of which only \(max(0, end - offset)) are there")
    }
    packets.append(
      CapturedPacket(
        number: packets.count + 1, offset: offset, count: count, wireCount: wire, nanoseconds: time,
        linkType: link))
  }

  // MARK: - pcapng

  private struct Interface {
    var link: Int
    /// Nanoseconds of a unit of time, or units of a nanosecond where that is finer.
    var nanoseconds: Double
  }

  private mutating func readBlocks() throws(CaptureFlaw) {
    var at = 0
    var bigEnd = true
    var interfaces: [Interface] = []
    while at < view.bytes.count {  // each turn takes 12 bytes or more
      guard let kind = view.u32(at, bigEnd: bigEnd) else {
        throw CaptureFlaw(offset: at, text: "the file ends within a block's header")
      }
      if kind == 0x0a0d_0d0a {
        switch view.u32(at + 8) {
        case 0x1a2b_3c4d: bigEnd = true
        case 0x4d3c_2b1a: bigEnd = false
        default: throw CaptureFlaw(offset: at + 8, text: "a section that tells no byte order")
        }
        interfaces = []
      }
      guard let length = view.u32(at + 4, bigEnd: bigEnd), length >= 12, length % 4 == 0, view.has(at, length)
      else {
        throw CaptureFlaw(offset: at + 4, text: "a block whose length does not fit the file")
      }
      let end = at + length - 4
      switch kind {
      case 1: interfaces.append(try interface(at + 8, end, bigEnd))
      case 2, 6: try readPacket(at + 8, end, bigEnd, interfaces, isOld: kind == 2)
      case 3: try readSimplePacket(at + 8, end, bigEnd, interfaces)
      default: break
      }
      at += length
    }
  }

  private func interface(_ at: Int, _ end: Int, _ bigEnd: Bool) throws(CaptureFlaw) -> Interface {
    guard at + 8 <= end, let link = view.u16(at, bigEnd: bigEnd) else {
      throw CaptureFlaw(offset: at, text: "an interface block without a link type")
    }
    var found = Interface(link: link, nanoseconds: 1000)
    var option = at + 8
    while option + 4 <= end, let code = view.u16(option, bigEnd: bigEnd), code != 0,
      let length = view.u16(option + 2, bigEnd: bigEnd)
    {
      // Resolution of time stamps: 10 to the minus n, or 2 to the minus n with the high bit.
      if code == 9, length >= 1, option + 5 <= end, let value = view.u8(option + 4) {
        let base = value & 0x80 == 0 ? 10.0 : 2.0
        found.nanoseconds = 1e9 / pow(base, Double(value & 0x7f))
      }
      option += 4 + (length + 3) / 4 * 4
    }
    return found
  }

  private mutating func readPacket(
    _ at: Int, _ end: Int, _ bigEnd: Bool, _ interfaces: [Interface], isOld: Bool
  ) throws(CaptureFlaw) {
    let number = isOld ? view.u16(at, bigEnd: bigEnd) : view.u32(at, bigEnd: bigEnd)
    guard at + 20 <= end, let number, let high = view.u32(at + 4, bigEnd: bigEnd),
      let low = view.u32(at + 8, bigEnd: bigEnd), let count = view.u32(at + 12, bigEnd: bigEnd),
      let wire = view.u32(at + 16, bigEnd: bigEnd)
    else { throw CaptureFlaw(offset: at, text: "a packet block that is too short") }
    guard number < interfaces.count else {
      throw CaptureFlaw(offset: at, text: "a packet of interface \(number), which is not described")
    }
    let units = Double(high) * 4_294_967_296 + Double(low)
    let exact = interfaces[number].nanoseconds == 1 ? Int64(high) << 32 | Int64(low) : nil
    let time = exact ?? Int64(min(9e18, units * interfaces[number].nanoseconds))
    try take(at + 20, count, wire, time, interfaces[number].link, within: end)
  }

  private mutating func readSimplePacket(
    _ at: Int, _ end: Int, _ bigEnd: Bool, _ interfaces: [Interface]
  ) throws(CaptureFlaw) {
    guard let wire = view.u32(at, bigEnd: bigEnd), at + 4 <= end, let first = interfaces.first else {
      throw CaptureFlaw(offset: at, text: "a simple packet without an interface")
    }
    try take(at + 4, min(wire, end - at - 4), wire, 0, first.link, within: end)
  }
}
