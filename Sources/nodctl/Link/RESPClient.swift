// A connection to one node's Unix socket: sends a command, waits for its reply with a deadline. Everything
// that can go wrong ends as a Trouble that says whether the command may have taken effect: before it was sent
// the agent is unreachable (3), after that the outcome is unknown (5).
import Foundation

final class RESPClient {
  /// How long a node may take to accept a connection and greet.
  static let greetingTime = Duration.seconds(5)
  private static let readSize = 64 << 10

  let path: String
  private let descriptor: Int32
  private var reader = RESPReader()
  private var pushes: [[RESPValue]] = []

  /// Connects and switches to RESP3.
  init(path: String) throws {
    self.path = path
    let deadline = ContinuousClock.now + Self.greetingTime
    descriptor = try connectUnix(path: path, until: deadline)
    do {
      _ = try greeted(until: deadline)
    } catch let trouble as Trouble where trouble.status == .unknown {
      throw Trouble(
        .unreachable, "the agent at \(path) accepted the connection but does not answer",
        "is it stopped or stuck? look at its log, or: systemctl status nodd")
    }
  }

  deinit { close(descriptor) }

  private func greeted(until deadline: ContinuousClock.Instant) throws -> RESPValue {
    let reply = try call([Array("HELLO".utf8), Array("3".utf8)], until: deadline)
    if case .failure(let text) = reply {
      throw Trouble(
        .unreachable, "\(path) does not speak RESP3: it answers '\(text)'", "is this the socket of a nodd?")
    }
    return reply
  }

  /// Sends one command and waits for its reply; pushes that come between are kept for `nextPush`.
  func call(_ words: [String], within time: Duration) throws -> RESPValue {
    try call(words.map { Array($0.utf8) }, until: .now + time)
  }

  func call(_ words: [[UInt8]], until deadline: ContinuousClock.Instant) throws -> RESPValue {
    try send(words, until: deadline)
    while true {  // bounded by the deadline
      guard let value = try receive(until: deadline) else {
        throw Trouble(.unknown, "no answer from \(path) in time")
      }
      guard case .push(let elements) = value else { return value }
      pushes.append(elements)
    }
  }

  /// Sends a subscribing command; in RESP3 its confirmation is a push.
  func subscribe(_ words: [[UInt8]], until deadline: ContinuousClock.Instant) throws {
    try send(words, until: deadline)
    switch try receive(until: deadline) {
    case .push?: return
    case .failure(let text)?: throw refusal(text, by: path)
    case let other?: throw Trouble(.unreachable, "\(path) answers '\(plainText(other))' to a subscription")
    case nil: throw Trouble(.unreachable, "\(path) does not confirm the subscription")
    }
  }

  /// The next thing that the node sends by itself; nil when nothing came by the deadline.
  func nextPush(until deadline: ContinuousClock.Instant) throws -> [RESPValue]? {
    if !pushes.isEmpty { return pushes.removeFirst() }
    guard let value = try receive(until: deadline) else { return nil }
    if case .push(let elements) = value { return elements }
    throw Trouble(.unreachable, "\(path) sent an answer to no question: \(plainText(value))")
  }

  private func send(_ words: [[UInt8]], until deadline: ContinuousClock.Instant) throws {
    var message = Array("*\(words.count)\r\n".utf8)
    for word in words { message += Array("$\(word.count)\r\n".utf8) + word + Array("\r\n".utf8) }
    var sent = 0
    while sent < message.count {  // bounded by the deadline
      let count = message[sent...].withUnsafeBytes {
        Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        sent += count
      } else if errno == EAGAIN {
        guard try waitFor(POLLOUT, until: deadline) else {
          throw Trouble(.unknown, "\(path) does not take the command: the agent is stopped or busy")
        }
      } else if errno != EINTR {
        // The node runs only whole commands, and this one is not whole yet.
        throw Trouble(.unreachable, "\(path) closed the connection before the command was sent")
      }
    }
  }

  private func receive(until deadline: ContinuousClock.Instant) throws -> RESPValue? {
    while true {  // bounded by the deadline
      do {
        if let value = try reader.next() { return value }
      } catch {
        throw Trouble(.unknown, "\(path) answers something that is not RESP: \(error)")
      }
      guard try waitFor(POLLIN, until: deadline) else { return nil }
      let piece = [UInt8](unsafeUninitializedCapacity: Self.readSize) { buffer, count in
        count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
      }
      guard !piece.isEmpty else {
        if errno == EAGAIN || errno == EINTR { continue }
        throw Trouble(.unknown, "\(path) closed the connection before it answered")
      }
      reader.feed(piece)
    }
  }

  private func waitFor(_ events: Int32, until deadline: ContinuousClock.Instant) throws -> Bool {
    try ready(descriptor, events, until: deadline)
  }
}

/// Waits until a descriptor is ready; false when the deadline came first.
private func ready(_ descriptor: Int32, _ events: Int32, until deadline: ContinuousClock.Instant) throws
  -> Bool
{
  while true {  // bounded by the deadline
    let left = ContinuousClock.now.duration(to: deadline)
    guard left > .zero else { return false }
    let milliseconds = min(Int64(left / .milliseconds(1)) + 1, 60_000)
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    let count = poll(&entry, 1, Int32(milliseconds))
    if count > 0 { return true }
    if count < 0, errno != EINTR { throw Trouble(.unreachable, "poll: \(String(cString: strerror(errno)))") }
  }
}

/// The longest path that fits into a socket address, its closing zero not counted.
let longestSocketPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

/// A connected, non-blocking stream socket.
private func connectUnix(path: String, until deadline: ContinuousClock.Instant) throws -> Int32 {
  let name = Array(path.utf8)
  guard !name.isEmpty, name.count <= longestSocketPath else {
    throw Trouble(
      .usage, "the socket path '\(path)' has \(name.count) bytes; 1 to \(longestSocketPath) are possible")
  }
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
  guard descriptor >= 0 else {
    throw Trouble(.unreachable, "no socket to be had: \(String(cString: strerror(errno)))")
  }
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
  while true {  // bounded by the deadline
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if result == 0 { return descriptor }
    let code = errno
    // EAGAIN: the agent has no room for one more waiting caller just now.
    if code == EAGAIN || code == EINTR, ContinuousClock.now < deadline {
      usleep(20_000)
      continue
    }
    close(descriptor)
    throw unreachable(path, code)
  }
}

/// Why nobody answers there, in words.
private func unreachable(_ path: String, _ code: Int32) -> Trouble {
  let elsewhere = "if it listens elsewhere: --socket PATH, --node DIR or NOD_SOCKET=PATH"
  switch code {
  case ENOENT:
    return Trouble(
      .unreachable, "no socket at \(path): is nodd running?",
      "start it with: nodd CONFIGURATION (for example nodd DIR/nod.conf), or: systemctl start nodd", elsewhere
    )
  case ECONNREFUSED:
    return Trouble(
      .unreachable, "nobody listens at \(path): nodd has ended and left its socket behind",
      "its last words are in its log; start it again with: nodd CONFIGURATION", elsewhere)
  case EACCES, EPERM:
    return Trouble(
      .unreachable, "you may not use \(path): permission denied",
      "join the group that owns it (ls -l \(path)), or use sudo")
  case EAGAIN:
    return Trouble(
      .unreachable, "the agent at \(path) takes no more connections: it is stopped or overrun",
      "look at its log, or: systemctl status nodd")
  default:
    return Trouble(.unreachable, "\(path): \(String(cString: strerror(code)))", elsewhere)
  }
}
