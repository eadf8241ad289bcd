// The local interface at real sockets, on a thread of its own, before a model cluster that decides at once;
// and a plain client that says bytes and reads bytes.
import CBoard
import Foundation
import NodAgent
import NodCore

/// Serves until `stop`. What is shared between the threads is set before the thread starts, or a notice.
final class ConnectionServer: @unchecked Sendable {
  let path: String
  private(set) var port: UInt16 = 0
  private let stopNotice = board_notice_create()
  private let limits: LocalLimits
  private let ended = DispatchSemaphore(value: 0)
  private static let stopToken: UInt64 = 1

  init(_ limits: LocalLimits = LocalLimits(), mode: UInt32 = 0o660) throws {
    self.limits = limits
    path = "/tmp/nod-\(getpid())-\(UInt32.random(in: 0...(.max))).sock"
    let started = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var failure: LocalSocketError?
    let thread = Thread { [self] in
      let epoll = board_poll_create()
      defer { board_close(epoll) }
      var server = LocalServer(limits: limits, epoll: epoll)
      do throws(LocalSocketError) {
        try server.listen(unixPath: path, mode: mode)
        port = try server.listen(loopbackPort: 0)
      } catch { failure = error }
      _ = board_poll_add(epoll, stopNotice, BOARD_SOCKET_READABLE, Self.stopToken)
      started.signal()
      if failure == nil { Self.run(&server, epoll) }
      _ = consume server
      ended.signal()
    }
    thread.stackSize = 1 << 20
    thread.start()
    started.wait()
    if let failure { throw failure }
  }

  func stop() {
    _ = board_notice_raise(stopNotice)
    ended.wait()
    board_close(stopNotice)
  }

  /// An agent's loop, as far as the local interface is concerned.
  private static func run(_ server: inout LocalServer, _ epoll: Int32) {
    var cluster = ModelCluster(
      limits: RegistryLimits(
        storeBytes: 8 << 20, storeKeys: 100_000, keyBytes: 128, valueBytes: 65_536, tokenWindow: 1024))
    var tokens = [UInt64](repeating: 0, count: Int(BOARD_POLL_LIMIT))
    var readiness = [UInt32](repeating: 0, count: Int(BOARD_POLL_LIMIT))
    while true {
      let left = server.nextDeadline - LocalTime(microseconds: board_boot_microseconds())
      let timeout = Int32(clamping: max(0, left.raw / 1_000 + 1))
      let count = board_poll_wait(epoll, &tokens, &readiness, BOARD_POLL_LIMIT, timeout)
      let now = LocalTime(microseconds: board_boot_microseconds())
      for event in 0..<Int(max(0, count)) {
        if tokens[event] == stopToken { return }
        precondition(LocalServer.owns(tokens[event]))
        server.handle(tokens[event], readiness: readiness[event], now: now, port: &cluster)
      }
      decide(&server, &cluster, now)
      server.expire(now: now, port: &cluster)
    }
  }

  private static func decide(_ server: inout LocalServer, _ cluster: inout ModelCluster, _ now: LocalTime) {
    var next = 0
    while next < cluster.submissions.count {
      let submission = cluster.submissions[next]
      next += 1
      let (result, old) = cluster.apply(submission)
      old.withUnsafeBytes {
        server.completed(submission.ticket, result, oldValue: $0, now: now, port: &cluster)
      }
      cluster.tellChanges { server.publish($0, key: $1, index: $2) }
    }
    cluster.submissions.removeAll(keepingCapacity: true)
    while let ticket = cluster.reads.popLast() { server.readReady(ticket, now: now, port: &cluster) }
    server.flush(now: now, port: &cluster)
  }
}

/// One stream socket, blocking, with a deadline for everything it waits for.
final class PlainClient {
  private(set) var descriptor: Int32
  static let patienceMilliseconds: Int32 = 10_000

  init?(path: String) {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let verdict = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if verdict != 0 { return nil }
  }
  deinit { close(descriptor) }

  /// Whether all of it was taken.
  @discardableResult func send(_ bytes: [UInt8]) -> Bool {
    var offset = 0
    while offset < bytes.count {
      var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard poll(&ready, 1, Self.patienceMilliseconds) == 1 else { return false }
      let count = bytes[offset...].withUnsafeBytes {
        Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      if count <= 0 { return false }
      offset += count
    }
    return true
  }
  /// What comes next; nil at the end of the stream, or after a long silence.
  func receive() -> String? {
    var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&ready, 1, Self.patienceMilliseconds) == 1 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }
  /// Reads until what has come ends like this, or nothing comes any more.
  func receive(until end: String) -> String {
    var all = ""
    while !all.hasSuffix(end), let piece = receive() { all += piece }
    return all
  }
}
