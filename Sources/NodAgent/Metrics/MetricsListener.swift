// The same figures by HTTP, for a Prometheus on this board: GET /metrics on a loopback port, one answer a
// connection, then the connection is closed. A few callers at once, a small request, a short time for all of
// it: who exceeds one of them is cut. Nothing else is served, and nothing that is sent changes anything.
import CBoard
import NodCore

struct MetricsListener: ~Copyable {
  private enum Limit {
    static let connections = 4
    static let requestBytes = 2048
    static let answerBytes = 64 << 10
    /// From being let in until all is said.
    static let patience = Microseconds.seconds(5)
  }

  private struct Caller {
    var descriptor: Int32 = -1
    var deadline = LocalTime.never
    var received = 0
    /// Bytes of the answer, 0 while the request is incomplete, and how many of them are sent.
    var answer = 0
    var sent = 0
  }

  private let epoll: Int32
  private var listener: Int32 = -1
  private var callers = InlineArray<4, Caller>(repeating: Caller())
  /// For each caller its request, and behind all of those the answers; taken when it listens.
  private var memory: UnsafeMutableRawPointer?

  private static var tokenMark: UInt64 { 0x4d45_0000_0000_0000 }
  private static var listenerToken: UInt64 { tokenMark | 0xffff }

  /// - Parameter epoll: the agent's; it must outlive the listener.
  init(epoll: Int32) {
    precondition(Limit.connections == 4)
    self.epoll = epoll
  }

  deinit {
    for slot in 0..<Limit.connections { board_socket_close(callers[slot].descriptor) }
    board_socket_close(listener)
    memory?.deallocate()
  }

  /// Listens; until then there is nobody to answer.
  mutating func listen(_ address: LoopbackAddress) throws(BoardFailure) {
    listener = try checked(board_listen_loopback(address.isV6 ? 6 : 4, address.port), "listen")
    memory = .allocate(
      byteCount: Limit.connections * (Limit.requestBytes + Limit.answerBytes), alignment: 16)
    _ = try checked(board_poll_add(epoll, listener, BOARD_SOCKET_READABLE, Self.listenerToken), "poll")
  }

  static func owns(_ token: UInt64) -> Bool { token & 0xffff_0000_0000_0000 == tokenMark }

  var nextDeadline: LocalTime {
    var next = LocalTime.never
    for slot in 0..<Limit.connections { next = min(next, callers[slot].deadline) }
    return next
  }

  mutating func expire(now: LocalTime) {
    for slot in 0..<Limit.connections where callers[slot].deadline <= now { close(slot) }
  }

  /// One descriptor is ready.
  ///
  /// - Parameter write: puts the figures into a writer.
  mutating func handle(_ token: UInt64, now: LocalTime, write: (inout ReplyWriter) -> Void) {
    guard token != Self.listenerToken else { return accept(now) }
    let slot = Int(token & 0xff)
    guard slot < Limit.connections, callers[slot].descriptor >= 0 else { return }
    if callers[slot].answer == 0 { read(slot, write) } else { send(slot) }
  }

  private mutating func accept(_ now: LocalTime) {
    while true {  // ends when nobody waits any more
      let descriptor = board_accept(listener)
      guard descriptor >= 0 else { return }
      var free: Int?
      for slot in 0..<Limit.connections where callers[slot].descriptor < 0 { free = slot }
      guard let slot = free else {
        board_socket_close(descriptor)
        continue
      }
      callers[slot] = Caller(descriptor: descriptor, deadline: now + Limit.patience)
      if board_poll_add(epoll, descriptor, BOARD_SOCKET_READABLE, Self.tokenMark | UInt64(slot)) != 0 {
        close(slot)
      }
    }
  }

  private func request(_ slot: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: memory! + slot * Limit.requestBytes, count: Limit.requestBytes)
  }
  private func answer(_ slot: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(
      start: memory! + Limit.connections * Limit.requestBytes + slot * Limit.answerBytes,
      count: Limit.answerBytes)
  }

  private mutating func read(_ slot: Int, _ write: (inout ReplyWriter) -> Void) {
    let room = request(slot)
    let used = callers[slot].received
    let got = board_socket_read(callers[slot].descriptor, room.baseAddress! + used, room.count - used)
    if got == Int64(BOARD_SOCKET_WOULD_BLOCK) { return }
    guard got > 0 else { return close(slot) }
    callers[slot].received += Int(got)
    let all = Bytes(rebasing: UnsafeRawBufferPointer(room)[..<callers[slot].received])
    var out = ReplyWriter(answer(slot), isRESP3: false)
    switch HTTPRequest(all) {
    case .incomplete where all.count < room.count: return
    case .incomplete, .malformed: refuse("400 Bad Request", &out)
    case .otherMethod: refuse("405 Method Not Allowed\r\nAllow: GET", &out)
    case .otherPath: refuse("404 Not Found", &out)
    case .metrics:
      out.text("HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n")
      out.text("Connection: close\r\n\r\n")
      write(&out)
      if out.overflowed {
        out.rewind(to: 0)
        refuse("500 Internal Server Error", &out)
      }
    }
    callers[slot].answer = out.count
    send(slot)
  }

  private func refuse(_ status: StaticString, _ out: inout ReplyWriter) {
    out.text("HTTP/1.0 ")
    out.text(status)
    out.text("\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nGET /metrics is all there is.\n")
  }

  private mutating func send(_ slot: Int) {
    let caller = callers[slot]
    let room = answer(slot)
    let taken = board_socket_write(
      caller.descriptor, room.baseAddress! + caller.sent, caller.answer - caller.sent)
    if taken > 0 {
      callers[slot].sent += Int(taken)
      if callers[slot].sent == caller.answer { return finish(slot) }
    } else if taken != Int64(BOARD_SOCKET_WOULD_BLOCK) {
      return close(slot)
    }
    _ = board_poll_change(epoll, caller.descriptor, BOARD_SOCKET_WRITABLE, Self.tokenMark | UInt64(slot))
  }

  /// What the caller still sends is thrown away first: closing with unread bytes would reset the connection
  /// before the answer has been read.
  private mutating func finish(_ slot: Int) {
    _ = board_socket_finish(callers[slot].descriptor)
    let room = request(slot)
    for _ in 0..<8 where board_socket_read(callers[slot].descriptor, room.baseAddress!, room.count) <= 0 {
      break
    }
    close(slot)
  }

  private mutating func close(_ slot: Int) {
    board_socket_close(callers[slot].descriptor)
    callers[slot] = Caller()
  }
}

/// As much of HTTP as one path takes.
package enum HTTPRequest: Equatable {
  case incomplete, malformed, otherMethod, otherPath, metrics

  package init(_ bytes: Bytes) {
    guard let end = HTTPRequest.end(of: bytes) else {
      self = .incomplete
      return
    }
    let line = bytes.part(0, end)
    guard let first = line.firstIndex(of: 32), let last = line.lastIndex(of: 32), last > first + 1,
      line.part(last + 1, line.count).starts(with: ("HTTP/1." as StaticString).bytes)
    else {
      self = .malformed
      return
    }
    let target = line.part(first + 1, last)
    let path = target.part(0, target.firstIndex(of: UInt8(ascii: "?")) ?? target.count)
    if !line.part(0, first).equals(("GET" as StaticString).bytes) {
      self = .otherMethod
    } else {
      self = path.equals(("/metrics" as StaticString).bytes) ? .metrics : .otherPath
    }
  }

  /// Where the first line ends, once the empty line behind the headers is there.
  private static func end(of bytes: Bytes) -> Int? {
    var first: Int?
    var lineStart = 0
    for at in 0..<bytes.count where bytes[at] == 10 {
      let lineEnd = at > lineStart && bytes[at - 1] == 13 ? at - 1 : at
      if lineEnd == lineStart && first != nil { return first }
      if first == nil { first = lineEnd }
      lineStart = at + 1
    }
    return nil
  }
}
