// Bytes of a local client: into the request scanner, the table of commands and the queues behind it, in pieces,
// before a cluster that decides when the input says so. A client may be told that it is wrong, or be cut off; it
// may not stop the process, pile anything up, or keep the next client from being served.
import NodAgent
import NodCore

/// Keeps writes until they are decided, against a real registry.
private struct DeskCluster: ~Copyable, ClusterPort {
  struct Waiting {
    var command: [UInt8]
    var token: CommandToken
    var ticket: Ticket
  }
  var registry = Registry(
    limits: RegistryLimits(storeBytes: 4096, storeKeys: 16, keyBytes: 32, valueBytes: 256, tokenWindow: 16),
    changeBytes: 1 << 12)
  var waiting: [Waiting] = []
  var reads: [Ticket] = []
  var isBusy = false
  private var sequence: UInt32 = 0

  mutating func submit(_ command: Bytes, token: CommandToken?, ticket: Ticket) -> SubmitVerdict {
    if isBusy || waiting.count > 64 { return .busy("full", retryAfterMilliseconds: 7) }
    waiting.append(Waiting(command: [UInt8](command), token: token ?? newToken(), ticket: ticket))
    return .accepted
  }
  mutating func requestRead(ticket: Ticket) -> SubmitVerdict {
    if isBusy || reads.count > 64 { return .refused("no") }
    reads.append(ticket)
    return .accepted
  }
  mutating func ask(
    _ member: Bytes, _ question: ViaQuestion, _ argument: UInt64, ticket: Ticket
  ) -> SubmitVerdict {
    isBusy ? .busy("one is on its way", retryAfterMilliseconds: 7) : .refused("no such member")
  }
  mutating func readsFollow(_ ticket: Ticket) {}
  mutating func abandon(_ ticket: Ticket) -> CommandToken? {
    reads.removeAll { $0 == ticket }
    guard let at = waiting.firstIndex(where: { $0.ticket == ticket }) else { return nil }
    return waiting.remove(at: at).token
  }
  mutating func newToken() -> CommandToken {
    sequence += 1
    return CommandToken(
      id: CommandID(node: NodeID(1), incarnation: 7, sequence: sequence), issuedAt: registry.lastIndex)
  }
  func withValue<Result>(_ key: Bytes, _ body: (StoredValue) -> Result) -> Result? {
    guard let found = registry.lookup(key) else { return nil }
    return body(
      StoredValue(
        bytes: found.value, modifiedAt: found.modifiedAt,
        expiresInMilliseconds: found.remaining(registry.now).map { Int64(clamping: $0) }))
  }
  func scan(from cursor: UInt64, limit: Int, _ visit: (Bytes) -> Void) -> UInt64 {
    registry.scan(from: cursor, limit: limit) { visit($0.key) }
  }
  var keyCount: Int { registry.keyCount }
  mutating func report(_ kind: ReportKind, into reply: inout ReplyWriter) {
    switch kind {
    case .info: reply.text("# Node\r\n")
    case .status:
      reply.map(1)
      reply.bulk("role")
      reply.bulk("leader")
    case .peers, .links, .log, .trace, .told, .hooks: reply.array(0)
    case .metrics: reply.text("nod_info 1\n")
    }
  }

  mutating func decide(_ clients: inout Clients, _ now: LocalTime) {
    guard !waiting.isEmpty else { return }
    let next = waiting.removeFirst()
    let result = next.command.withUnsafeBytes {
      registry.apply(
        $0, token: next.token, at: registry.lastIndex + 1,
        time: ClusterTime(milliseconds: registry.now.milliseconds + 1))
    }
    var old: [UInt8] = []
    if case .value(let range) = result.outcome { old = [UInt8](registry.value(range)) }
    registry.clearValues()
    old.withUnsafeBytes { clients.completed(next.ticket, result, oldValue: $0, now: now, port: &self) }
    withUnsafeTemporaryAllocation(byteCount: 512, alignment: 1) { key in
      while let change = registry.nextChange(into: key) {
        clients.publish(change.event, key: change.key, index: change.index)
      }
    }
  }
}

final class SocketTarget: Target {
  private static let connections = 3
  private let limits: LocalLimits
  private var runs = 0
  private var commands: UInt64 = 0
  private var writes: UInt64 = 0
  private var refused: UInt64 = 0

  var tally: String {
    "\(commands) commands and \(refused) protocol errors in \(runs) runs; \(writes) writes submitted"
  }

  init() {
    var limits = LocalLimits()
    limits.connections = SocketTarget.connections
    limits.inputBytes = 1024
    limits.outputBytes = 8 << 10
    limits.keyBytes = 32
    limits.valueBytes = 256
    limits.arguments = 32
    limits.outstandingPerConnection = 12
    limits.outstanding = 24
    limits.heldValues = 2
    limits.subscriptions = 6
    self.limits = limits
  }

  func take(_ bytes: Bytes) {
    var choices = Choices(bytes)
    let how = choices.byte()
    var clients = Clients(limits: limits)
    var cluster = DeskCluster()
    var now = LocalTime(microseconds: 1)
    for _ in 0..<SocketTarget.connections { _ = clients.open() }
    while !choices.isAtEnd {
      let control = how & 1 == 0 ? 0x3f : choices.byte()
      let slot = Int(control >> 6) % SocketTarget.connections
      send(choices.bytes(Int(control & 0x3f) + 1), slot, &clients, &cluster, now)
      if how & 2 != 0 { cluster.decide(&clients, now) }
      if how & 4 != 0 { cluster.isBusy = control & 0x10 != 0 }
      if how & 8 != 0 && control & 0x20 != 0, let ticket = cluster.reads.first {
        cluster.reads.removeFirst()
        clients.readReady(ticket, now: now, port: &cluster)
      }
      if how & 16 != 0 { now = now + .milliseconds(700) }
      clients.expire(now: now, port: &cluster)
      if how & 32 == 0 || control & 1 != 0 { takeOutput(slot, &clients, &cluster, now) }
      replaceTheGone(&clients, &cluster)
    }
    for slot in 0..<SocketTarget.connections { clients.close(slot, port: &cluster) }
    expect(cluster.waiting.isEmpty && cluster.reads.isEmpty, "who is gone waits for nothing")
    runs += 1
    commands += clients.counters.commands
    writes += clients.counters.writesSubmitted
    refused += clients.counters.protocolErrors
    serveTheNext(&clients, &cluster, now)
  }

  private func send(
    _ bytes: Bytes, _ slot: Int, _ clients: inout Clients, _ cluster: inout DeskCluster, _ now: LocalTime
  ) {
    var offset = 0
    while offset < bytes.count {
      let room = clients.room(slot)
      let count = min(room.count, bytes.count - offset)
      if count == 0 { return }
      room.copyMemory(from: bytes.part(offset, offset + count))
      clients.received(slot, count: count, now: now, port: &cluster)
      offset += count
    }
  }

  private func takeOutput(
    _ slot: Int, _ clients: inout Clients, _ cluster: inout DeskCluster, _ now: LocalTime
  ) {
    let count = clients.unsent(slot).count
    clients.sent(slot, count: count, now: now, port: &cluster)
    while clients.nextUnflushed() != nil {}
  }

  private func replaceTheGone(_ clients: inout Clients, _ cluster: inout DeskCluster) {
    for slot in 0..<SocketTarget.connections {
      if case .close = clients.fate(slot) {
        clients.close(slot, port: &cluster)
        expect(clients.open() == slot, "a place that is free again")
      }
    }
  }

  private func serveTheNext(_ clients: inout Clients, _ cluster: inout DeskCluster, _ now: LocalTime) {
    guard let slot = clients.open() else { fatalError("all places are free") }
    let ping: StaticString = "PING\r\n"
    send(Bytes(start: ping.utf8Start, count: ping.utf8CodeUnitCount), slot, &clients, &cluster, now)
    let pong: StaticString = "+PONG\r\n"
    expect(
      clients.unsent(slot).equals(Bytes(start: pong.utf8Start, count: pong.utf8CodeUnitCount)),
      "the next client is served")
  }
}
