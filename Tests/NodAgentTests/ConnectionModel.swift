// A cluster of one for tests of the local interface: it keeps what it is given until told to decide it,
// applies it to a real registry, and can be told to refuse, to forget, or to answer in another order.
import NodAgent
import NodCore

struct ModelCluster: ~Copyable, ClusterPort {
  struct Submission {
    var command: [UInt8]
    var token: CommandToken
    var ticket: Ticket
    var isSent: Bool
  }
  var registry: Registry
  var submissions: [Submission] = []
  var reads: [Ticket] = []
  var asked: [(member: String, ticket: Ticket)] = []
  var abandoned: [Ticket] = []
  /// Writes that a read follows, in the order in which that was said.
  var readsFollow: [Ticket] = []
  var verdict = SubmitVerdict.accepted
  /// What `abandon` says of commands that are still here: whether they had been sent.
  var sendsAtOnce = true
  private var sequence: UInt32 = 0
  private let key = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 1)

  init(limits: RegistryLimits = RegistryLimits()) {
    registry = Registry(limits: limits, changeBytes: 1 << 16)
  }
  deinit { key.deallocate() }

  mutating func submit(_ command: Bytes, token: CommandToken?, ticket: Ticket) -> SubmitVerdict {
    guard case .accepted = verdict else { return verdict }
    let named = token ?? newToken()
    submissions.append(Submission(command: Array(command), token: named, ticket: ticket, isSent: sendsAtOnce))
    return .accepted
  }
  mutating func requestRead(ticket: Ticket) -> SubmitVerdict {
    guard case .accepted = verdict else { return verdict }
    reads.append(ticket)
    return .accepted
  }
  mutating func ask(
    _ member: Bytes, _ question: ViaQuestion, _ argument: UInt64, ticket: Ticket
  ) -> SubmitVerdict {
    guard case .accepted = verdict else { return verdict }
    asked.append((String(decoding: member, as: UTF8.self), ticket))
    return .accepted
  }
  mutating func readsFollow(_ ticket: Ticket) { readsFollow.append(ticket) }
  mutating func abandon(_ ticket: Ticket) -> CommandToken? {
    abandoned.append(ticket)
    reads.removeAll { $0 == ticket }
    guard let index = submissions.firstIndex(where: { $0.ticket == ticket }) else { return nil }
    let submission = submissions[index]
    if submission.isSent { return submission.token }
    submissions.remove(at: index)
    return nil
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
        expiresInMilliseconds: found.remaining(registry.now).map(Int64.init)))
  }
  func scan(from cursor: UInt64, limit: Int, _ visit: (Bytes) -> Void) -> UInt64 {
    registry.scan(from: cursor, limit: limit) { visit($0.key) }
  }
  var keyCount: Int { registry.keyCount }
  mutating func report(_ kind: ReportKind, into reply: inout ReplyWriter) {
    switch kind {
    case .info(let section):
      guard section.count == 0 else { return }
      reply.text("# Node\r\n")
      reply.line("role", "leader")
    case .status:
      reply.map(1)
      reply.bulk("role")
      reply.bulk("leader")
    case .peers, .links: reply.array(0)
    case .trace(let since, let count):
      reply.array(2)
      reply.integer(since ?? 0)
      reply.integer(Int64(count))
    case .told: reply.bulk("told")
    case .hooks: reply.array(0)
    case .metrics: reply.text("nod_info 1\n")
    case .log(let from, let count):
      reply.array(2)
      reply.integer(from?.raw ?? 0)
      reply.integer(Int64(count))
    }
  }

  /// Decides the oldest submission, or the one at `place`, and tells the clients.
  mutating func decide(_ place: Int = 0, _ clients: inout Clients, now: LocalTime = .zero) {
    let submission = submissions.remove(at: place)
    let (result, old) = apply(submission)
    old.withUnsafeBytes {
      clients.completed(submission.ticket, result, oldValue: $0, now: now, port: &self)
    }
    tellChanges { clients.publish($0, key: $1, index: $2) }
  }
  mutating func apply(_ submission: Submission) -> (ApplyResult, [UInt8]) {
    let time = ClusterTime(milliseconds: registry.now.milliseconds + 1)
    let result = submission.command.withUnsafeBytes {
      registry.apply($0, token: submission.token, at: registry.lastIndex + 1, time: time)
    }
    var old: [UInt8] = []
    if case .value(let range) = result.outcome { old = Array(registry.value(range)) }
    registry.clearValues()
    return (result, old)
  }
  mutating func tellChanges(_ body: (ChangeEvent, Bytes, LogIndex) -> Void) {
    while let change = registry.nextChange(into: key) { body(change.event, change.key, change.index) }
  }
}

/// Clients without sockets before a model cluster: text in, text out.
struct Desk: ~Copyable {
  var clients: Clients
  var cluster = ModelCluster()
  var now = LocalTime.zero
  /// Decides each write as soon as it is submitted.
  var decidesAtOnce = true

  init(_ limits: LocalLimits = LocalLimits()) { clients = Clients(limits: limits) }

  mutating func open() -> Int { clients.open()! }

  mutating func send(_ slot: Int, _ bytes: [UInt8]) {
    var offset = 0
    while offset < bytes.count {
      let room = clients.room(slot)
      let count = min(room.count, bytes.count - offset)
      if count == 0 { break }
      bytes[offset..<offset + count].withUnsafeBytes { room.copyMemory(from: $0) }
      clients.received(slot, count: count, now: now, port: &cluster)
      offset += count
      if decidesAtOnce { decideAll() }
    }
  }
  mutating func send(_ slot: Int, _ text: String) { send(slot, Array(text.utf8)) }
  mutating func decideAll() {
    while !cluster.submissions.isEmpty { cluster.decide(0, &clients, now: now) }
    while let ticket = cluster.reads.first {
      cluster.reads.removeFirst()
      clients.readReady(ticket, now: now, port: &cluster)
    }
  }
  /// What the client would read now.
  mutating func receive(_ slot: Int) -> String {
    var all: [UInt8] = []
    while true {
      let bytes = clients.unsent(slot)
      if bytes.count == 0 { break }
      all.append(contentsOf: bytes)
      clients.sent(slot, count: bytes.count, now: now, port: &cluster)
      if decidesAtOnce { decideAll() }
    }
    return String(decoding: all, as: UTF8.self)
  }
  /// One request in words and its reply.
  mutating func say(_ slot: Int, _ words: String...) -> String {
    send(slot, request(words))
    return receive(slot)
  }
}

/// Words as a RESP request.
func request(_ words: [String]) -> [UInt8] {
  var bytes = Array("*\(words.count)\r\n".utf8)
  for word in words { bytes += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
  return bytes
}
func request(_ words: String...) -> [UInt8] { request(words) }
