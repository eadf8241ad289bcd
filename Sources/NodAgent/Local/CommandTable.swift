// The words a client may say, with what COMMAND tells about them. Adding a word means a case, a row, and a
// branch in `Clients.answer` (or in `Clients.encode`, when it writes).
import NodCore

package enum Command: UInt8, CaseIterable, Sendable {
  case get, set, del, exists, incrby, incr, decr, decrby, expire, pexpire, ttl, pttl, persist, strlen, type
  case delex, dbsize, scan, keys, subscribe, psubscribe, unsubscribe, punsubscribe
  case ping, echo, hello, auth, command, client, config, info, select, quit, reset, nod
}

/// One row of the table.
struct CommandRow {
  enum Group: UInt8 { case string, generic, pubsub, connection, server }
  let name: StaticString
  /// Arguments with the name; at least that many when negative.
  let arity: Int
  let group: Group
  let isWrite: Bool
  /// Positions of the keys, as COMMAND tells them; 0 when there are none, the last -1 for "to the end".
  let firstKey: Int
  let lastKey: Int
  let summary: StaticString
  let syntax: StaticString

  init(
    _ name: StaticString, _ arity: Int, _ group: Group, writes: Bool = false, keys: (Int, Int) = (0, 0),
    _ syntax: StaticString, _ summary: StaticString
  ) {
    self.name = name
    self.arity = arity
    self.group = group
    isWrite = writes
    (firstKey, lastKey) = keys
    self.syntax = syntax
    self.summary = summary
  }

  func accepts(_ argumentCount: Int) -> Bool { arity >= 0 ? argumentCount == arity : argumentCount >= -arity }
}

extension Command {
  /// Nil for a word that is not ours.
  init?(named name: Bytes) {
    guard name.count <= 16 else { return nil }
    for command in Command.inOrder where command.isNamed(name) {
      self = command
      return
    }
    return nil
  }
  private func isNamed(_ word: Bytes) -> Bool {
    let name = row.name
    guard word.count == name.utf8CodeUnitCount else { return false }
    for i in 0..<word.count where word[i] | 0x20 != name.utf8Start[i] { return false }
    return true
  }

  static let count = 35
  /// All words, the most frequent first.
  static var inOrder: CommandSequence { CommandSequence() }

  var row: CommandRow {
    switch self {
    case .get, .set, .del, .exists, .incrby, .incr, .decr, .decrby, .strlen, .delex: stringRow
    case .expire, .pexpire, .ttl, .pttl, .persist, .type, .dbsize, .scan, .keys: keyRow
    case .subscribe, .psubscribe, .unsubscribe, .punsubscribe: subscribeRow
    default: serverRow
    }
  }

  private var stringRow: CommandRow {
    switch self {
    case .get: .init("get", 2, .string, keys: (1, 1), "key", "The value of a key, as this node knows it.")
    case .set:
      .init(
        "set", -3, .string, writes: true, keys: (1, 1),
        "key value [NX|XX|IFEQ compare] [GET] [EX seconds|PX ms|KEEPTTL]",
        "Sets a key, if the condition holds.")
    case .del: .init("del", -2, .generic, writes: true, keys: (1, -1), "key [key ...]", "Deletes keys.")
    case .exists: .init("exists", -2, .generic, keys: (1, -1), "key [key ...]", "Counts the keys that exist.")
    case .incrby:
      .init("incrby", 3, .string, writes: true, keys: (1, 1), "key increment", "Adds to a number.")
    case .incr: .init("incr", 2, .string, writes: true, keys: (1, 1), "key", "Adds one to a number.")
    case .decr: .init("decr", 2, .string, writes: true, keys: (1, 1), "key", "Takes one from a number.")
    case .decrby:
      .init("decrby", 3, .string, writes: true, keys: (1, 1), "key decrement", "Takes from a number.")
    case .strlen: .init("strlen", 2, .string, keys: (1, 1), "key", "Bytes of a key's value.")
    default:
      .init(
        "delex", -2, .string, writes: true, keys: (1, 1), "key [IFEQ compare]",
        "Deletes a key if it has this value.")
    }
  }
  private var keyRow: CommandRow {
    switch self {
    case .expire:
      .init("expire", -3, .generic, writes: true, keys: (1, 1), "key seconds", "Lets a key expire.")
    case .pexpire:
      .init("pexpire", -3, .generic, writes: true, keys: (1, 1), "key milliseconds", "Lets a key expire.")
    case .ttl: .init("ttl", 2, .generic, keys: (1, 1), "key", "Seconds until a key expires.")
    case .pttl: .init("pttl", 2, .generic, keys: (1, 1), "key", "Milliseconds until a key expires.")
    case .persist:
      .init("persist", 2, .generic, writes: true, keys: (1, 1), "key", "Lets a key expire no more.")
    case .type: .init("type", 2, .generic, keys: (1, 1), "key", "string or none.")
    case .dbsize: .init("dbsize", 1, .server, "", "How many keys there are.")
    case .scan:
      .init(
        "scan", -2, .generic, "cursor [MATCH pattern] [COUNT count] [TYPE type]", "Visits keys in portions.")
    default: .init("keys", 2, .generic, "pattern", "All keys that match; SCAN for many.")
    }
  }
  private var subscribeRow: CommandRow {
    switch self {
    case .subscribe:
      .init(
        "subscribe", -2, .pubsub, "channel [channel ...]", "Tells of changes: __keyspace@0__:KEY and others.")
    case .psubscribe: .init("psubscribe", -2, .pubsub, "pattern [pattern ...]", "The same by glob patterns.")
    case .unsubscribe: .init("unsubscribe", -1, .pubsub, "[channel ...]", "Ends it.")
    default: .init("punsubscribe", -1, .pubsub, "[pattern ...]", "Ends it.")
    }
  }
  private var serverRow: CommandRow {
    switch self {
    case .ping: .init("ping", -1, .connection, "[message]", "PONG, or the message.")
    case .echo: .init("echo", 2, .connection, "message", "The message.")
    case .hello: .init("hello", -1, .connection, "[2|3] [SETNAME name]", "Chooses the protocol version.")
    case .auth:
      .init("auth", -2, .connection, "password", "Refused: the socket's file mode decides who may come.")
    case .command: .init("command", -1, .server, "[COUNT|LIST|DOCS|INFO]", "What can be said.")
    case .client:
      .init("client", -2, .connection, "ID|GETNAME|SETNAME name|SETINFO name value", "About this connection.")
    case .config: .init("config", -2, .server, "GET name", "Empty: the configuration is nod.conf.")
    case .info: .init("info", -1, .server, "[section]", "The node in lines of name:value.")
    case .select: .init("select", 2, .connection, "0", "There is one database, 0.")
    case .quit: .init("quit", -1, .connection, "", "Ends the connection.")
    case .reset: .init("reset", 1, .connection, "", "The connection as it was at first.")
    default: .init("nod", -2, .server, "HELP", "What Redis has no word for.")
    }
  }
}

/// Walks through all commands without allocating.
struct CommandSequence: Sequence, IteratorProtocol {
  private var raw: UInt8 = 0
  mutating func next() -> Command? {
    defer { raw += 1 }
    return Command(rawValue: raw)
  }
}
