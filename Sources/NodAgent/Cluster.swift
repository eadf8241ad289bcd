// The cluster as this board's clients use it: their requests to the station, what they may read from its
// registry.
// What people ask of the agent itself is answered in Report/.
import NodCore
import NodStation

package struct Cluster: ~Copyable {
  package var station: Station<FileDisk>
  /// The moment that the loop read its clock; every call between two waits happens then.
  package var now: LocalTime
  package let files: NodeFiles
  package var figures = AgentFigures()
  var battery: BatteryGauge
  /// How long the board had been suspended when this start began.
  let suspendedBefore: Microseconds
  var hooks: Hooks

  package init(station: consuming Station<FileDisk>, files: NodeFiles, now: LocalTime, log: LogLine) {
    self.station = station
    hooks = Hooks(files, log: log)
    self.files = files
    self.now = now
    battery = BatteryGauge(path: files.configuration.batteryFile)
    suspendedBefore = BoardClock.timeSuspended
  }

  /// Reads the battery, at most once a minute, and has the station tell the others of it.
  mutating func lookAtBattery() {
    guard battery.isDue(now) else { return }
    battery.read(now)
    station.node.condition.batteryPercent = battery.percent ?? Condition.unknown
  }

  /// A member's name; its slot when the roster has none.
  func name(_ node: NodeID) -> String {
    for member in files.roster.members where member.slot == node { return member.name }
    return "slot \(node.raw)"
  }
}

/// What the agent measures of itself, beside what the station counts.
package struct AgentFigures: Sendable {
  package var startedAt = LocalTime.zero
  package var lastSync = Microseconds.zero
  /// The slowest of about the last hundred syncs.
  package var slowestSync = Microseconds.zero
  package var syncFailures: UInt64 = 0
  package var pauses: UInt64 = 0
  package var leaderSince: LocalTime?
  package var lastDurableAt: LocalTime?
  package var radio = RadioFigures()
  package var radioOn = Microseconds.zero
  package var radioMicrocoulombs: UInt64 = 0
  package var loops: UInt64 = 0
  package init() {}

  mutating func noteSync(_ took: Microseconds) {
    lastSync = took
    slowestSync = max(took, Microseconds(slowestSync.raw - slowestSync.raw / 100))
  }
}

extension Cluster: ClusterPort {
  package mutating func submit(_ command: Bytes, token: CommandToken?, ticket: Ticket) -> SubmitVerdict {
    switch station.submit(command, token: token, ticket: ticket, now: now) {
    case .accepted: return .accepted
    case .busy:
      return .busy("too many commands wait for their decision", retryAfterMilliseconds: retryDelay)
    case .tooLarge: return .refused("the command is larger than store limits allow")
    }
  }

  /// The next window decides what waits.
  private var retryDelay: UInt32 { UInt32(clamping: files.roster.period.raw / 1000) }

  package mutating func requestRead(ticket: Ticket) -> SubmitVerdict {
    station.requestRead(ticket, now: now)
      ? .accepted : .busy("too many reads wait for their confirmation", retryAfterMilliseconds: retryDelay)
  }

  package mutating func ask(
    _ member: Bytes, _ question: ViaQuestion, _ argument: UInt64, ticket: Ticket
  ) -> SubmitVerdict {
    guard let target = slot(of: member) else { return .refused("no such member: give its name or its slot") }
    switch station.ask(target, question, argument, ticket: ticket, now: now) {
    case nil: return .accepted
    case .busy:
      return .busy("one question over the radio is on its way already", retryAfterMilliseconds: retryDelay)
    case .unknownMember: return .refused("no such member: give its name or its slot")
    case .isThisNode: return .refused("that is this node: ask it without VIA")
    case .framesTooSmall: return .refused("frames of this radio have no room for it")
    }
  }

  private func slot(of member: Bytes) -> NodeID? {
    for each in files.roster.members {
      var name = each.name
      if name.withUTF8({ Bytes($0).equals(member) }) { return each.slot }
    }
    guard let number = member.unsignedDecimal, number < UInt64(NodeID.limit) else { return nil }
    return NodeID(UInt8(number))
  }

  package mutating func readsFollow(_ ticket: Ticket) { station.node.readsFollow(ticket) }
  package mutating func abandon(_ ticket: Ticket) -> CommandToken? {
    station.node.endAsking(ticket) ? nil : station.node.abandon(ticket)
  }
  package mutating func newToken() -> CommandToken { station.node.newToken() }

  package func withValue<Result>(_ key: Bytes, _ body: (StoredValue) -> Result) -> Result? {
    let time = station.node.clusterTime(now)
    guard let item = station.node.registry.lookup(key, now: time) else { return nil }
    return body(
      StoredValue(
        bytes: item.value, modifiedAt: item.modifiedAt,
        expiresInMilliseconds: item.remaining(time).map { Int64(clamping: $0) }))
  }

  package func scan(from cursor: UInt64, limit: Int, _ visit: (Bytes) -> Void) -> UInt64 {
    station.node.registry.scan(from: cursor, limit: limit, now: station.node.clusterTime(now)) {
      visit($0.key)
    }
  }

  package var keyCount: Int { station.node.registry.keyCount }

  package mutating func report(_ kind: ReportKind, into reply: inout ReplyWriter) {
    switch kind {
    case .info(let section): writeInfo(section, to: &reply)
    case .status: writeStatus(to: &reply)
    case .peers: writePeers(to: &reply)
    case .links: writeLinks(to: &reply)
    case .log(let from, let count): writeLog(from: from, count: count, to: &reply)
    case .trace(let since, let count): writeTrace(since: since, count: count, to: &reply)
    case .told(let ticket): writeTold(ticket, to: &reply)
    case .hooks: writeHooks(to: &reply)
    case .metrics: writeMetrics(to: &reply)
    }
  }
}
