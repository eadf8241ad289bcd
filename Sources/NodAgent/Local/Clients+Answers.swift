// What a waiting request is told in the end. Outcomes that nobody can know are said to be unknown, with the
// words that make repeating safe: this is where the two generals meet the user.
import NodCore

extension Clients {
  /// Writes the reply to a request; there is room for it.
  mutating func write<P: ClusterPort & ~Copyable>(
    _ answer: Answer, of request: WaitingRequest, _ slot: Int, port: inout P
  ) {
    let timeoutMilliseconds = limits.timeout.raw / 1_000
    switch answer {
    case .readPoint:
      writeRead(request, slot, port: &port)
      return
    case .told(let ticket):
      writeTold(ticket, slot, port: &port)
      return
    case .held(let block, let count):
      let value = held.value(block, count)
      reply(slot) { $0.bulk(value) }
    default:
      reply(slot) { $0.write(answer, of: request, timeoutMilliseconds) }
    }
    switch answer {
    case .done, .integer, .held, .valueNotKept:
      connections[slot].lastWrite = max(connections[slot].lastWrite, request.appliedAt)
    default: break
    }
  }

  private mutating func writeTold<P: ClusterPort & ~Copyable>(
    _ ticket: Ticket, _ slot: Int, port: inout P
  ) {
    var writer = ReplyWriter(connections[slot].output.room, isRESP3: connections[slot].isRESP3)
    port.report(.told(ticket), into: &writer)
    if writer.overflowed {
      writer.rewind(to: 0)
      writer.error(.replyTooLarge, in: noBytes)
    }
    connections[slot].output.fill(writer.count)
  }

  /// NOD READ: everything up to the read point is applied, and so is every write before it on this
  /// connection.
  private mutating func writeRead<P: ClusterPort & ~Copyable>(
    _ request: WaitingRequest, _ slot: Int, port: inout P
  ) {
    let bytes = connections[slot].input.request(at: request.position, length: request.length)
    guard arguments.collect(bytes), arguments.count == 3 else {
      preconditionFailure("looked at when it came")
    }
    let key = arguments[2]
    var writer = ReplyWriter(connections[slot].output.room, isRESP3: connections[slot].isRESP3)
    let found: Void? = port.withValue(key) { writer.bulk($0.bytes) }
    if found == nil { writer.null() }
    precondition(!writer.overflowed, "replyReserve covers every value")
    connections[slot].output.fill(writer.count)
  }
}

extension ReplyWriter {
  fileprivate mutating func write(_ answer: Answer, of request: WaitingRequest, _ timeoutMilliseconds: Int64)
  {
    switch answer {
    case .done:
      switch request.form {
      case .status: simple("OK")
      case .oldValue: null()
      case .integer: integer(Int64(1))
      }
    case .integer(let value): integer(value)
    case .none: request.form == .integer ? integer(Int64(0)) : null()
    case .held, .readPoint, .told: preconditionFailure("written by its owner")
    case .valueNotKept: error("ERR done, but the old value is no longer kept")
    case .failed(let failure): error(failure)
    case .staleToken:
      error(
        """
        STALETOKEN the token is too old to judge: not applied now, but an earlier attempt may have been; \
        read the state before you try with a new one
        """)
    case .unknown(let token): unknownOutcome(token, request, timeoutMilliseconds)
    case .notSent:
      request.isRetry
        ? error("TIMEOUT this attempt was not sent; whether an earlier one took effect is still unknown")
        : error("TIMEOUT not sent, no effect")
    case .readTimedOut: timedOutRead(timeoutMilliseconds)
    case .notTold: notTold(timeoutMilliseconds)
    case .readFailed(let reason): coded("ERR linearizable read failed: ", reason)
    case .busy(let reason, let milliseconds): busy(reason, milliseconds, isRetry: request.isRetry)
    case .refused(let reason): coded("ERR ", reason)
    }
  }

  private mutating func unknownOutcome(
    _ token: CommandToken, _ request: WaitingRequest, _ timeoutMilliseconds: Int64
  ) {
    beginError()
    text("TIMEOUT outcome unknown after ")
    number(timeoutMilliseconds)
    text(
      " ms: the command may still take effect; to retry safely on any node within the token window: NOD WITH "
    )
    self.token(token)
    text(" ")
    capitals(request.command.row.name)
    text(" ...")
    endLine()
  }
  private mutating func timedOutRead(_ timeoutMilliseconds: Int64) {
    beginError()
    text("TIMEOUT no linearizable read point within ")
    number(timeoutMilliseconds)
    text(" ms; GET reads what this node knows")
    endLine()
  }
  private mutating func notTold(_ timeoutMilliseconds: Int64) {
    beginError()
    text("TIMEOUT the member has not answered over the radio within ")
    number(timeoutMilliseconds)
    text(" ms; it is heard in full windows at the latest, if somebody hears both")
    endLine()
  }
  private mutating func busy(_ reason: StaticString, _ milliseconds: UInt32, isRetry: Bool) {
    beginError()
    text("BUSY ")
    text(reason)
    text(isRetry ? "; this attempt was not sent" : "; not sent, no effect")
    if milliseconds > 0 {
      text("; try again in ")
      number(UInt64(milliseconds))
      text(" ms")
    }
    endLine()
  }
  private mutating func coded(_ code: StaticString, _ reason: StaticString) {
    beginError()
    text(code)
    text(reason)
    endLine()
  }
}
