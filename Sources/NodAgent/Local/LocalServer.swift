// The local interface at its sockets: a Unix-domain listener, loopback TCP when wanted, and their clients. It
// watches its descriptors through the agent's epoll; everything said on them is `Clients`' business.
import CBoard
import NodCore

/// Why the local interface cannot listen.
package enum LocalSocketError: Error {
  /// Another process listens there.
  case inUse
  /// Something that is no socket lies at the path; it is left alone.
  case notASocket
  case pathTooLong
  /// The error number of the system call.
  case system(Int32)

  init(_ code: Int32) {
    switch code {
    case -98: self = .inUse
    case -36: self = .pathTooLong
    case Int32(BOARD_SOCKET_NOT_A_SOCKET): self = .notASocket
    default: self = .system(-code)
    }
  }
}

package struct LocalServer: ~Copyable {
  package private(set) var clients: Clients
  private let epoll: Int32
  /// By slot: the socket, what epoll reports about it, and how often the slot was used.
  private struct Line {
    var descriptor: Int32 = -1
    var interest: UInt32 = 0
    var use: UInt32 = 0
    var hasFinishedWriting = false
  }
  private let lines: UnsafeMutableBufferPointer<Line>
  private var unixListener: Int32 = -1
  private var tcpListeners: (Int32, Int32) = (-1, -1)
  private var unixPath: UnsafeMutablePointer<CChar>?

  /// Marks the epoll tokens of the local interface: the upper 16 bits.
  private static var tokenMark: UInt64 { 0x4c4f_0000_0000_0000 }
  private static var listenerSlot: UInt64 { 0xffff }
  /// Connections taken at one readiness of a listener.
  private static var acceptsAtOnce: Int { 64 }
  /// Pieces of input still taken from a client that has hung up.
  private static var readsAtHangUp: Int { 64 }

  /// - Parameter epoll: the agent's; it must outlive the server.
  package init(limits: LocalLimits, epoll: Int32) {
    clients = Clients(limits: limits)
    self.epoll = epoll
    lines = .allocate(capacity: clients.limits.connections)
    lines.initialize(repeating: Line())
  }
  deinit {
    for line in lines { board_socket_close(line.descriptor) }
    if let unixPath {
      _ = board_unlink_unix(unixPath, unixListener)
      unixPath.deallocate()
    }
    for listener in [unixListener, tcpListeners.0, tcpListeners.1] { board_socket_close(listener) }
    lines.deallocate()
  }

  // MARK: Listening

  /// Listens on a Unix-domain socket whose file has exactly this mode. A stale file is replaced.
  package mutating func listen(unixPath path: UnsafePointer<CChar>, mode: UInt32) throws(LocalSocketError) {
    precondition(unixListener < 0)
    unixListener = try watched(board_listen_unix(path, mode))
    var length = 0
    while path[length] != 0 { length += 1 }
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: length + 1)
    copy.initialize(from: path, count: length + 1)
    unixPath = copy
  }
  /// Listens on 127.0.0.1, and on ::1 where there is one.
  ///
  /// - Returns: the port, which the kernel chooses when 0 is asked for.
  package mutating func listen(loopbackPort wanted: UInt16) throws(LocalSocketError) -> UInt16 {
    precondition(tcpListeners.0 < 0)
    tcpListeners.0 = try watched(board_listen_loopback(4, wanted))
    let port = UInt16(truncatingIfNeeded: board_socket_port(tcpListeners.0))
    tcpListeners.1 = (try? watched(board_listen_loopback(6, port))) ?? -1
    return port
  }
  private func watched(_ listener: Int32) throws(LocalSocketError) -> Int32 {
    guard listener >= 0 else { throw LocalSocketError(listener) }
    let token = Self.tokenMark | UInt64(UInt32(listener)) << 16 | Self.listenerSlot
    let verdict = board_poll_add(epoll, listener, BOARD_SOCKET_READABLE, token)
    guard verdict == 0 else {
      board_socket_close(listener)
      throw LocalSocketError(verdict)
    }
    return listener
  }

  // MARK: The agent's loop

  /// Whether an epoll token belongs to the local interface.
  package static func owns(_ token: UInt64) -> Bool { token & 0xffff_0000_0000_0000 == tokenMark }

  /// One descriptor is ready, as epoll says.
  package mutating func handle<P: ClusterPort & ~Copyable>(
    _ token: UInt64, readiness: UInt32, now: LocalTime, port: inout P
  ) {
    let use = UInt32(truncatingIfNeeded: token >> 16)
    if token & 0xffff == Self.listenerSlot {
      accept(from: Int32(bitPattern: use), port: &port)
      return
    }
    let slot = Int(token & 0xffff)
    // An event of a connection that ended earlier in the same batch.
    guard slot < lines.count, lines[slot].use == use, lines[slot].descriptor >= 0 else { return }
    let hasHungUp = readiness & (BOARD_SOCKET_ERROR | BOARD_SOCKET_HUNG_UP) != 0
    if readiness & BOARD_SOCKET_READABLE != 0 {
      // What a client sent before it hung up still counts.
      for _ in 0..<(hasHungUp ? Self.readsAtHangUp : 1) {
        guard read(slot, now: now, port: &port) else { break }
      }
    }
    if hasHungUp {
      close(slot, port: &port)
    } else {
      write(slot, now: now, port: &port)
    }
    flush(now: now, port: &port)
  }

  /// Sends what answers and messages have left in the outputs. Call it after each batch of them.
  package mutating func flush<P: ClusterPort & ~Copyable>(now: LocalTime, port: inout P) {
    while let slot = clients.nextUnflushed() {
      if lines[slot].descriptor >= 0 { write(slot, now: now, port: &port) }
    }
  }

  /// When `expire` has something to do next.
  package var nextDeadline: LocalTime { clients.nextDeadline }
  package mutating func expire<P: ClusterPort & ~Copyable>(now: LocalTime, port: inout P) {
    clients.expire(now: now, port: &port)
    flush(now: now, port: &port)
  }

  /// The cluster's answers and changes; `flush` sends the replies.
  package mutating func completed<P: ClusterPort & ~Copyable>(
    _ ticket: Ticket, _ result: ApplyResult, oldValue: Bytes, now: LocalTime, port: inout P
  ) { clients.completed(ticket, result, oldValue: oldValue, now: now, port: &port) }
  package mutating func readReady<P: ClusterPort & ~Copyable>(_ ticket: Ticket, now: LocalTime, port: inout P)
  {
    clients.readReady(ticket, now: now, port: &port)
  }
  package mutating func told<P: ClusterPort & ~Copyable>(_ ticket: Ticket, now: LocalTime, port: inout P) {
    clients.told(ticket, now: now, port: &port)
  }
  package mutating func readFailed<P: ClusterPort & ~Copyable>(
    _ ticket: Ticket, reason: StaticString, now: LocalTime, port: inout P
  ) { clients.readFailed(ticket, reason: reason, now: now, port: &port) }
  package mutating func publish(_ change: ChangeEvent, key: Bytes, index: LogIndex) {
    clients.publish(change, key: key, index: index)
  }

  // MARK: One connection

  private mutating func accept<P: ClusterPort & ~Copyable>(from listener: Int32, port: inout P) {
    for _ in 0..<Self.acceptsAtOnce {
      let descriptor = board_accept(listener)
      guard descriptor >= 0 else { return }
      guard let slot = clients.open() else {
        let refusal: StaticString = "-ERR max number of clients reached\r\n"
        _ = board_socket_write(descriptor, refusal.utf8Start, refusal.utf8CodeUnitCount)
        board_socket_close(descriptor)
        continue
      }
      lines[slot] = Line(
        descriptor: descriptor, interest: BOARD_SOCKET_READABLE, use: lines[slot].use &+ 1)
      if board_poll_add(epoll, descriptor, BOARD_SOCKET_READABLE, token(slot)) != 0 {
        close(slot, port: &port)
      }
    }
  }
  private func token(_ slot: Int) -> UInt64 { Self.tokenMark | UInt64(lines[slot].use) << 16 | UInt64(slot) }

  /// Reads once: the others are waiting too, and epoll tells of the rest.
  ///
  /// - Returns: whether there may be more.
  private mutating func read<P: ClusterPort & ~Copyable>(_ slot: Int, now: LocalTime, port: inout P) -> Bool {
    let room = clients.room(slot)
    guard let base = room.baseAddress, room.count > 0 else { return false }
    let got = board_socket_read(lines[slot].descriptor, base, room.count)
    if got > 0 {
      clients.received(slot, count: Int(got), now: now, port: &port)
      return true
    }
    if got == 0 {
      clients.inputEnded(slot)
    } else if got != Int64(BOARD_SOCKET_WOULD_BLOCK) {
      close(slot, port: &port)
    }
    return false
  }

  private mutating func write<P: ClusterPort & ~Copyable>(_ slot: Int, now: LocalTime, port: inout P) {
    guard lines[slot].descriptor >= 0 else { return }
    while true {  // ends when the kernel's buffer is full, or this output is empty
      let bytes = clients.unsent(slot)
      guard bytes.count > 0 else { break }
      let taken = board_socket_write(lines[slot].descriptor, bytes.baseAddress, bytes.count)
      if taken == Int64(BOARD_SOCKET_WOULD_BLOCK) { break }
      guard taken > 0 else { return close(slot, port: &port) }
      clients.sent(slot, count: Int(taken), now: now, port: &port)
    }
    switch clients.fate(slot) {
    case .stay: break
    case .finishWriting:
      if !lines[slot].hasFinishedWriting { _ = board_socket_finish(lines[slot].descriptor) }
      lines[slot].hasFinishedWriting = true
    case .close: return close(slot, port: &port)
    }
    watch(slot)
  }

  /// Asks epoll for what can be used: input while there is room for it, output while there is some.
  private mutating func watch(_ slot: Int) {
    var interest: UInt32 = 0
    if clients.room(slot).count > 0 { interest |= BOARD_SOCKET_READABLE }
    if clients.unsent(slot).count > 0 { interest |= BOARD_SOCKET_WRITABLE }
    guard interest != lines[slot].interest else { return }
    lines[slot].interest = interest
    _ = board_poll_change(epoll, lines[slot].descriptor, interest, token(slot))
  }

  private mutating func close<P: ClusterPort & ~Copyable>(_ slot: Int, port: inout P) {
    guard lines[slot].descriptor >= 0 else { return }
    clients.close(slot, port: &port)
    board_socket_close(lines[slot].descriptor)
    lines[slot].descriptor = -1
  }
}
