// UDP as a radio: to a list of peers, one datagram each, or to a multicast group. It loses what arrives
// while it is off, and, when asked to, a share of what arrives while it is on. Trouble of the network is
// loss, as on the air.
import CBoard
import NodCore

// Public, since Embedded Swift finds the deinit of any other type within its own module only.
public struct UDPRadio: Radio, ~Copyable {
  package typealias Failure = BoardFailure

  /// Bytes of the kernel's buffers asked for: some hundred frames in each direction.
  package static let kernelBufferBytes: Int32 = 256 << 10
  /// Datagrams that one `receive` looks at before it returns, so that a flood of worthless ones has a bound.
  package static let looksPerReceive = 64

  private enum Reach {
    /// Peers by slot, ourselves left out.
    case peers(NodeSet)
    case group
  }

  private let udp: OpaquePointer
  private var reach: Reach
  private var loss: DeliberateLoss
  package let descriptor: Int32
  package private(set) var isOn = false
  package private(set) var figures = RadioFigures()

  /// A radio that reaches peers one by one; `add` names them.
  /// - Parameter listen: numeric, "10.0.0.7:7100" or "[fd00::7]:7100"; port 0 lets the kernel choose.
  package init(listen: String, loss: DeliberateLoss = DeliberateLoss(percent: 0, seed: 0))
    throws(BoardFailure)
  {
    var verdict: Int32 = 0
    guard let udp = listen.withCString({ board_udp_open($0, &verdict) }) else {
      throw BoardFailure("listen on", listen, verdict: verdict)
    }
    self.udp = udp
    self.loss = loss
    reach = .peers(NodeSet())
    descriptor = board_udp_descriptor(udp)
    _ = board_udp_buffers(udp, UDPRadio.kernelBufferBytes, UDPRadio.kernelBufferBytes)
  }

  /// A radio that speaks to a multicast group, and hears its own frames too: their sender tells them apart.
  /// - Parameter interface: a name ("wlan0"); empty lets the kernel choose.
  package init(
    group: String, interface: String, loss: DeliberateLoss = DeliberateLoss(percent: 0, seed: 0)
  ) throws(BoardFailure) {
    var verdict: Int32 = 0
    let opened = group.withCString { group in
      interface.withCString { board_udp_open_group(group, $0, &verdict) }
    }
    guard let opened else {
      let place = interface.isEmpty ? group : "\(group) on \(interface)"
      throw BoardFailure("join", place, verdict: verdict)
    }
    udp = opened
    self.loss = loss
    reach = .group
    descriptor = board_udp_descriptor(opened)
    _ = board_udp_buffers(opened, UDPRadio.kernelBufferBytes, UDPRadio.kernelBufferBytes)
  }

  deinit { board_udp_close(udp) }

  /// The port that the kernel gave or was asked for.
  package var port: Int { max(0, Int(board_udp_port(udp))) }

  /// Names a peer that is sent to from now on; ourselves are not added.
  package mutating func add(_ peer: NodeID, address: String) throws(BoardFailure) {
    guard case .peers(var peers) = reach else { return }
    _ = try checked(
      address.withCString { board_udp_set_peer(udp, UInt32(peer.raw), $0) }, "take as a peer", address)
    peers.insert(peer)
    reach = .peers(peers)
  }

  package mutating func turn(on: Bool) throws(BoardFailure) {
    // What the kernel kept while the radio was off was never on the air for us.
    if on && !isOn { try discardPending() }
    isOn = on
  }

  package mutating func discardPending() throws(BoardFailure) {
    figures.framesMissed += UInt64(try checked(board_udp_discard(udp), "discard datagrams"))
  }

  package mutating func receive(into buffer: UnsafeMutableRawBufferPointer) throws(BoardFailure) -> Int? {
    for _ in 0..<UDPRadio.looksPerReceive {
      switch try next(into: buffer) {
      case .nothing: return nil
      case .frame(let count): return count
      case .dropped, .oversized: continue
      }
    }
    return nil
  }

  /// What one look at the socket found.
  package enum Arrival {
    case nothing
    case frame(Int)
    /// Thrown away on purpose; its bytes are in the buffer for whoever keeps a record of it.
    case dropped(Int)
    case oversized
  }

  package mutating func next(into buffer: UnsafeMutableRawBufferPointer) throws(BoardFailure) -> Arrival {
    guard isOn, let start = buffer.baseAddress else { return .nothing }
    let count = board_udp_receive(udp, start, buffer.count)
    if count == BOARD_SOCKET_WOULD_BLOCK { return .nothing }
    if count == BOARD_UDP_TOO_LARGE {
      figures.oversized += 1
      return .oversized
    }
    if count < 0 { throw BoardFailure("receive", verdict: count) }
    if loss.strikes() {
      figures.framesDropped += 1
      return .dropped(Int(count))
    }
    figures.framesReceived += 1
    figures.bytesReceived += UInt64(count)
    return .frame(Int(count))
  }

  package mutating func transmit(_ datagram: Bytes) throws(BoardFailure) {
    figures.framesSent += 1
    figures.bytesSent += UInt64(datagram.count)
    switch reach {
    case .group: note(board_udp_send_group(udp, datagram.baseAddress, datagram.count))
    case .peers(let peers):
      for slot in 0..<UInt8(NodeID.limit) where peers.contains(NodeID(slot)) {
        note(board_udp_send(udp, UInt32(slot), datagram.baseAddress, datagram.count))
      }
    }
  }

  private mutating func note(_ verdict: Int32) {
    if verdict < 0 { figures.sendFailures += 1 } else { figures.datagramsSent += 1 }
  }
}
