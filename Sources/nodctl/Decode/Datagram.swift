// From a captured packet to the UDP datagram in it: Ethernet, Linux "cooked" captures, raw IP and loopback, IPv4 and
// IPv6. Fragments and everything that is not UDP are left alone.

struct Datagram: Equatable {
  var source: String
  var destination: String
  var sourcePort: Int
  var destinationPort: Int
  /// Where the payload lies in the file.
  var offset: Int
  var count: Int

  /// The end that is told on a line of text: "10.0.0.1:7100", "[fd00::7]:7100".
  static func end(_ address: String, _ port: Int) -> String {
    address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
  }
}

/// Finds datagrams; remembers link types that it does not know, to say so once.
struct DatagramFinder {
  private static let ipv4 = 0x0800
  private static let ipv6 = 0x86dd
  private static let udp = 17
  /// Tags and extension headers in a row; more are no honest packet.
  private static let nesting = 8

  private let view: ByteView
  private(set) var unknownLinkTypes: Set<Int> = []
  private(set) var fragments = 0

  init(_ view: ByteView) { self.view = view }

  mutating func find(in packet: CapturedPacket) -> Datagram? {
    let at = packet.offset
    let end = packet.offset + packet.count
    switch packet.linkType {
    // Loopback: an address family in the capturing machine's byte order, which the version repeats.
    case 0, 108: return byVersion(at + 4, end)
    case 1: return ethernet(at, end)
    case 12, 14, 101, 228, 229: return byVersion(at, end)
    case 113: return network(view.u16(at + 14), at + 16, end)
    case 276: return network(view.u16(at), at + 20, end)
    default:
      unknownLinkTypes.insert(packet.linkType)
      return nil
    }
  }

  private mutating func ethernet(_ start: Int, _ end: Int) -> Datagram? {
    var at = start + 12
    for _ in 0..<Self.nesting {
      guard at + 2 <= end, let type = view.u16(at) else { return nil }
      guard type == 0x8100 || type == 0x88a8 else { return network(type, at + 2, end) }
      at += 4
    }
    return nil
  }

  private mutating func byVersion(_ at: Int, _ end: Int) -> Datagram? {
    guard at < end, let first = view.u8(at) else { return nil }
    return network(first >> 4 == 6 ? Self.ipv6 : first >> 4 == 4 ? Self.ipv4 : nil, at, end)
  }

  private mutating func network(_ type: Int?, _ at: Int, _ end: Int) -> Datagram? {
    switch type {
    case Self.ipv4: return v4(at, end)
    case Self.ipv6: return v6(at, end)
    default: return nil
    }
  }

  private mutating func v4(_ at: Int, _ end: Int) -> Datagram? {
    guard at + 20 <= end, let first = view.u8(at), first >> 4 == 4, let length = view.u16(at + 2),
      let fragment = view.u16(at + 6)
    else { return nil }
    let header = (first & 0x0f) * 4
    guard header >= 20, length >= header, view.u8(at + 9) == Self.udp else { return nil }
    guard fragment & 0x3fff == 0 else {
      fragments += 1
      return nil
    }
    func address(_ from: Int) -> String { (0..<4).map { "\(view.bytes[from + $0])" }.joined(separator: ".") }
    return udp(at + header, min(end, at + length), address(at + 12), address(at + 16))
  }

  private mutating func v6(_ at: Int, _ end: Int) -> Datagram? {
    guard at + 40 <= end, let first = view.u8(at), first >> 4 == 6, let length = view.u16(at + 4),
      var next = view.u8(at + 6)
    else { return nil }
    let stop = min(end, at + 40 + length)
    var place = at + 40
    for _ in 0..<Self.nesting {
      switch next {
      case Self.udp: return udp(place, stop, v6Address(at + 8), v6Address(at + 24))
      case 0, 43, 60:  // options and routes on the way
        guard place + 8 <= stop, let after = view.u8(place), let units = view.u8(place + 1) else {
          return nil
        }
        next = after
        place += (units + 1) * 8
      case 44:
        fragments += 1
        return nil
      default: return nil
      }
    }
    return nil
  }

  private func udp(_ at: Int, _ end: Int, _ source: String, _ destination: String) -> Datagram? {
    guard at + 8 <= end, let from = view.u16(at), let to = view.u16(at + 2), let length = view.u16(at + 4),
      length >= 8
    else { return nil }
    return Datagram(
      source: source, destination: destination, sourcePort: from, destinationPort: to, offset: at + 8,
      count: min(length - 8, end - at - 8))
  }

  /// As RFC 5952 has it: lower case, the longest run of zeros left out.
  private func v6Address(_ at: Int) -> String {
    let groups = (0..<8).map { view.u16(at + 2 * $0) ?? 0 }
    var best = 0..<0
    var i = 0
    while i < 8 {
      var j = i
      while j < 8, groups[j] == 0 { j += 1 }
      if j - i > max(1, best.count) { best = i..<j }
      i = max(j, i + 1)
    }
    func text(_ part: some Sequence<Int>) -> String {
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    return best.isEmpty
      ? text(groups) : text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
  }
}
