// All local clients of one agent, without their sockets: bytes are put in, bytes come out, and requests that
// only the cluster can answer go to a port. `LocalServer` ties it to sockets; tests use it as it is.
//
// What a connection is promised:
// - Replies come in the order of the requests, however many are sent ahead.
// - A write is handed to the cluster as soon as it is read, without waiting for those before it. Writes of
//   one connection take effect in the order sent, each at most once (the port keeps the order in which they
//   were submitted). One that is answered -BUSY had no effect and does not stop those behind it. One that is
//   answered -TIMEOUT may still take effect, but not after one that was sent behind it.
// - A read is answered when its turn comes: it sees every write before it on the same connection, and none behind it,
//   unless the client does not take its replies meanwhile. NOD READ may see writes behind it.
import NodCore

package struct Clients: ~Copyable {
  package let limits: LocalLimits
  let connections: UnsafeMutableBufferPointer<Connection>
  var waiting: WaitingRequests
  var held: HeldValues
  var subscriptions: Subscriptions
  /// The arguments of the request that is being looked at.
  var arguments: Arguments
  /// Where a write is encoded for the cluster.
  let encoded: UnsafeMutableRawBufferPointer
  /// Where the names of channels are put together.
  let scratch: UnsafeMutableRawBufferPointer
  /// CLIENT SETNAME, `Connection.nameBytes` for each connection.
  let names: UnsafeMutableRawPointer
  package internal(set) var counters = LocalCounters()
  package internal(set) var connectionCount = 0
  /// Connections whose deadline is set.
  var deadlineCount = 0

  private let inputs: UnsafeMutableRawPointer
  private let outputs: UnsafeMutableRawPointer
  private let larges: UnsafeMutableRawPointer
  private let isLargeTaken: UnsafeMutableBufferPointer<Bool>
  /// Connections with something to send, in a list of its own.
  private let unflushed: UnsafeMutableBufferPointer<UInt16>
  private var unflushedCount = 0

  package init(limits wanted: LocalLimits) {
    limits = wanted.clamped
    waiting = WaitingRequests(capacity: limits.outstanding)
    held = HeldValues(blocks: limits.heldValues, blockBytes: limits.valueBytes)
    subscriptions = Subscriptions(capacity: limits.subscriptions, nameBytes: limits.channelBytes)
    arguments = Arguments(limits: limits)
    encoded = .allocate(byteCount: limits.commandBytes + 256, alignment: 16)
    scratch = .allocate(byteCount: limits.channelBytes + 64, alignment: 16)
    names = .allocate(byteCount: limits.connections * Connection.nameBytes, alignment: 16)
    inputs = .allocate(byteCount: limits.connections * limits.inputBytes, alignment: 16)
    outputs = .allocate(byteCount: limits.connections * limits.outputBytes, alignment: 16)
    larges = .allocate(byteCount: limits.largeBuffers * limits.commandBytes, alignment: 16)
    isLargeTaken = .allocate(capacity: limits.largeBuffers)
    isLargeTaken.initialize(repeating: false)
    unflushed = .allocate(capacity: limits.connections)
    connections = .allocate(capacity: limits.connections)
    for slot in 0..<limits.connections {
      let input = InputBuffer(base: inputs + slot * limits.inputBytes, capacity: limits.inputBytes)
      let output = OutputBuffer(base: outputs + slot * limits.outputBytes, capacity: limits.outputBytes)
      (connections.baseAddress! + slot).initialize(to: Connection(input: input, output: output))
    }
  }
  deinit {
    for memory in [inputs, outputs, larges, names] { memory.deallocate() }
    encoded.deallocate()
    scratch.deallocate()
    isLargeTaken.deallocate()
    unflushed.deallocate()
    connections.deallocate()
  }

  // MARK: Coming and going

  /// Takes a place for a new client; nil when all are taken.
  package mutating func open() -> Int? {
    for slot in 0..<limits.connections where connections[slot].phase == .free {
      counters.accepted += 1
      connectionCount += 1
      connections[slot].open(number: counters.accepted)
      return slot
    }
    counters.turnedAway += 1
    return nil
  }

  /// Forgets a client. The cluster is told that nobody waits for its requests any more.
  package mutating func close<P: ClusterPort & ~Copyable>(_ slot: Int, port: inout P) {
    guard connections[slot].phase != .free else { return }
    while connections[slot].firstWaiting >= 0 {
      let index = connections[slot].firstWaiting
      if case .waiting = waiting[index].state { _ = port.abandon(waiting.ticket(index)) }
      removeFirst(slot)
    }
    connections[slot].refusedAtEnd = 0
    subscriptions.removeAll(of: slot)
    setDeadline(slot, .never)
    giveLargeBack(connections[slot].input.forgetLarge())
    connections[slot].phase = .free
    connectionCount -= 1
  }

  /// What whoever has the socket should do with this client.
  package enum Fate {
    case stay
    /// All is written: say that no more will come, and go on throwing away input.
    case finishWriting
    case close
  }
  package func fate(_ slot: Int) -> Fate {
    let connection = connections[slot]
    switch connection.phase {
    case .free, .dropped: return .close
    case .quitting: return connection.output.isEmpty ? .close : .stay
    case .refused:
      if connection.hasInputEnded, connection.output.isEmpty { return .close }
      return connection.output.isEmpty ? .finishWriting : .stay
    case .open:
      return connection.hasInputEnded && connection.isQueueEmpty && connection.output.isEmpty ? .close : .stay
    }
  }

  // MARK: Bytes in

  /// Where to put what the client sent; empty when nothing more can be taken for now.
  package func room(_ slot: Int) -> UnsafeMutableRawBufferPointer {
    let connection = connections[slot]
    let none = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    switch connection.phase {
    case .free, .dropped, .quitting: return none
    case .refused: return connection.hasInputEnded ? none : connection.input.room
    case .open: return connection.hasInputEnded || connection.isOutputFull ? none : connection.input.room
    }
  }

  /// `count` bytes were put into `room`.
  package mutating func received<P: ClusterPort & ~Copyable>(
    _ slot: Int, count: Int, now: LocalTime, port: inout P
  ) {
    guard connections[slot].phase == .open else { return }
    connections[slot].input.fill(count)
    counters.bytesIn += UInt64(count)
    process(slot, now: now, port: &port)
  }

  /// The client will send no more; what it asked for is still answered.
  package mutating func inputEnded(_ slot: Int) { connections[slot].hasInputEnded = true }

  // MARK: Bytes out

  package func unsent(_ slot: Int) -> Bytes { connections[slot].output.unsent }

  /// The client's side took `count` bytes of `unsent`.
  package mutating func sent<P: ClusterPort & ~Copyable>(
    _ slot: Int, count: Int, now: LocalTime, port: inout P
  ) {
    guard count > 0 else { return }
    counters.bytesOut += UInt64(count)
    connections[slot].output.take(count)
    guard connections[slot].isOutputFull else { return }
    connections[slot].isOutputFull = false
    setDeadline(slot, .never)
    process(slot, now: now, port: &port)
  }

  /// A client whose output has grown since it was last asked for.
  package mutating func nextUnflushed() -> Int? {
    while unflushedCount > 0 {
      unflushedCount -= 1
      let slot = Int(unflushed[unflushedCount])
      connections[slot].isUnflushed = false
      if connections[slot].phase != .free { return slot }
    }
    return nil
  }
  mutating func noteUnflushed(_ slot: Int) {
    guard !connections[slot].isUnflushed else { return }
    connections[slot].isUnflushed = true
    unflushed[unflushedCount] = UInt16(slot)
    unflushedCount += 1
  }

  func isDeadlineSet(_ slot: Int) -> Bool { connections[slot].deadline != .never }
  mutating func setDeadline(_ slot: Int, _ deadline: LocalTime) {
    deadlineCount += (deadline == .never ? 0 : 1) - (isDeadlineSet(slot) ? 1 : 0)
    connections[slot].deadline = deadline
  }

  // MARK: Memory for large requests

  func freeLarge() -> Int32? {
    for index in 0..<limits.largeBuffers where !isLargeTaken[index] { return Int32(index) }
    return nil
  }
  mutating func borrowLarge(_ index: Int32, for slot: Int) {
    isLargeTaken[Int(index)] = true
    connections[slot].input.borrow(
      larges + Int(index) * limits.commandBytes, capacity: limits.commandBytes, index: index)
  }
  mutating func giveLargeBack(_ index: Int32) {
    if index >= 0 { isLargeTaken[Int(index)] = false }
  }
}

/// What happened at the local interface since the agent started.
package struct LocalCounters: Sendable {
  package var accepted: UInt64 = 0
  package var turnedAway: UInt64 = 0
  package var commands: UInt64 = 0
  package var writesSubmitted: UInt64 = 0
  package var refusedBusy: UInt64 = 0
  package var timedOut: UInt64 = 0
  package var protocolErrors: UInt64 = 0
  /// Clients cut because they took none of their replies.
  package var droppedUnread: UInt64 = 0
  package var messagesPublished: UInt64 = 0
  package var bytesIn: UInt64 = 0
  package var bytesOut: UInt64 = 0
}
