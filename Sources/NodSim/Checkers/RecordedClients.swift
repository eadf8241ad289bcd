// Clients whose every call and answer is recorded: registers (SET, SET GET, SET IFEQ, DEL, GET) and counters
// (INCR, GET), at any member, many at once. Who gets no answer asks again elsewhere under the same token, now
// and then before the first try is given up. A key is used for a while, then its history is judged.
import NodCore
import NodStation

final class RecordedClients {
  /// One try of a call, at one member.
  private struct Try {
    var member: Int
    var ticket: Ticket
    var key: Int
    var call: Int
    var token: CommandToken?
    var since: Int64
    var command: [UInt8]
  }
  private struct Key {
    var name: [UInt8]
    var isCounter: Bool
    var calls: [Call] = []
    var isJudged = false
  }
  private var random: Random
  private var tries: [Try] = []
  private var keys: [Key] = []
  private var current: [Int] = []
  private var clock = 0
  private var lastValue = 0
  private(set) var judged = 0
  private(set) var undecided = 0
  private static let callsPerKey = 30
  private static let keysAtOnce = 4

  init(seed: UInt64) { random = Random(seed: seed &* 7_919 &+ 3) }

  // MARK: calls

  /// One write at some member.
  func write(_ world: World) {
    guard let i = anyMember(world), let station = world.members[i].station else { return }
    let key = nextKey(world)
    let operation = draw(keys[key])
    // Half of the clients get their token first, and can ask again after a power cut.
    let token = random.below(2) == 0 ? station.pointee.node.newToken() : nil
    let call = record(operation, of: key)
    let item = Try(
      member: i, ticket: .init(0), key: key, call: call, token: token, since: world.now,
      command: encode(operation, keys[key].name))
    if !send(item, world) { forget(key, call) }
  }

  /// One linearizable read at some member.
  func read(_ world: World) {
    guard let i = anyMember(world), let station = world.members[i].station else { return }
    let key = nextKey(world)
    let ticket = world.traffic.takeTicket()
    guard station.pointee.requestRead(ticket, now: world.members[i].local(world.now)) else { return }
    let call = record(.get, of: key)
    tries.append(
      Try(member: i, ticket: ticket, key: key, call: call, token: nil, since: world.now, command: []))
    world.turn(i)
  }

  private func send(_ item: Try, _ world: World) -> Bool {
    guard let station = world.members[item.member].station else { return false }
    var item = item
    item.ticket = world.traffic.takeTicket()
    item.since = world.now
    let verdict = item.command.withUnsafeBytes {
      station.pointee.submit(
        $0, token: item.token, ticket: item.ticket, now: world.members[item.member].local(world.now))
    }
    guard case .accepted = verdict else { return false }
    tries.append(item)
    world.turn(item.member)
    return true
  }

  private func draw(_ key: Key) -> Operation {
    if key.isCounter { return .increment }
    lastValue += 1
    // A value that was written lately is likely to be there.
    let old = max(1, lastValue - 1 - random.below(4))
    return switch random.below(8) {
    case 0, 1: .exchange(lastValue)
    case 2, 3: .replace(lastValue, of: old)
    case 4: .delete
    default: .set(lastValue)
    }
  }

  private func encode(_ operation: Operation, _ name: [UInt8]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = bytes.withUnsafeMutableBytes { buffer in
      name.withUnsafeBytes { key in
        var out = ByteWriter(buffer)
        write(operation, key, to: &out)
        precondition(!out.overflowed)
        return out.count
      }
    }
    return Array(bytes[..<count])
  }

  private func write(_ operation: Operation, _ key: Bytes, to out: inout ByteWriter) {
    func set(_ value: Int, _ condition: SetCondition, old: Bool) {
      Array("\(value)".utf8).withUnsafeBytes {
        RegistryCommand.set(key: key, value: $0, condition: condition, expiry: .none, returnsOldValue: old)
          .write(to: &out)
      }
    }
    switch operation {
    case .set(let value): set(value, .always, old: false)
    case .exchange(let value): set(value, .always, old: true)
    case .replace(let value, let old):
      Array("\(old)".utf8).withUnsafeBytes { set(value, .ifEqual($0), old: false) }
    case .delete:
      RegistryCommand.beginDelete(1, to: &out)
      RegistryCommand.addKey(key, to: &out)
    case .increment: RegistryCommand.increment(key: key, by: 1).write(to: &out)
    case .get: preconditionFailure("a read is no command")
    }
  }

  private func anyMember(_ world: World) -> Int? {
    let up = (0..<world.members.count).filter { world.members[$0].isAwake }
    return up.isEmpty ? nil : up[random.below(up.count)]
  }

  /// One of the keys in use; one that was used enough is replaced, and judged once nobody waits for it.
  private func nextKey(_ world: World) -> Int {
    let place = random.below(RecordedClients.keysAtOnce)
    while current.count <= place { current.append(addKey(isCounter: current.count == 0)) }
    if keys[current[place]].calls.count >= RecordedClients.callsPerKey {
      current[place] = addKey(isCounter: place == 0)
      judge(world, all: false)
    }
    return current[place]
  }
  private func addKey(isCounter: Bool) -> Int {
    keys.append(Key(name: Array("\(isCounter ? "c" : "r")\(keys.count)".utf8), isCounter: isCounter))
    return keys.count - 1
  }

  // MARK: history

  private func record(_ operation: Operation, of key: Int) -> Int {
    clock += 1
    keys[key].calls.append(Call(operation: operation, called: clock))
    return keys[key].calls.count - 1
  }
  /// It never took effect and never will: as if nobody had called.
  private func forget(_ key: Int, _ call: Int) {
    clock += 1
    keys[key].calls[call].operation = .get
    keys[key].calls[call].answer = .some
    keys[key].calls[call].answered = clock
  }

  // MARK: answers

  /// - Returns: whether the ticket is one of these clients'.
  func completed(_ completion: Completion, at i: Int, _ world: World) -> Bool {
    guard let at = tries.firstIndex(where: { $0.ticket == completion.ticket && $0.member == i }) else {
      return false
    }
    let item = tries.remove(at: at)
    switch completion.result.outcome {
    case .staleToken: break  // nobody can tell: unless another try is answered it stays unknown
    case .failed:
      if keys[item.key].calls[item.call].answered == nil { forget(item.key, item.call) }
    default: answer(item, answer(item, completion.result.outcome, world), world)
    }
    return true
  }

  private func answer(_ item: Try, _ outcome: ApplyOutcome, _ world: World) -> Answer {
    let operation = keys[item.key].calls[item.call].operation
    switch outcome {
    case .ok: return .done
    case .integer(let number): return .number(Int(number))
    case .none: if case .exchange = operation { return .number(0) } else { return .refused }
    case .value(let range):
      let node = world.members[item.member].station!.pointee.node.registry.value(range)
      return .number(Int(String(decoding: node, as: UTF8.self)) ?? -1)
    case .valueNotKept, .failed, .staleToken: return .some
    }
  }

  private func answer(_ item: Try, _ answer: Answer, _ world: World) {
    let known = keys[item.key].calls[item.call]
    if known.answered != nil {
      // A second try was answered as well: the same command, so the same answer.
      if known.answer != answer && known.answer != .some && answer != .some {
        world.checker.fail(
          "exactly once", "one command was answered \(known.answer), and \(answer) by n\(item.member)",
          at: world.now)
      }
      return
    }
    clock += 1
    keys[item.key].calls[item.call].answered = clock
    keys[item.key].calls[item.call].answer = answer
  }

  func answered(_ read: ReadCompletion, at i: Int, _ world: World) -> Bool {
    guard let at = tries.firstIndex(where: { $0.ticket == read.ticket && $0.member == i }) else {
      return false
    }
    let item = tries.remove(at: at)
    guard read.isReady, let station = world.members[i].station else {
      forget(item.key, item.call)
      return true
    }
    let value = keys[item.key].name.withUnsafeBytes { name in
      station.pointee.node.registry.lookup(name).map { Int(String(decoding: $0.value, as: UTF8.self)) ?? -1 }
        ?? 0
    }
    answer(item, .number(value), world)
    return true
  }

  // MARK: no answer

  /// The member lost its memory: reads are gone, writes may have happened. Who has a token asks again.
  func lost(member i: Int, _ world: World) {
    let gone = tries.filter { $0.member == i }
    tries.removeAll { $0.member == i }
    for item in gone {
      if item.command.isEmpty { forget(item.key, item.call) } else if item.token != nil { again(item, world) }
    }
  }

  /// Those who waited too long: half give up the try, half leave it and ask at another member as well.
  func expire(_ world: World) {
    let limit = world.options.period.raw * Int64(world.options.patience)
    let late = tries.filter { world.now - $0.since > limit }
    for item in late {
      guard let at = tries.firstIndex(where: { $0.ticket == item.ticket }),
        world.members[item.member].isAwake, let station = world.members[item.member].station
      else { continue }
      if item.token != nil && random.below(2) == 0 {
        tries[at].since = world.now
        again(item, world)
        continue
      }
      tries.remove(at: at)
      var item = item
      let token = station.pointee.node.abandon(item.ticket)
      if item.token == nil {
        guard let token else {
          forget(item.key, item.call)
          continue
        }
        item.token = token
      }
      again(item, world)
    }
  }

  private func again(_ item: Try, _ world: World) {
    guard world.isFaulty, keys[item.key].calls[item.call].answered == nil, let i = anyMember(world) else {
      return
    }
    // One member waits for one token once.
    guard !tries.contains(where: { $0.member == i && $0.key == item.key && $0.call == item.call }) else {
      return
    }
    var item = item
    item.member = i
    _ = send(item, world)
  }

  // MARK: verdict

  /// Judges the keys that nobody uses or waits for any more; at the end all of them.
  func judge(_ world: World, all: Bool) {
    let waiting = Set(tries.map(\.key))
    for k in keys.indices where !keys[k].isJudged && (all || (!waiting.contains(k) && !current.contains(k))) {
      keys[k].isJudged = true
      judged += 1
      switch LinearizabilitySearch.check(keys[k].calls) {
      case .linearizable: break
      case .undecided: undecided += 1
      case .violated(let call):
        world.checker.fail(
          "linearizability",
          "\(String(decoding: keys[k].name, as: UTF8.self)): \(story(keys[k], until: call))",
          at: world.now)
      }
      if !all { keys[k].calls = [] }
    }
  }

  private func story(_ key: Key, until call: Int) -> String {
    let end = key.calls[call].answered ?? .max
    let near = key.calls.filter { $0.called < end && ($0.answered ?? .max) > end - 60 }
    return near.map { c in
      guard let answered = c.answered else { return "\(c.called)-? \(c.operation) unknown" }
      return "\(c.called)-\(answered) \(c.operation) \(c.answer)"
    }.joined(separator: "; ")
  }
}
