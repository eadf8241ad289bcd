// Requests about the connection itself and about the server, as far as redis-cli and client libraries ask on
// their own when they connect, and people when they look around.
import NodCore

extension Clients {
  mutating func answerAboutConnection(
    _ command: Command, _ slot: Int, _ writer: inout ReplyWriter
  ) throws(RequestError) {
    switch command {
    case .ping: try ping(slot, &writer)
    case .echo: writer.bulk(arguments[1])
    case .hello: try hello(slot, &writer)
    case .auth: throw .authentication
    case .command: try describeCommands(&writer)
    case .client: try client(slot, &writer)
    case .config: try config(&writer)
    case .select:
      if try number(1) != 0 { throw .databaseRange }
      writer.simple("OK")
    case .quit:
      writer.simple("OK")
      connections[slot].phase = .quitting
    case .reset: reset(slot, &writer)
    default: preconditionFailure("answered elsewhere")
    }
  }

  private func ping(_ slot: Int, _ writer: inout ReplyWriter) throws(RequestError) {
    guard arguments.count <= 2 else { throw .argumentCount }
    if connections[slot].isSubscriberOnly {
      writer.array(2)
      writer.bulk("pong")
      writer.bulk(arguments.count == 2 ? arguments[1] : noBytes)
    } else if arguments.count == 2 {
      writer.bulk(arguments[1])
    } else {
      writer.simple("PONG")
    }
  }

  /// HELLO [2 | 3 [SETNAME name]]; AUTH is refused in words.
  private mutating func hello(_ slot: Int, _ writer: inout ReplyWriter) throws(RequestError) {
    var isRESP3 = connections[slot].isRESP3
    var name: Bytes?
    if arguments.count > 1 {
      guard let version = arguments[1].decimal else { throw .protocolNumber }
      guard version == 2 || version == 3 else { throw .unsupportedProtocol }
      isRESP3 = version == 3
      var at = 2
      while at < arguments.count {
        if arguments[at].isWord("AUTH") { throw .authentication }
        guard arguments[at].isWord("SETNAME"), at + 1 < arguments.count else { throw .syntax }
        name = arguments[at + 1]
        try checkName(arguments[at + 1])
        at += 2
      }
    }
    if let name { setName(slot, name) }
    connections[slot].isRESP3 = isRESP3
    writer.isRESP3 = isRESP3
    writer.map(7)
    writer.bulk("server")
    writer.bulk("nod")
    writer.bulk("version")
    writer.bulk(nodVersion)
    writer.bulk("proto")
    writer.integer(Int64(isRESP3 ? 3 : 2))
    writer.bulk("id")
    writer.integer(connections[slot].number)
    writer.bulk("mode")
    writer.bulk("standalone")
    writer.bulk("role")
    writer.bulk("master")
    writer.bulk("modules")
    writer.array(0)
  }

  /// The connection as it was when it came.
  private mutating func reset(_ slot: Int, _ writer: inout ReplyWriter) {
    subscriptions.removeAll(of: slot)
    connections[slot].subscriptionCount = 0
    connections[slot].nameLength = 0
    connections[slot].isRESP3 = false
    writer.isRESP3 = false
    writer.simple("RESET")
  }

  // MARK: CLIENT and CONFIG

  private mutating func client(_ slot: Int, _ writer: inout ReplyWriter) throws(RequestError) {
    let word = arguments[1]
    switch arguments.count {
    case 2 where word.isWord("ID"): writer.integer(connections[slot].number)
    case 2 where word.isWord("GETNAME"):
      let length = connections[slot].nameLength
      length > 0 ? writer.bulk(Bytes(start: name(slot), count: length)) : writer.null()
    case 3 where word.isWord("SETNAME"):
      try checkName(arguments[2])
      setName(slot, arguments[2])
      writer.simple("OK")
    case 4 where word.isWord("SETINFO"): writer.simple("OK")
    case 3 where word.isWord("NO-EVICT") || word.isWord("NO-TOUCH"): writer.simple("OK")
    default: throw .unknownSubcommand
    }
  }
  private func name(_ slot: Int) -> UnsafeMutableRawPointer { names + slot * Connection.nameBytes }
  private func checkName(_ name: Bytes) throws(RequestError) {
    guard name.count <= Connection.nameBytes else { throw .nameSyntax }
    for byte in name where byte < 0x21 || byte > 0x7e { throw .nameSyntax }
  }
  private mutating func setName(_ slot: Int, _ text: Bytes) {
    if let source = text.baseAddress { name(slot).copyMemory(from: source, byteCount: text.count) }
    connections[slot].nameLength = text.count
  }

  /// CONFIG GET finds nothing but what redis-benchmark cannot do without: nothing is saved on a schedule.
  private func config(_ writer: inout ReplyWriter) throws(RequestError) {
    guard arguments[1].isWord("GET") else {
      if arguments[1].isWord("SET") { throw .configIsAFile }
      throw .unknownSubcommand
    }
    guard arguments.count >= 3 else { throw .argumentCount }
    if arguments.count == 3, arguments[2].isWord("SAVE") || arguments[2].isWord("APPENDONLY") {
      writer.map(1)
      writer.bulk(arguments[2])
      writer.bulk(arguments[2].isWord("SAVE") ? "" : "yes")
    } else {
      writer.map(0)
    }
  }

  // MARK: COMMAND

  private func describeCommands(_ writer: inout ReplyWriter) throws(RequestError) {
    guard arguments.count > 1 else {
      writer.array(Command.count)
      for command in Command.inOrder { describe(command, &writer) }
      return
    }
    let word = arguments[1]
    if word.isWord("COUNT"), arguments.count == 2 {
      writer.integer(Int64(Command.count))
    } else if word.isWord("LIST"), arguments.count == 2 {
      writer.array(Command.count)
      for command in Command.inOrder { writer.bulk(command.row.name) }
    } else if word.isWord("DOCS") {
      documentCommands(&writer)
    } else if word.isWord("INFO") {
      let isAll = arguments.count == 2
      writer.array(isAll ? Command.count : arguments.count - 2)
      if isAll { for command in Command.inOrder { describe(command, &writer) } }
      for at in 2..<max(2, arguments.count) {
        if let command = Command(named: arguments[at]) { describe(command, &writer) } else { writer.null() }
      }
    } else {
      throw .unknownSubcommand
    }
  }

  private func describe(_ command: Command, _ writer: inout ReplyWriter) {
    let row = command.row
    writer.array(10)
    writer.bulk(row.name)
    writer.integer(Int64(row.arity))
    writer.set(1)
    writer.simple(
      row.isWrite ? "write" : row.firstKey > 0 ? "readonly" : row.group == .pubsub ? "pubsub" : "fast")
    writer.integer(Int64(row.firstKey))
    writer.integer(Int64(row.lastKey))
    writer.integer(Int64(row.firstKey > 0 ? 1 : 0))
    // Categories, tips, key specifications, subcommands: libraries index into them without looking.
    writer.set(0)
    for _ in 0..<3 { writer.array(0) }
  }

  private func documentCommands(_ writer: inout ReplyWriter) {
    let mark = writer.mark()
    var pairs = 0
    if arguments.count == 2 {
      for command in Command.inOrder { document(command, &writer) }
      pairs = Command.count
    }
    for at in 2..<max(2, arguments.count) {
      guard let command = Command(named: arguments[at]) else { continue }
      document(command, &writer)
      pairs += 1
    }
    writer.closeMap(mark, pairs: pairs)
  }

  private func document(_ command: Command, _ writer: inout ReplyWriter) {
    let row = command.row
    writer.bulk(row.name)
    writer.map(3)
    writer.bulk("summary")
    writer.bulk(row.summary)
    writer.bulk("group")
    switch row.group {
    case .string: writer.bulk("string")
    case .generic: writer.bulk("generic")
    case .pubsub: writer.bulk("pubsub")
    case .connection: writer.bulk("connection")
    case .server: writer.bulk("server")
    }
    writer.bulk("arguments")
    writer.array(row.syntax.utf8CodeUnitCount > 0 ? 1 : 0)
    guard row.syntax.utf8CodeUnitCount > 0 else { return }
    writer.map(2)
    writer.bulk("name")
    writer.bulk(row.syntax)
    writer.bulk("type")
    writer.bulk("string")
  }
}
