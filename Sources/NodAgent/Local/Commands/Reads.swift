// Requests about keys that this node answers from its own state, without asking anybody.
import NodCore

extension Clients {
  /// Answers a request that needs no cluster. What does not fit is tried again when the output is empty.
  mutating func answerHere<P: ClusterPort & ~Copyable>(
    _ command: Command, _ slot: Int, now: LocalTime, port: inout P
  ) -> Execution {
    var writer = ReplyWriter(connections[slot].output.room, isRESP3: connections[slot].isRESP3)
    do throws(RequestError) {
      try answer(command, slot, &writer, port: &port)
    } catch {
      writer.rewind(to: 0)
      writer.error(error, in: arguments[0])
    }
    if writer.overflowed {
      guard connections[slot].output.isEmpty else {
        connections[slot].isOutputFull = true
        return .noRoom
      }
      writer.rewind(to: 0)
      writer.error(.replyTooLarge, in: arguments[0])
    }
    connections[slot].output.fill(writer.count)
    return .answered
  }

  private mutating func answer<P: ClusterPort & ~Copyable>(
    _ command: Command, _ slot: Int, _ writer: inout ReplyWriter, port: inout P
  ) throws(RequestError) {
    switch command {
    case .get: get(&writer, port)
    case .exists: exists(&writer, port)
    case .strlen: writer.integer(Int64(port.withValue(arguments[1]) { $0.bytes.count } ?? 0))
    case .ttl, .pttl: timeToLive(inSeconds: command == .ttl, &writer, port)
    case .type: writer.simple(port.withValue(arguments[1], { _ in true }) == nil ? "none" : "string")
    case .dbsize: writer.integer(Int64(port.keyCount))
    case .scan: try scan(&writer, port)
    case .keys: keys(&writer, port)
    case .subscribe, .psubscribe: try subscribe(slot, arePatterns: command == .psubscribe, &writer)
    case .unsubscribe, .punsubscribe: unsubscribe(slot, arePatterns: command == .punsubscribe, &writer)
    case .nod: try answerNod(slot, &writer, &port)
    case .info: info(&writer, &port)
    default: try answerAboutConnection(command, slot, &writer)
    }
  }

  private func get<P: ClusterPort & ~Copyable>(_ writer: inout ReplyWriter, _ port: borrowing P) {
    let found: Void? = port.withValue(arguments[1]) { writer.bulk($0.bytes) }
    if found == nil { writer.null() }
  }

  /// A key named twice counts twice, as in Redis.
  private func exists<P: ClusterPort & ~Copyable>(_ writer: inout ReplyWriter, _ port: borrowing P) {
    var count: Int64 = 0
    for at in 1..<arguments.count where port.withValue(arguments[at], { _ in true }) != nil { count += 1 }
    writer.integer(count)
  }

  /// -2 for no key, -1 for one that does not expire; seconds are rounded to the nearest.
  private func timeToLive<P: ClusterPort & ~Copyable>(
    inSeconds: Bool, _ writer: inout ReplyWriter, _ port: borrowing P
  ) {
    let left = port.withValue(arguments[1]) { $0.expiresInMilliseconds ?? -1 } ?? -2
    writer.integer(inSeconds && left >= 0 ? (left + 500) / 1_000 : left)
  }

  /// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
  private func scan<P: ClusterPort & ~Copyable>(
    _ writer: inout ReplyWriter, _ port: borrowing P
  ) throws(RequestError) {
    guard let cursor = arguments[1].unsignedDecimal else { throw .invalidCursor }
    var pattern: GlobPattern?
    var limit = 10
    var isOtherType = false
    var at = 2
    while at < arguments.count {
      guard at + 1 < arguments.count else { throw .syntax }
      let operand = arguments[at + 1]
      if arguments[at].isWord("MATCH") {
        pattern = GlobPattern(operand)
      } else if arguments[at].isWord("COUNT") {
        let wanted = try number(at + 1)
        guard wanted > 0 else { throw .syntax }
        limit = Int(min(wanted, Int64(limits.scanLimit)))
      } else if arguments[at].isWord("TYPE") {
        isOtherType = !operand.isWord("STRING")
      } else {
        throw .syntax
      }
      at += 2
    }
    writer.array(2)
    // The cursor to go on from is written before the keys, so the same stretch is visited twice.
    var count = 0
    let next = port.scan(from: cursor, limit: limit) { key in
      if !isOtherType, pattern?.matches(key) ?? true { count += 1 }
    }
    let mark = writer.mark()
    writer.number(next)
    writer.closeBulk(mark)
    writer.array(count)
    guard count > 0 else { return }
    _ = port.scan(from: cursor, limit: limit) { key in
      if pattern?.matches(key) ?? true { writer.bulk(key) }
    }
  }

  private func keys<P: ClusterPort & ~Copyable>(_ writer: inout ReplyWriter, _ port: borrowing P) {
    let pattern = GlobPattern(arguments[1])
    let mark = writer.mark()
    var count = 0
    var cursor: UInt64 = 0
    repeat {
      cursor = port.scan(from: cursor, limit: limits.scanLimit) { key in
        guard pattern.matches(key) else { return }
        writer.bulk(key)
        count += 1
      }
    } while cursor != 0 && !writer.overflowed
    writer.closeArray(mark, elements: count)
  }
}

extension LocalLimits {
  /// Keys that one SCAN visits at most: their names fit into an empty output.
  var scanLimit: Int { max(1, (outputBytes - 128) / (keyBytes + 16)) }
}
