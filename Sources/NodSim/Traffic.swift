// Clients of a simulated cluster: increments of counters with tokens, at any node, retried at others when
// the answer does
// not come. What is acknowledged must be there for ever, and every command takes effect once.
import NodCore
import NodStation

package final class Traffic {
  struct Waiting {
    var member: Int
    var ticket: Ticket
    var key: Int
    var token: CommandToken?
    var since: Int64
    var command: [UInt8]
  }
  struct Reading {
    var member: Int
    var ticket: Ticket
    var key: Int
    var least: Int
  }
  var waiting: [Waiting] = []
  var reading: [Reading] = []
  private var probes: Set<UInt64> = []
  private var unsentProbes: [Int] = []
  package private(set) var readsAnswered = 0
  package private(set) var values = 0
  /// Values whose caller was told that they are not stored: the store is full.
  package private(set) var valuesRefused = 0
  private var valueTickets: Set<UInt64> = []
  var nextTicket: UInt64 = 1
  package private(set) var submitted = 0
  package private(set) var acknowledged = 0
  package private(set) var refused = 0
  package private(set) var unknown = 0
  /// For each key: increments acknowledged, and those whose outcome nobody knows.
  package private(set) var sure: [Int: Int] = [:]
  package private(set) var doubtful: [Int: Int] = [:]
  /// Windows from submission to acknowledgement.
  package private(set) var latencies: [Int] = []
  static let keys = 8
  /// The clients whose histories are judged.
  var clients: RecordedClients!

  package init() {}

  func takeTicket() -> Ticket {
    defer { nextTicket += 1 }
    return Ticket(nextTicket)
  }

  func step(_ world: World) {
    expire(world)
    clients.expire(world)
    if world.options.recordsHistories, world.random.below(2) == 0 {
      clients.write(world)
      return
    }
    let up = (0..<world.members.count).filter { world.members[$0].isAwake }
    guard !up.isEmpty else { return }
    let i = up[world.random.below(up.count)]
    if world.options.valueBytes > 0 && world.random.below(3) == 0 {
      submitValue(world, member: i)
      return
    }
    submit(world, member: i, key: world.random.below(Traffic.keys), token: nil)
  }

  /// A large value: its command is spread over entries and frames. Nobody retries it.
  private func submitValue(_ world: World, member i: Int) {
    submitValue(world, member: i, byteCount: 1 + world.random.below(world.options.valueBytes))
  }

  /// - Returns: whether the member took it at all.
  @discardableResult
  package func submitValue(_ world: World, member i: Int, byteCount size: Int) -> Bool {
    let key: [UInt8] = Array("blob\(world.random.below(4))".utf8)
    let value = [UInt8](repeating: UInt8(truncatingIfNeeded: nextTicket), count: size)
    let bytes = Traffic.set(key, value)
    guard let station = world.members[i].station else { return false }
    let ticket = Ticket(nextTicket)
    nextTicket += 1
    let verdict = bytes.withUnsafeBytes {
      station.pointee.submit(
        Bytes(rebasing: $0[...]), token: nil, ticket: ticket, now: world.members[i].local(world.now))
    }
    var isTaken = false
    if case .accepted = verdict {
      isTaken = true
      values += 1
      valueTickets.insert(ticket.raw)
    }
    world.turn(i)
    return isTaken
  }

  /// The bytes of an unconditional `set`.
  package static func set(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: key.count + value.count + 64)
    let count = bytes.withUnsafeMutableBytes { buffer in
      key.withUnsafeBytes { key in
        value.withUnsafeBytes { value in
          var out = ByteWriter(buffer)
          RegistryCommand.set(
            key: key, value: value, condition: .always, expiry: .none, returnsOldValue: false
          )
          .write(to: &out)
          return out.count
        }
      }
    }
    return Array(bytes[..<count])
  }

  /// A linearizable read of one counter: it must see all that was acknowledged before it was asked for.
  func read(_ world: World) {
    if world.options.recordsHistories, world.random.below(2) == 0 {
      clients.read(world)
      return
    }
    let up = (0..<world.members.count).filter { world.members[$0].isAwake }
    guard !up.isEmpty else { return }
    let i = up[world.random.below(up.count)]
    read(world, member: i, key: world.random.below(Traffic.keys))
  }

  package func read(_ world: World, member i: Int, key: Int = 0) {
    guard let station = world.members[i].station else { return }
    let ticket = Ticket(nextTicket)
    nextTicket += 1
    if station.pointee.requestRead(ticket, now: world.members[i].local(world.now)) {
      reading.append(Reading(member: i, ticket: ticket, key: key, least: sure[key] ?? 0))
    }
    world.turn(i)
  }

  /// A command of its own at this member, after the faults.
  package func probe(_ world: World, member i: Int) {
    let ticket = nextTicket
    submit(world, member: i, key: world.random.below(Traffic.keys), token: nil)
    if waiting.contains(where: { $0.ticket.raw == ticket }) {
      probes.insert(ticket)
    } else {
      unsentProbes.append(i)
    }
  }
  /// Members that had no power, or no room, when they were asked: once more.
  package func retryProbes(_ world: World) {
    let again = unsentProbes
    unsentProbes = []
    for i in again { probe(world, member: i) }
  }
  package var probesAnswered: Bool {
    unsentProbes.isEmpty && !waiting.contains { probes.contains($0.ticket.raw) }
  }

  /// The ticket of the last command that a member took.
  private(set) var lastSubmitted: UInt64 = 0
  /// Whether the caller of this ticket has no answer yet, at the member that it asked.
  func isWaiting(_ ticket: UInt64) -> Bool { waiting.contains { $0.ticket.raw == ticket } }

  package func submit(_ world: World, member i: Int, key: Int, token: CommandToken?) {
    let command = Traffic.increment(key)
    let ticket = Ticket(nextTicket)
    nextTicket += 1
    guard let station = world.members[i].station else { return }
    let verdict = command.withUnsafeBytes {
      station.pointee.submit($0, token: token, ticket: ticket, now: world.members[i].local(world.now))
    }
    guard case .accepted = verdict else {
      if token != nil {  // a repetition that finds no room: its first copy may take effect all the same
        unknown += 1
        doubtful[key, default: 0] += 1
      }
      return
    }
    if token == nil { submitted += 1 }
    lastSubmitted = ticket.raw
    world.tell(i, .submitted(ticket: ticket.raw))
    waiting.append(
      Waiting(member: i, ticket: ticket, key: key, token: token, since: world.now, command: command))
    world.turn(i)
  }

  static func increment(_ key: Int) -> [UInt8] { increment(Array("counter\(key)".utf8)) }

  /// The bytes of an increment by 1.
  package static func increment(_ key: [UInt8]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: key.count + 64)
    let count = bytes.withUnsafeMutableBytes { buffer in
      key.withUnsafeBytes { key in
        var out = ByteWriter(buffer)
        RegistryCommand.increment(key: key, by: 1).write(to: &out)
        return out.count
      }
    }
    return Array(bytes[..<count])
  }

  /// The member's memory is gone; its callers' connections with it.
  func lost(member i: Int) {
    for item in waiting where item.member == i {
      unknown += 1
      doubtful[item.key, default: 0] += 1
    }
    waiting.removeAll { $0.member == i }
    reading.removeAll { $0.member == i }
  }

  /// Waited too long: retries with the same token at another node.
  private func expire(_ world: World) {
    let limit = world.options.period.raw * 20
    var retries: [Waiting] = []
    waiting.removeAll { item in
      guard world.now - item.since > limit, world.members[item.member].isAwake,
        let station = world.members[item.member].station
      else { return false }
      var again = item
      again.token = station.pointee.node.abandon(item.ticket) ?? item.token
      retries.append(again)
      return true
    }
    for item in retries {
      guard let token = item.token else {
        submitted -= 1  // it was never sent and never will be
        continue
      }
      let up = (0..<world.members.count).filter { world.members[$0].isAwake }
      submit(world, member: up[world.random.below(up.count)], key: item.key, token: token)
    }
  }

  /// Takes what a member completed.
  func collect(_ world: World, _ i: Int) {
    guard let station = world.members[i].station else { return }
    if !station.pointee.node.effects.completions.isEmpty { world.checker.look(world, i) }
    for completion in station.pointee.node.effects.completions {
      world.checker.told(world, i, completion)
      if clients.completed(completion, at: i, world) { continue }
      if valueTickets.remove(completion.ticket.raw) != nil, case .failed = completion.result.outcome {
        valuesRefused += 1
      }
      guard let at = waiting.firstIndex(where: { $0.ticket == completion.ticket && $0.member == i }) else {
        continue
      }
      let item = waiting.remove(at: at)
      switch completion.result.outcome {
      case .integer:
        acknowledged += 1
        sure[item.key, default: 0] += 1
        latencies.append(Int((world.now - item.since) / world.options.period.raw))
        world.tell(i, .answered(ticket: item.ticket.raw, windows: latencies[latencies.count - 1]))
      case .staleToken:
        unknown += 1
        doubtful[item.key, default: 0] += 1
      default: refused += 1
      }
    }
    for answered in station.pointee.node.effects.reads {
      if clients.answered(answered, at: i, world) { continue }
      guard let at = reading.firstIndex(where: { $0.ticket == answered.ticket && $0.member == i }) else {
        continue
      }
      let item = reading.remove(at: at)
      guard answered.isReady else { continue }
      readsAnswered += 1
      let value = counter(item.key, station)
      if value < item.least {
        world.checker.fail(
          "linearizable read",
          "n\(i) reads counter\(item.key) as \(value), \(item.least) was acknowledged before", at: world.now)
      }
    }
    station.pointee.node.effects.removeCompletions()
    station.pointee.node.effects.removeReads()
    station.pointee.node.registry.clearValues()
  }

  /// Every counter lies between what was acknowledged and that plus what is unknown.
  package func check(_ world: World) -> String? {
    for i in 0..<world.members.count {
      guard let station = world.members[i].station,
        station.pointee.node.applied.raw == world.checker.highestDecided
      else { continue }
      for key in 0..<Traffic.keys {
        let value = counter(key, station)
        let least = sure[key] ?? 0
        let most = least + (doubtful[key] ?? 0) + waiting.filter { $0.key == key }.count
        if value < least || value > most {
          return "n\(i) counter\(key) is \(value), must be \(least)...\(most)"
        }
      }
    }
    return nil
  }

  private func counter(_ key: Int, _ station: UnsafeMutablePointer<Station<SimDisk>>) -> Int {
    let name: [UInt8] = Array("counter\(key)".utf8)
    return name.withUnsafeBytes { bytes in
      station.pointee.node.registry.lookup(bytes).map { Int(String(decoding: $0.value, as: UTF8.self)) ?? -1 }
        ?? 0
    }
  }
}
