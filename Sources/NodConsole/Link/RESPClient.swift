// A connection to one node's Unix socket: sends a command, waits for its reply with a deadline. Everything
// that can go wrong ends as a Trouble that says whether the command may have taken effect: before it was sent
// the agent is unreachable (3), after that the outcome is unknown (5).
import CBoard
import NodCore

package final class RESPClient {
  /// How long a node may take to accept a connection and greet.
  package static let greetingTime = Microseconds.seconds(5)
  private static let readSize = 64 << 10
  private static let retryPause: Int64 = 20_000

  package let path: String
  private let descriptor: Int32
  private var reader = RESPReader()
  private var pushes: [[RESPValue]] = []
  /// Whether an answer is waited for: then a person is told that it takes long.
  private var isAsked = false

  /// Connects and switches to RESP3.
  package init(path: String) throws(Trouble) {
    self.path = path
    let deadline = Console.now + Self.greetingTime
    descriptor = try connected(path, until: deadline)
    let reply: RESPValue
    do throws(Trouble) {
      reply = try call(["HELLO", "3"], until: deadline)
    } catch {
      guard error.status == .unknown else { throw error }
      throw Trouble(
        .unreachable, "the agent at " + path + " accepted the connection but does not answer",
        "is it stopped or stuck? look at its log, or: systemctl status nodd")
    }
    if case .failure(let text) = reply {
      throw Trouble(
        .unreachable, path + " does not speak RESP3: it answers '" + safe(text) + "'",
        "is this the socket of a nodd?")
    }
  }

  deinit { board_close(descriptor) }

  /// Sends one command and waits for its reply; pushes that come between are kept for `nextPush`.
  package func call(_ words: [String], within time: Microseconds) throws(Trouble) -> RESPValue {
    try call(words, until: Console.now + time)
  }

  package func call(_ words: [String], until deadline: LocalTime) throws(Trouble) -> RESPValue {
    isAsked = true
    defer { isAsked = false }
    try send(words, until: deadline)
    while true {  // bounded by the deadline
      guard let value = try receive(until: deadline) else {
        throw Trouble(.unknown, "no answer from " + path + " in time")
      }
      guard case .push(let elements) = value else { return value }
      pushes.append(elements)
    }
  }

  /// Sends a subscribing command; in RESP3 its confirmation is a push.
  package func subscribe(_ words: [String], until deadline: LocalTime) throws(Trouble) {
    try send(words, until: deadline)
    guard let answer = try receive(until: deadline) else {
      throw Trouble(.unreachable, path + " does not confirm the subscription")
    }
    switch answer {
    case .push: return
    case .failure(let text): throw refusal(text, by: path)
    default:
      throw Trouble(.unreachable, path + " answers '" + plainText(answer) + "' to a subscription")
    }
  }

  /// The next thing that the node sends by itself; nil when nothing came by the deadline, or at an interrupt.
  package func nextPush(until deadline: LocalTime) throws(Trouble) -> [RESPValue]? {
    if !pushes.isEmpty { return pushes.removeFirst() }
    guard let value = try receive(until: deadline) else { return nil }
    if case .push(let elements) = value { return elements }
    throw Trouble(.unreachable, path + " sent an answer to no question: " + plainText(value))
  }

  private func send(_ words: [String], until deadline: LocalTime) throws(Trouble) {
    var message = Array(("*" + String(words.count) + "\r\n").utf8)
    for word in words {
      message += Array(("$" + String(word.utf8.count) + "\r\n").utf8)
      message += Array(word.utf8)
      message += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    }
    var sent = 0
    while sent < message.count {  // bounded by the deadline
      let count = message[sent...].withUnsafeBytes {
        board_socket_write(descriptor, $0.baseAddress, $0.count)
      }
      if count > 0 {
        sent += Int(count)
      } else if count == Int64(BOARD_SOCKET_WOULD_BLOCK) {
        guard try isReady(UInt32(BOARD_SOCKET_WRITABLE), until: deadline) else {
          throw Trouble(.unknown, path + " does not take the command: the agent is stopped or busy")
        }
      } else {
        // The node runs only whole commands, and this one is not whole yet.
        throw Trouble(.unreachable, path + " closed the connection before the command was sent")
      }
    }
  }

  private func receive(until deadline: LocalTime) throws(Trouble) -> RESPValue? {
    while true {  // bounded by the deadline
      do throws(RESPReader.Malformed) {
        if let value = try reader.next() { return value }
      } catch {
        throw Trouble(.unknown, path + " answers something that is not RESP: " + error.description)
      }
      guard try isReady(UInt32(BOARD_SOCKET_READABLE), until: deadline) else { return nil }
      var got: Int64 = 0
      let piece = [UInt8](unsafeUninitializedCapacity: Self.readSize) { buffer, count in
        got = board_socket_read(descriptor, buffer.baseAddress, buffer.count)
        count = max(0, Int(got))
      }
      if got == Int64(BOARD_SOCKET_WOULD_BLOCK) { continue }
      guard got > 0 else { throw Trouble(.unknown, path + " closed the connection before it answered") }
      reader.feed(piece)
    }
  }

  /// Waits until the socket is ready; false when the deadline came first, or an interrupt.
  private func isReady(_ interest: UInt32, until deadline: LocalTime) throws(Trouble) -> Bool {
    var waiting = Waiting("waiting for the answer of " + path)
    defer { waiting.end() }
    while board_was_interrupted() == 0 {  // bounded by the deadline
      let left = deadline - Console.now
      guard left > .zero else { return false }
      let verdict = board_wait_ready(
        descriptor, interest, Int32(min(left.raw / 1000 + 1, isAsked ? 500 : 60_000)))
      if isAsked { waiting.note() }
      if verdict > 0 { return true }
      if verdict < 0 { throw Trouble(.unreachable, path + ": " + systemText(verdict)) }
    }
    return false
  }

  /// The longest path that a socket may have, in bytes.
  package static var longestPath: Int { Int(BOARD_UNIX_PATH) }
  fileprivate static var pause: Int64 { retryPause }
}

/// An error of the system in its words.
package func systemText(_ error: Int32) -> String { String(cString: board_error_text(error)) }

private func connected(_ path: String, until deadline: LocalTime) throws(Trouble) -> Int32 {
  let count = path.utf8.count
  guard count > 0, count <= RESPClient.longestPath else {
    throw Trouble(
      .usage,
      "the socket path '" + path + "' has " + String(count) + " bytes; 1 to "
        + String(RESPClient.longestPath) + " are possible")
  }
  while true {  // bounded by the deadline
    let verdict = path.withCString { board_connect_unix($0) }
    if verdict >= 0 { return verdict }
    // The agent has no room for one more waiting caller just now, or a signal came.
    guard verdict == Refused.busy || verdict == Refused.interrupted, Console.now < deadline else {
      throw unreachable(path, verdict)
    }
    board_pause(RESPClient.pause)
  }
}

/// Error numbers of Linux, alike on all its machines that boards have.
private enum Refused {
  static var notPermitted: Int32 { -1 }
  static var missing: Int32 { -2 }
  static var interrupted: Int32 { -4 }
  static var busy: Int32 { -11 }
  static var noAccess: Int32 { -13 }
  static var nobody: Int32 { -111 }
}

/// Why nobody answers there, in words.
private func unreachable(_ path: String, _ code: Int32) -> Trouble {
  let elsewhere = "if it listens elsewhere: --socket PATH, --node DIR or NOD_SOCKET=PATH"
  switch code {
  case Refused.missing:
    return Trouble(
      .unreachable, "no socket at " + path + ": is nodd running?",
      "start it with: nodd CONFIGURATION (for example nodd DIR/nod.conf), or: systemctl start nodd", elsewhere
    )
  case Refused.nobody:
    return Trouble(
      .unreachable, "nobody listens at " + path + ": nodd has ended and left its socket behind",
      "its last words are in its log; start it again with: nodd CONFIGURATION", elsewhere)
  case Refused.noAccess, Refused.notPermitted:
    return Trouble(
      .unreachable, "you may not use " + path + ": permission denied",
      "join the group that owns it (ls -l " + path + "), or use sudo")
  case Refused.busy:
    return Trouble(
      .unreachable, "the agent at " + path + " takes no more connections: it is stopped or overrun",
      "look at its log, or: systemctl status nodd")
  default:
    return Trouble(.unreachable, path + ": " + systemText(code), elsewhere)
  }
}
