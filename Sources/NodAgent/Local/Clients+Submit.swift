// From a request to what the cluster is asked, and from the cluster's answer to the reply.
import NodCore

/// A request as the cluster takes it.
enum Prepared {
  /// `count` bytes in `Clients.encoded`.
  case write(Command, count: Int, form: ReplyForm, token: CommandToken?)
  case readPoint
  /// Asks another member over the radio.
  case via(ViaQuestion, argument: UInt64)
  /// Answered here, when its turn comes.
  case local
}

enum Submission {
  case taken
  case notTaken(Answer)
  /// Answered here, when its turn comes.
  case notASubmission
  /// Wrong, which is said when its turn comes.
  case wrong
}

extension Clients {
  /// Looks at a request whose turn it is: nothing is owed before it.
  ///
  /// - Parameter place: where it has been waiting in the queue; nil when it comes straight from the input.
  mutating func execute<P: ClusterPort & ~Copyable>(
    _ command: Command, _ slot: Int, place: Int32?, length: Int, now: LocalTime, port: inout P
  ) -> Execution {
    let prepared: Prepared
    do throws(RequestError) {
      try checkArguments(command, slot)
      prepared = try prepare(command)
    } catch {
      let name = arguments[0]
      reply(slot) { $0.error(error, in: name) }
      return .answered
    }
    if case .local = prepared { return answerHere(command, slot, now: now, port: &port) }
    guard place != nil || hasPlace(slot) else {
      counters.refusedBusy += 1
      reply(slot) { $0.error(.tooManyOutstanding, in: noBytes) }
      return .answered
    }
    let index = place ?? append(.deferred, command, slot)
    guard let answer = hand(prepared, index, slot, length, now: now, port: &port) else { return .submitted }
    write(answer, of: waiting[index], slot, port: &port)
    if place == nil { removeFirst(slot) }
    return .answered
  }

  /// Hands a request to the cluster while replies before it are still owed. There is a place for it.
  mutating func submit<P: ClusterPort & ~Copyable>(
    _ command: Command, _ slot: Int, length: Int, now: LocalTime, port: inout P
  ) -> Submission {
    let prepared: Prepared
    do throws(RequestError) {
      try checkArguments(command, slot)
      prepared = try prepare(command)
    } catch { return .wrong }
    if case .local = prepared { return .notASubmission }
    let index = append(.deferred, command, slot)
    if let answer = hand(prepared, index, slot, length, now: now, port: &port) {
      waiting[index].state = .answered(answer)
    }
    return .taken
  }

  /// - Returns: nil when the cluster took it; otherwise what the client is told.
  private mutating func hand<P: ClusterPort & ~Copyable>(
    _ prepared: Prepared, _ index: Int32, _ slot: Int, _ length: Int, now: LocalTime, port: inout P
  ) -> Answer? {
    let verdict: SubmitVerdict
    let ticket = waiting.ticket(index)
    switch prepared {
    case .write(let command, let count, let form, let token):
      waiting[index].command = command
      waiting[index].form = form
      waiting[index].isRetry = token != nil
      releaseInput(index, slot)
      verdict = port.submit(
        Bytes(rebasing: UnsafeRawBufferPointer(encoded)[0..<count]), token: token, ticket: ticket)
    case .readPoint:
      waiting[index].isRead = true
      if !waiting[index].isKeepingInput { keepInput(index, slot, length) }
      verdict = port.requestRead(ticket: ticket)
    case .via(let question, let argument):
      waiting[index].isVia = true
      releaseInput(index, slot)
      verdict = port.ask(arguments[2], question, argument, ticket: ticket)
    case .local: preconditionFailure("answered here")
    }
    switch verdict {
    case .accepted:
      if !waiting[index].isRead && !waiting[index].isVia {
        counters.writesSubmitted += 1
        connections[slot].lastSubmitted = index
      }
      waiting.startWaiting(index, until: now + limits.timeout)
      return nil
    case .busy(let reason, let milliseconds):
      counters.refusedBusy += 1
      return .busy(reason, retryAfterMilliseconds: milliseconds)
    case .refused(let reason):
      return .refused(reason)
    }
  }

  private func checkArguments(_ command: Command, _ slot: Int) throws(RequestError) {
    if !command.row.accepts(arguments.count) { throw .argumentCount }
    guard connections[slot].isSubscriberOnly else { return }
    switch command {
    case .subscribe, .psubscribe, .unsubscribe, .punsubscribe, .ping, .quit, .reset: return
    default: throw .subscriberOnly
    }
  }

  private mutating func prepare(_ command: Command) throws(RequestError) -> Prepared {
    if command.row.isWrite { return try encode(command, from: 0, token: nil) }
    guard command == .nod else { return .local }
    if arguments[1].isWord("READ") {
      guard arguments.count == 3 else { throw .argumentCount }
      try checkKey(arguments[2])
      return .readPoint
    }
    if arguments[1].isWord("VIA") { return try question() }
    guard arguments[1].isWord("WITH") else { return .local }
    guard arguments.count >= 4 else { throw .argumentCount }
    guard let token = CommandToken(text: arguments[2]) else { throw .tokenSyntax }
    guard let inner = Command(named: arguments[3]), inner.row.isWrite else { throw .takesWritesOnly }
    guard inner.row.accepts(arguments.count - 3) else { throw .argumentCount }
    return try encode(inner, from: 3, token: token)
  }

  /// NOD VIA member STATUS | PEERS | LOG [from]
  private func question() throws(RequestError) -> Prepared {
    guard arguments.count >= 4 else { throw .argumentCount }
    let word = arguments[3]
    if arguments.count == 4, word.isWord("STATUS") { return .via(.status, argument: 0) }
    if arguments.count == 4, word.isWord("PEERS") { return .via(.peers, argument: 0) }
    guard arguments.count <= 5, word.isWord("LOG") else { throw .unknownSubcommand }
    guard arguments.count == 5 else { return .via(.log, argument: 0) }
    guard let from = arguments[4].unsignedDecimal else { throw .notAnInteger }
    return .via(.log, argument: from)
  }

  // MARK: The cluster's answers

  /// What was asked over the radio is there: `ClusterPort.report` writes it.
  package mutating func told<P: ClusterPort & ~Copyable>(_ ticket: Ticket, now: LocalTime, port: inout P) {
    guard let index = waiting.waiting(for: ticket), waiting[index].isVia else { return }
    settle(index, .told(ticket), now: now, port: &port)
  }

  /// The cluster has applied, or refused, the write of a ticket. Tickets that nobody waits for are ignored.
  ///
  /// - Parameter oldValue: the bytes of `.value`, borrowed for the call; otherwise empty.
  package mutating func completed<P: ClusterPort & ~Copyable>(
    _ ticket: Ticket, _ result: ApplyResult, oldValue: Bytes, now: LocalTime, port: inout P
  ) {
    guard let index = waiting.waiting(for: ticket), !waiting[index].isRead else { return }
    let answer: Answer
    switch result.outcome {
    case .ok: answer = .done
    case .integer(let value): answer = .integer(value)
    case .none: answer = .none
    case .value: answer = held.keep(oldValue)
    case .valueNotKept: answer = .valueNotKept
    case .failed(let failure): answer = .failed(failure)
    case .staleToken: answer = .staleToken
    }
    waiting[index].appliedAt = result.index
    settle(index, answer, now: now, port: &port)
  }

  /// Everything decided when the read point was asked for is applied here.
  package mutating func readReady<P: ClusterPort & ~Copyable>(_ ticket: Ticket, now: LocalTime, port: inout P)
  {
    guard let index = waiting.waiting(for: ticket), waiting[index].isRead else { return }
    settle(index, .readPoint, now: now, port: &port)
  }
  /// There will be no read point, for instance because this node lost its leader.
  package mutating func readFailed<P: ClusterPort & ~Copyable>(
    _ ticket: Ticket, reason: StaticString, now: LocalTime, port: inout P
  ) {
    guard let index = waiting.waiting(for: ticket), waiting[index].isRead else { return }
    settle(index, .readFailed(reason), now: now, port: &port)
  }

  private mutating func settle<P: ClusterPort & ~Copyable>(
    _ index: Int32, _ answer: Answer, now: LocalTime, port: inout P
  ) {
    waiting.stopWaiting(index)
    waiting[index].state = .answered(answer)
    let slot = Int(waiting[index].connection)
    if connections[slot].firstWaiting == index { process(slot, now: now, port: &port) }
  }

  // MARK: Patience

  /// When `expire` has something to do next.
  package var nextDeadline: LocalTime {
    var next = waiting.firstDeadline >= 0 ? waiting[waiting.firstDeadline].deadline : .never
    if deadlineCount > 0 {
      for connection in connections where connection.deadline < next { next = connection.deadline }
    }
    return next
  }

  /// Ends waits that have been too long, and connections whose client takes nothing.
  package mutating func expire<P: ClusterPort & ~Copyable>(now: LocalTime, port: inout P) {
    while waiting.firstDeadline >= 0, waiting[waiting.firstDeadline].deadline <= now {
      let index = waiting.firstDeadline
      let token = port.abandon(waiting.ticket(index))
      counters.timedOut += 1
      let answer: Answer =
        waiting[index].isVia
        ? .notTold : waiting[index].isRead ? .readTimedOut : token.map { .unknown($0) } ?? .notSent
      settle(index, answer, now: now, port: &port)
    }
    guard deadlineCount > 0 else { return }
    for slot in 0..<limits.connections where connections[slot].deadline <= now {
      if connections[slot].isOutputFull { counters.droppedUnread += 1 }
      connections[slot].phase = .dropped
      setDeadline(slot, .never)
      noteUnflushed(slot)
    }
  }
}
