// The heart of the local interface: requests are taken from the input while there is room for replies, and
// replies are given in the order of the requests. What has to wait stands in the connection's queue.
import NodCore

/// What came of looking at a request.
enum Execution {
  case answered
  /// Handed to the cluster; the reply comes later.
  case submitted
  /// The reply has no room; the request is looked at again when it has.
  case noRoom
}

extension Clients {
  /// Goes on with a connection as far as its input, its output and the cluster allow.
  mutating func process<P: ClusterPort & ~Copyable>(_ slot: Int, now: LocalTime, port: inout P) {
    while connections[slot].phase == .open {
      guard answerQueue(slot, now: now, port: &port) else { break }
      guard takeRequest(slot, now: now, port: &port) else { break }
    }
    settleInput(slot)
    if !isDeadlineSet(slot) {
      if connections[slot].isOutputFull { setDeadline(slot, now + limits.outputPatience) }
      if connections[slot].isEnding { setDeadline(slot, now + limits.lingering) }
    }
    if !connections[slot].output.isEmpty || connections[slot].phase != .open { noteUnflushed(slot) }
  }

  // MARK: The queue's head

  /// Gives the replies that are due.
  ///
  /// - Returns: false when the output is full or the connection ended: nothing more is to be taken.
  private mutating func answerQueue<P: ClusterPort & ~Copyable>(
    _ slot: Int, now: LocalTime, port: inout P
  ) -> Bool {
    while connections[slot].phase == .open {
      let first = connections[slot].firstWaiting
      guard first >= 0 else { return refuseAtEnd(slot) }
      while waiting[first].refusedBefore > 0 {
        guard writeBusy(slot) else { return false }
        waiting[first].refusedBefore -= 1
      }
      switch waiting[first].state {
      case .waiting: return true
      case .answered(let answer):
        guard hasReplyRoom(slot) else { return false }
        write(answer, of: waiting[first], slot, port: &port)
        removeFirst(slot)
      case .deferred:
        guard hasReplyRoom(slot) else { return false }
        switch executeDeferred(first, slot, now: now, port: &port) {
        case .answered: removeFirst(slot)
        case .submitted: return true
        case .noRoom: return false
        }
      }
    }
    return false
  }

  private mutating func executeDeferred<P: ClusterPort & ~Copyable>(
    _ index: Int32, _ slot: Int, now: LocalTime, port: inout P
  ) -> Execution {
    let request = connections[slot].input.request(at: waiting[index].position, length: waiting[index].length)
    guard arguments.collect(request), arguments.count > 0 else {
      refuse(slot, .unbalancedQuotes)
      return .answered
    }
    guard let command = Command(named: arguments[0]) else {
      let name = arguments[0]
      reply(slot) { $0.unknownCommand(name) }
      return .answered
    }
    return execute(command, slot, place: index, length: waiting[index].length, now: now, port: &port)
  }

  private mutating func refuseAtEnd(_ slot: Int) -> Bool {
    while connections[slot].refusedAtEnd > 0 {
      guard writeBusy(slot) else { return false }
      connections[slot].refusedAtEnd -= 1
    }
    return true
  }
  private mutating func writeBusy(_ slot: Int) -> Bool {
    guard hasReplyRoom(slot) else { return false }
    reply(slot) { $0.error(.tooManyOutstanding, in: noBytes) }
    return true
  }

  // MARK: The input's head

  /// Takes one request from the input.
  ///
  /// - Returns: false when there is no complete one, or no room for its reply.
  private mutating func takeRequest<P: ClusterPort & ~Copyable>(
    _ slot: Int, now: LocalTime, port: inout P
  ) -> Bool {
    let bytes = connections[slot].input.unparsed
    guard bytes.count > 0, hasReplyRoom(slot) else { return false }
    let length: Int
    switch connections[slot].scanner.scan(bytes, limits: limits) {
    case .incomplete: return false
    case .refused(let error):
      // Replies that are owed go first; the queue is asked again when they are gone.
      if connections[slot].isQueueEmpty { refuse(slot, error) }
      return false
    case .complete(let found): length = found
    }
    guard arguments.collect(bytes.part(0, length)) else {
      if connections[slot].isQueueEmpty { refuse(slot, .unbalancedQuotes) }
      return false
    }
    if arguments.count > 0 {
      guard take(length, slot, now: now, port: &port) else { return false }
    }
    connections[slot].input.advance(length)
    connections[slot].scanner = RequestScanner()
    return true
  }

  /// - Returns: false when the request has to be looked at again.
  private mutating func take<P: ClusterPort & ~Copyable>(
    _ length: Int, _ slot: Int, now: LocalTime, port: inout P
  ) -> Bool {
    guard let command = Command(named: arguments[0]) else { return takeUnknown(length, slot) }
    if connections[slot].isQueueEmpty {
      if case .noRoom = execute(command, slot, place: nil, length: length, now: now, port: &port) {
        return false
      }
      counters.commands += 1
      return true
    }
    counters.commands += 1
    guard hasPlace(slot) else {
      counters.refusedBusy += 1
      connections[slot].refusedAtEnd += 1
      return true
    }
    switch submit(command, slot, length: length, now: now, port: &port) {
    case .taken: break
    case .notTaken(let answer): _ = append(.answered(answer), command, slot)
    case .notASubmission, .wrong:
      if command.readsKeys { noteReadsFollow(slot, port: &port) }
      deferRequest(command, slot, length)
    }
    return true
  }

  private mutating func takeUnknown(_ length: Int, _ slot: Int) -> Bool {
    // A browser that was talked into posting here: what follows is no request of anybody (cross-protocol
    // scripting).
    if arguments[0].isWord("POST") || arguments[0].isWord("HOST:") {
      connections[slot].phase = .dropped
      return true
    }
    counters.commands += 1
    if connections[slot].isQueueEmpty {
      let name = arguments[0]
      reply(slot) { $0.unknownCommand(name) }
    } else if hasPlace(slot) {
      deferRequest(.nod, slot, length)
    } else {
      connections[slot].refusedAtEnd += 1
    }
    return true
  }

  /// The read that is being taken shall see the write before it and none behind it.
  private func noteReadsFollow<P: ClusterPort & ~Copyable>(_ slot: Int, port: inout P) {
    let index = connections[slot].lastSubmitted
    guard index >= 0, Int(waiting[index].connection) == slot, case .waiting = waiting[index].state,
      !waiting[index].isRead
    else { return }
    port.readsFollow(waiting.ticket(index))
  }

  private mutating func deferRequest(_ command: Command, _ slot: Int, _ length: Int) {
    let index = append(.deferred, command, slot)
    keepInput(index, slot, length)
  }
  /// The request that is being taken stays in the input until its turn.
  mutating func keepInput(_ index: Int32, _ slot: Int, _ length: Int) {
    waiting[index].position = connections[slot].input.position
    waiting[index].length = length
    connections[slot].keepingCount += 1
  }
  mutating func releaseInput(_ index: Int32, _ slot: Int) {
    guard waiting[index].isKeepingInput else { return }
    waiting[index].length = 0
    connections[slot].keepingCount -= 1
  }

  // MARK: Places in the queue

  func hasPlace(_ slot: Int) -> Bool {
    waiting.hasRoom && connections[slot].waitingCount < limits.outstandingPerConnection
  }

  mutating func append(_ state: WaitingRequest.State, _ command: Command, _ slot: Int) -> Int32 {
    let index = waiting.take(state, command: command, connection: slot)
    waiting[index].refusedBefore = connections[slot].refusedAtEnd
    connections[slot].refusedAtEnd = 0
    if connections[slot].lastWaiting >= 0 {
      waiting[connections[slot].lastWaiting].next = index
    } else {
      connections[slot].firstWaiting = index
    }
    connections[slot].lastWaiting = index
    connections[slot].waitingCount += 1
    return index
  }

  mutating func removeFirst(_ slot: Int) {
    let index = connections[slot].firstWaiting
    if case .answered(let answer) = waiting[index].state { held.release(answer) }
    releaseInput(index, slot)
    connections[slot].firstWaiting = waiting[index].next
    if connections[slot].firstWaiting < 0 { connections[slot].lastWaiting = -1 }
    connections[slot].waitingCount -= 1
    waiting.give(back: index)
  }

  // MARK: Room

  /// Whether any reply of one value fits; otherwise the connection is held up until its client reads.
  private mutating func hasReplyRoom(_ slot: Int) -> Bool {
    if connections[slot].output.makeRoom(limits.replyReserve) { return true }
    connections[slot].isOutputFull = true
    return false
  }

  /// Gives back input that nobody needs, and finds room for a request that is larger than the connection's
  /// memory.
  private mutating func settleInput(_ slot: Int) {
    guard connections[slot].phase == .open else {
      connections[slot].input.discardAll()
      return
    }
    if connections[slot].input.unparsed.count == 0, connections[slot].keepingCount == 0 {
      connections[slot].input.discardAll()
    }
    if connections[slot].input.largeIndex >= 0 {
      giveLargeBack(connections[slot].input.returnLarge(keepingFrom: firstNeeded(slot)))
    }
    guard connections[slot].input.isFull else { return }
    connections[slot].input.release(before: firstNeeded(slot))
    if connections[slot].input.isFull, connections[slot].input.parsed == 0, !connections[slot].isOutputFull {
      growInput(slot)
    }
  }

  /// Stream position of the first byte that a waiting request or the next one needs.
  private func firstNeeded(_ slot: Int) -> UInt64 {
    guard connections[slot].keepingCount > 0 else { return connections[slot].input.position }
    var index = connections[slot].firstWaiting
    while index >= 0, !waiting[index].isKeepingInput { index = waiting[index].next }
    precondition(index >= 0)
    return waiting[index].position
  }

  /// One incomplete request fills all the memory there is.
  private mutating func growInput(_ slot: Int) {
    let canGrow = connections[slot].input.largeIndex < 0 && limits.commandBytes > limits.inputBytes
    if canGrow, let index = freeLarge() {
      borrowLarge(index, for: slot)
      return
    }
    // Replies that are owed go first; this is looked at again when they are gone.
    guard connections[slot].isQueueEmpty, hasReplyRoom(slot) else { return }
    if canGrow {
      reply(slot) { $0.error("BUSY all buffers for large commands are in use; not sent, no effect") }
      endWithError(slot)
    } else {
      refuse(slot, .commandTooLong(limit: limits.commandBytes))
    }
  }

  // MARK: Refusal

  /// Tells the client what is wrong with its bytes, and ends the connection.
  mutating func refuse(_ slot: Int, _ error: ProtocolError) {
    reply(slot) { $0.error(error) }
    endWithError(slot)
  }
  private mutating func endWithError(_ slot: Int) {
    counters.protocolErrors += 1
    connections[slot].phase = .refused
    connections[slot].input.discardAll()
  }

  /// Writes a reply for which there is room.
  mutating func reply(_ slot: Int, _ body: (inout ReplyWriter) -> Void) {
    var writer = ReplyWriter(connections[slot].output.room, isRESP3: connections[slot].isRESP3)
    body(&writer)
    precondition(!writer.overflowed, "replyReserve covers every reply of a single value")
    connections[slot].output.fill(writer.count)
  }
}

extension Command {
  /// Answered from this node's keys.
  fileprivate var readsKeys: Bool {
    switch self {
    case .get, .exists, .strlen, .ttl, .pttl, .type, .dbsize, .scan, .keys: true
    default: false
    }
  }
}
