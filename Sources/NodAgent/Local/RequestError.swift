// What is wrong with a request, and how the client is told: in Redis's words where Redis has them, since
// programs look for those.
import NodCore

enum RequestError: Error {
  case argumentCount
  case syntax
  case notAnInteger
  case invalidExpiry
  case expiryOverflow
  case decrementOverflow
  case clusterTimeOnly
  case keyTooLong(Int, limit: Int)
  case valueTooLong(Int, limit: Int)
  case tokenSyntax
  case takesWritesOnly
  case databaseRange
  case unknownSubcommand
  case unsupportedProtocol
  case protocolNumber
  case authentication
  case nameSyntax
  case invalidCursor
  case configIsAFile
  case subscriberOnly
  case tooManySubscriptions(limit: Int)
  case channelTooLong(limit: Int)
  case replyTooLarge
  case tooManyOutstanding
}

extension ReplyWriter {
  mutating func error(_ error: RequestError, in name: Bytes) {
    beginError()
    describe(error, name)
    endLine()
  }

  mutating func unknownCommand(_ name: Bytes) {
    beginError()
    text("ERR unknown command '")
    quoted(name)
    text("'; COMMAND LIST and NOD HELP show what there is")
    endLine()
  }

  private mutating func describe(_ error: RequestError, _ name: Bytes) {
    switch error {
    case .argumentCount: about("ERR wrong number of arguments for '", name, "' command")
    case .syntax: text("ERR syntax error")
    case .notAnInteger: text("ERR value is not an integer or out of range")
    case .invalidExpiry: about("ERR invalid expire time in '", name, "' command")
    case .expiryOverflow: about("ERR expire time is too far away in '", name, "' command")
    case .decrementOverflow: text("ERR decrement would overflow")
    case .clusterTimeOnly:
      text("ERR expiry counts in cluster time: say how long (EX, PX), not until when")
    case .keyTooLong(let bytes, let limit): size("ERR key of ", bytes, limit)
    case .valueTooLong(let bytes, let limit): size("ERR value of ", bytes, limit)
    case .tokenSyntax: text("ERR invalid token: it looks like 1-7-42-1033 and comes from NOD TOKEN")
    case .takesWritesOnly: text("ERR NOD WITH takes a command that writes")
    case .databaseRange: text("ERR DB index is out of range: there is only database 0")
    case .unknownSubcommand: about("ERR unknown subcommand or wrong number of arguments for '", name, "'")
    case .unsupportedProtocol: text("NOPROTO unsupported protocol version")
    case .protocolNumber: text("ERR Protocol version is not an integer or out of range")
    case .authentication:
      text("ERR AUTH is not supported: who may connect is decided by the mode of the socket file")
    case .nameSyntax:
      text("ERR Client names cannot contain spaces, newlines or special characters, or be long")
    case .invalidCursor: text("ERR invalid cursor")
    case .configIsAFile: text("ERR the configuration is a file: edit nod.conf and restart nodd")
    case .subscriberOnly:
      about(
        "ERR Can't execute '", name,
        "': only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
    case .tooManySubscriptions(let limit):
      text("ERR too many subscriptions: ")
      number(Int64(limit))
      text(" are allowed over all clients")
    case .channelTooLong(let limit):
      text("ERR channel or pattern longer than ")
      number(Int64(limit))
      text(" bytes")
    case .replyTooLarge:
      text("ERR the reply is larger than a connection's output: ask for less (SCAN, COUNT)")
    case .tooManyOutstanding: text("BUSY too many requests wait for the cluster; not sent, no effect")
    }
  }

  private mutating func about(_ before: StaticString, _ name: Bytes, _ after: StaticString) {
    text(before)
    quoted(name)
    text(after)
  }
  private mutating func size(_ what: StaticString, _ bytes: Int, _ limit: Int) {
    text(what)
    number(Int64(bytes))
    text(" bytes: at most ")
    number(Int64(limit))
    text(" are allowed")
  }

  mutating func error(_ error: ProtocolError) {
    beginError()
    text("ERR Protocol error: ")
    switch error {
    case .tooManyArguments(let count):
      number(count)
      text(" arguments announced: too many")
    case .bulkTooLong(let bytes, let limit):
      number(bytes)
      text(" bytes announced: a command may take ")
      number(Int64(limit))
    case .commandTooLong(let limit):
      text("a command may take ")
      number(Int64(limit))
      text(" bytes")
    case .expectedBulk(let found):
      text("expected '$', got byte ")
      number(UInt64(found))
    case .badLength: text("invalid length")
    case .lineTooLong: text("too big inline request")
    case .unbalancedQuotes: text("unbalanced quotes in request")
    }
    endLine()
  }

  mutating func error(_ failure: RegistryFailure) {
    switch failure {
    case .storeFull: error("OOM the store is full (store_bytes): nothing was changed")
    case .tooManyKeys:
      error("OOM the store has as many keys as it may have (store_keys): nothing was changed")
    case .keyTooLong: error("ERR the key is longer than the cluster allows (key_bytes)")
    case .valueTooLong: error("ERR the value is longer than the cluster allows (value_bytes)")
    case .notAnInteger: error("ERR value is not an integer or out of range")
    case .overflow: error("ERR increment, decrement or expire time would overflow")
    case .malformed: error("ERR the cluster could not read this command: nothing was changed")
    case .wrongOp: error("ERR the cluster does not know this operation: nothing was changed")
    }
  }
}
