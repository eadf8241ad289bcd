// Programs that are run when something changes: the role of this node, keys that match a pattern, the radio.
// One at a time of each kind, always for the present state: what was overtaken meanwhile is left out, the
// newest never is. Nothing here waits; the loop asks what is due and calls `step`.
import CBoard
import NodCore

struct Hooks: ~Copyable {
  let settings: [HookSettings]
  private(set) var figures: [HookFigures]
  private let log: LogLine
  private let name: String
  private let cluster: String
  /// Names of members by slot.
  private let members: [String]
  private let leadTime: Microseconds

  private var roleLane = HookLane()
  private var keyLane = HookLane()
  private var radioLane = HookLane()

  /// What is so now, and what each role hook has been told.
  var facts = HookFacts()
  private var toldRoles: [HookFacts?]
  private var lastRole = 0

  var news: KeyNews
  /// Hooks that are still to be told of `item`, one bit each.
  private var itemHooks: UInt32 = 0
  private var item = KeyNews.Item(what: .resync, index: .zero, key: Bytes(start: nil, count: 0))
  private let keyHooks: UInt32

  private let radioHook: Int?
  private var radioWanted = true
  private var radioTold: Bool?
  private var radioOnAt = LocalTime.never
  private var isStopping = false

  private let room: OwnedBytes
  private let output: OwnedBytes

  init(_ files: NodeFiles, log: LogLine) {
    var all = files.configuration.hooks
    let radio = files.configuration.radio
    radioHook = radio.hook.isEmpty ? nil : all.count
    if !radio.hook.isEmpty {
      var hook = HookSettings(name: "radio")
      hook.kind = .radio
      hook.program = radio.hook
      hook.timeout = radio.hookTimeout
      all.append(hook)
    }
    leadTime = radio.hookLead
    settings = all
    figures = [HookFigures](repeating: HookFigures(), count: all.count)
    toldRoles = [HookFacts?](repeating: nil, count: all.count)
    var keyHooks: UInt32 = 0
    for (number, hook) in all.enumerated() where hook.kind == .key { keyHooks |= 1 << UInt32(number) }
    self.keyHooks = keyHooks
    news = KeyNews(keyBytes: files.roster.keyBytes)
    self.log = log
    name = files.own.name
    cluster = files.roster.name
    members = files.roster.members.map { $0.name }
    room = OwnedBytes(count: all.isEmpty ? 16 : HookLimits.environmentBytes)
    output = OwnedBytes(count: all.isEmpty ? 16 : HookLimits.outputBytes)
  }

  var isEmpty: Bool { settings.isEmpty }
  var wantsKeys: Bool { keyHooks != 0 }

  /// When `step` has something to do that nobody will call for.
  var nextDeadline: LocalTime {
    var at = min(roleLane.deadline, min(keyLane.deadline, radioLane.deadline))
    if wantsKeys && !keyLane.isBusy && !isStopping && (itemHooks != 0 || !news.isIdle) { at = .zero }
    if radioHook != nil && !radioWanted { at = min(at, radioOnAt) }
    return at
  }

  // MARK: What has changed

  mutating func changed(_ event: ChangeEvent, _ key: Bytes, _ index: LogIndex) {
    if wantsKeys && Hooks.fitting(settings, key) != 0 { news.note(event, key, index) }
  }

  /// The radio's next use: on a while before, off when that is worth while.
  mutating func radio(isOn: Bool, wakeAt: LocalTime, now: LocalTime) {
    guard radioHook != nil else { return }
    radioOnAt = wakeAt >= .never ? .never : wakeAt - leadTime
    if isOn || radioOnAt <= now || isStopping {
      radioWanted = true
    } else if radioOnAt - now > leadTime {
      radioWanted = false
    }
  }

  /// No key hooks any more; role hooks hear that this agent stops, and the radio is left on.
  mutating func stop() {
    isStopping = true
    radioWanted = true
    facts.standing = .stopped
  }

  var isIdle: Bool {
    if roleLane.isBusy || keyLane.isBusy || radioLane.isBusy { return false }
    return nextRole == nil && (radioHook == nil || radioTold == radioWanted)
  }

  mutating func killAll() {
    roleLane.kill()
    keyLane.kill()
    radioLane.kill()
  }

  // MARK: The loop

  /// Takes note of programs that have ended, ends those whose time is up, starts what is due.
  mutating func step(_ registry: borrowing Registry, now: LocalTime) {
    guard !settings.isEmpty else { return }
    if let end = roleLane.takeEnd(into: output.all) { note(end) }
    if let end = keyLane.takeEnd(into: output.all) { note(end) }
    if let end = radioLane.takeEnd(into: output.all) { note(end) }
    roleLane.enforce(now: now)
    keyLane.enforce(now: now)
    radioLane.enforce(now: now)
    stepRadio(now)
    stepRole(now)
    stepKeys(registry, now)
  }

  private mutating func stepRadio(_ now: LocalTime) {
    guard let number = radioHook, !radioLane.isBusy, radioTold != radioWanted else { return }
    radioTold = radioWanted
    let environment = environment(number, radioWanted ? "on" : "off", facts.index)
    let why = radioLane.start(
      number, settings[number], environment: environment.written, input: nil, now: now)
    noteStart(number, facts.index, why)
  }

  /// The next role hook that has not heard the present state, in turn.
  private var nextRole: Int? {
    for step in 1...max(1, settings.count) {
      let number = (lastRole + step) % max(1, settings.count)
      if settings.isEmpty || settings[number].kind != .role { continue }
      if !(toldRoles[number]?.isAlike(facts) ?? false) { return number }
    }
    return nil
  }

  private mutating func stepRole(_ now: LocalTime) {
    guard !roleLane.isBusy, let number = nextRole else { return }
    lastRole = number
    toldRoles[number] = facts
    let environment = environment(number, facts.event, facts.index)
    let why = roleLane.start(
      number, settings[number], environment: environment.written, input: nil, now: now)
    noteStart(number, facts.index, why)
  }

  private mutating func stepKeys(_ registry: borrowing Registry, _ now: LocalTime) {
    guard wantsKeys, !keyLane.isBusy, !isStopping else { return }
    if itemHooks == 0 {
      let settings = settings
      guard let next = news.next(registry, where: { Hooks.fitting(settings, $0) != 0 }) else { return }
      item = next
      itemHooks = next.what == .resync ? keyHooks : Hooks.fitting(settings, next.key)
    }
    let written = item.what == .resync ? nil : registry.written(item.key)
    // What was overtaken meanwhile comes again by itself.
    let isPresent =
      item.what == .resync || (item.what == .set ? written?.modifiedAt == item.index : written == nil)
    guard isPresent, itemHooks != 0 else {
      itemHooks = 0
      return
    }
    let number = itemHooks.trailingZeroBitCount
    itemHooks &= itemHooks - 1
    var environment = environment(number, eventName(item.what), item.index)
    if item.what != .resync { environment.addKey(item.key) }
    if let written { environment.addValue(written.value) }
    let why = keyLane.start(
      number, settings[number], environment: environment.written, input: written?.value, now: now)
    noteStart(number, item.index, why)
  }

  private func eventName(_ what: KeyNews.What) -> StaticString {
    switch what {
    case .set: "set"
    case .deleted: "del"
    case .expired: "expired"
    case .resync: "resync"
    }
  }

  /// Which hooks a key is for, one bit each.
  private static func fitting(_ settings: [HookSettings], _ key: Bytes) -> UInt32 {
    var hooks: UInt32 = 0
    for number in settings.indices where settings[number].kind == .key {
      var pattern = settings[number].pattern
      if pattern.withUTF8({ GlobPattern(Bytes($0)).matches(key) }) { hooks |= 1 << UInt32(number) }
    }
    return hooks
  }

  private func environment(_ number: Int, _ event: StaticString, _ index: LogIndex) -> HookEnvironment {
    var out = HookEnvironment(room.all)
    out.add("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" as StaticString)
    out.add("NOD_HOOK", settings[number].name)
    out.add("NOD_EVENT", event)
    out.add("NOD_NODE", name)
    out.add("NOD_CLUSTER", cluster)
    out.add("NOD_ROLE", facts.role)
    if let leader = facts.leader, Int(leader.raw) < members.count {
      out.add("NOD_LEADER", members[Int(leader.raw)])
    }
    out.add("NOD_BALLOT", facts.ballot)
    out.add("NOD_FENCE", facts.ballot.fence)
    out.add("NOD_INDEX", index.raw)
    return out
  }

  // MARK: What came of it

  private mutating func noteStart(_ number: Int, _ index: LogIndex, _ why: String?) {
    figures[number].runs += 1
    figures[number].lastIndex = index
    figures[number].isRunning = why == nil
    guard let why else { return }
    let isNew = figures[number].lastExit != -1
    figures[number].failures += 1
    figures[number].lastExit = -1
    if isNew { log.error("hook \(settings[number].name): \(settings[number].program) is not run: \(why)") }
  }

  private mutating func note(_ end: HookEnd) {
    let before = figures[end.hook].lastExit
    figures[end.hook].isRunning = false
    figures[end.hook].lastExit = end.status
    tellOutput(end)
    if end.isTimedOut { figures[end.hook].ended += 1 }
    if end.isTimedOut || end.status != 0 {
      figures[end.hook].failures += 1
      // A hook that fails each time is told of once.
      if before == nil || before != end.status { tellFailure(end) }
    } else if let before, before != 0 {
      log.warn("hook \(settings[end.hook].name) works again")
    }
  }

  private func tellFailure(_ end: HookEnd) {
    let hook = settings[end.hook]
    let what =
      end.isTimedOut ? "its \(hook.timeout.raw / 1000) ms were up: it was ended" : "exit status \(end.status)"
    let last = lastLine(end.output)
    log.error("hook \(hook.name): \(what)" + (last.isEmpty ? "" : "; it said: \(last)"))
  }

  private func tellOutput(_ end: HookEnd) {
    guard log.writes(.info) else { return }
    var left = end.output
    var lines = 0
    while left.count > 0 && lines < HookLimits.outputLines {
      let line = left.part(0, left.firstIndex(of: 10) ?? left.count)
      if line.count > 0 {
        log.info("hook \(settings[end.hook].name) says: \(String(decoding: line, as: UTF8.self))")
        lines += 1
      }
      left = left.part(min(left.count, line.count + 1), left.count)
    }
  }

  private func lastLine(_ output: Bytes) -> String {
    var end = output.count
    while end > 0 && output[end - 1] == 10 { end -= 1 }
    let all = output.part(0, end)
    return String(decoding: all.part(all.lastIndex(of: 10).map { $0 + 1 } ?? 0, end), as: UTF8.self)
  }
}
