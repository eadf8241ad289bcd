// From the lines of one or more files to one Trace. Every event is of one member or of one frame, so files need not be
// merged by time: members are filled as lines come, and at the end each frame is told what became of it everywhere.
import NodConsole

struct TraceBuilder {
  private struct FrameKey: Hashable {
    var from: Int
    var number: Int64
  }
  private struct Arrival {
    var frame: FrameKey
    var node: Int
    var at: Int64
    var outcome: Trace.Outcome
  }
  private struct CommandKey: Hashable {
    var node: Int
    var ticket: Int64
  }

  private var trace = Trace()
  private var frames: [FrameKey: Trace.Frame] = [:]
  private var arrivals: [Arrival] = []
  private var open: [CommandKey: Int] = [:]
  private var names: [String] = []
  private var period: Int64 = 0
  private var isPowered = [Bool](repeating: false, count: Trace.slots.count)
  private var listensSince = [Int64?](repeating: nil, count: Trace.slots.count)
  private var first: Int64?
  /// Of the file that is being read: events by a clock that knows no grid, and the last sequence number.
  private var waiting: [TraceLine] = []
  private var sequence: Int64?
  private var fileName = ""
  private var fileNodes: Set<Int> = []
  private var namesOfFiles: [Int: String] = [:]

  /// - Parameter names: of the members, by slot; empty where the trace is to tell them.
  init(names: [String]) { self.names = names }

  /// - Parameter name: of the file, without folder and ending; empty: it tells nobody's name.
  mutating func beginFile(_ name: String = "") {
    endFile()
    fileName = name
  }

  /// A file of one member only has that member's name, unless another is told.
  private mutating func endFile() {
    if !fileName.isEmpty, fileNodes.count == 1, let node = fileNodes.first { namesOfFiles[node] = fileName }
    fileNodes = []
    trace.leftOut += waiting.count
    waiting = []
    sequence = nil
  }

  mutating func add(_ line: TraceLine) {
    if line.kind == .cluster { return describe(line) }
    if line.isBootTime {
      waiting.append(line)
      return
    }
    // The first event on the grid follows at once on the last before it: that places those on the axis.
    if let last = waiting.last {
      let shift = line.at - 1 - last.at
      for var early in waiting {
        early.at += shift
        place(early)
      }
      waiting = []
    }
    place(line)
  }

  mutating func finish() -> Trace {
    endFile()
    trace.start = first ?? 0
    trace.end = max(trace.start + 1, trace.members.map(\.lastAt).max() ?? 0)
    for slot in trace.members.indices { closeSpans(slot, at: trace.end) }
    for slot in trace.members.indices where slot < names.count { trace.members[slot].name = names[slot] }
    if names.isEmpty, namesOfFiles.count > 1 {
      for (slot, name) in namesOfFiles { trace.members[slot].name = name }
    }
    joinFrames()
    trace.commands.sort { $0.submitted < $1.submitted }
    trace.notes.sort { $0.at < $1.at }
    trace.grid = WindowGrid(trace.frames, period: period)
    return trace
  }

  // MARK: - Lines

  private mutating func describe(_ line: TraceLine) {
    if names.isEmpty { names = line.members }
    if line.period > 0 { period = line.period }
    if !line.profile.isEmpty { trace.profile = line.profile }
    for slot in 0..<min(line.members.count, Trace.slots.count) { need(slot) }
  }

  private mutating func place(_ line: TraceLine) {
    first = min(first ?? line.at, line.at)
    guard let node = line.node else {
      if line.kind == .links { note(line, "who hears whom has changed") }
      return
    }
    need(node)
    fileNodes.insert(node)
    if line.from >= 0 { need(line.from) }
    trace.members[node].isTold = true
    if let last = sequence, let now = line.sequence, now > last + 1 {
      trace.members[node].blind.append(Trace.Span(from: trace.members[node].lastAt, to: line.at))
    }
    sequence = line.sequence ?? sequence
    switch line.kind {
    case .power: power(node, line)
    case .radio: radio(node, line)
    case .role:
      trace.members[node].roles.append(Trace.Role(at: line.at, name: line.role, ballot: line.ballot))
    case .sent: frames[FrameKey(from: node, number: line.frame)] = sent(node, line)
    case .heard: arrive(node, line, .heard)
    case .lost: arrive(node, line, .lost)
    // What came while the radio was off is counted by an agent, never looked at.
    case .missed: if line.frame >= 0 { arrive(node, line, outcome(of: line.why)) }
    case .rejected:
      if line.frame >= 0, Trace.slots.contains(line.from) { arrive(node, line, .rejected) }
      note(line, "refused a frame: \(line.why)")
    case .decided: trace.members[node].decided.append(Trace.Step(at: line.at, index: line.index))
    case .submitted: submitted(node, line)
    case .answered: answered(node, line)
    case .disk: note(line, line.isOn == true ? "the disk is fit again" : "the disk is in trouble")
    case .pause: note(line, "was paused: it noticed that its time had jumped")
    case .accepted: trace.members[node].accepted.append(Trace.Step(at: line.at, index: line.index))
    case .vote:
      trace.votes.append(Trace.Vote(at: line.at, node: node, member: line.member, index: line.index))
    case .cluster, .links, .synced, .other: break
    }
    trace.members[node].lastAt = max(trace.members[node].lastAt, line.at)
  }

  private mutating func note(_ line: TraceLine, _ text: String) {
    trace.notes.append(Trace.Note(at: line.at, node: line.node, text: text))
  }

  private mutating func need(_ slot: Int) {
    while trace.members.count <= slot {
      trace.members.append(Trace.Member(name: "n\(trace.members.count)"))
    }
  }

  private mutating func power(_ node: Int, _ line: TraceLine) {
    // On after on: the end of the run before was not told, as with a real power cut. Its last event stands for it.
    let isOn = line.isOn ?? true
    closeSpans(node, at: isOn ? max(first ?? line.at, trace.members[node].lastAt) : line.at)
    isPowered[node] = isOn
    if isOn { trace.members[node].power.append(Trace.Span(from: line.at, to: .max)) }
  }

  private mutating func radio(_ node: Int, _ line: TraceLine) {
    assumePower(node, line.at)
    let isFirst = trace.members[node].radio.isEmpty && listensSince[node] == nil
    if line.isOn ?? true {
      listensSince[node] = listensSince[node] ?? line.at
    } else {
      let since = listensSince[node] ?? (isFirst ? trace.members[node].power.last?.from : nil)
      if let since { trace.members[node].radio.append(Trace.Span(from: since, to: line.at)) }
      listensSince[node] = nil
    }
  }

  /// A trace that begins in the middle of a node's life does not tell of its start.
  private mutating func assumePower(_ node: Int, _ time: Int64) {
    guard !isPowered[node] else { return }
    isPowered[node] = true
    trace.members[node].power.append(Trace.Span(from: time, to: .max))
  }

  private mutating func closeSpans(_ node: Int, at time: Int64) {
    if let since = listensSince[node] {
      trace.members[node].radio.append(Trace.Span(from: since, to: max(since, time)))
      listensSince[node] = nil
    }
    if let last = trace.members[node].power.indices.last, isPowered[node] {
      trace.members[node].power[last].to = max(trace.members[node].power[last].from, time)
    }
  }

  private mutating func sent(_ node: Int, _ line: TraceLine) -> Trace.Frame {
    assumePower(node, line.at)
    return Trace.Frame(
      number: line.frame, from: node, at: line.at, air: max(0, line.air), bytes: line.bytes,
      window: line.window,
      cycle: line.cycle, speech: line.speech, says: line.says, words: line.words, outcomes: [], arrivals: [])
  }

  private mutating func arrive(_ node: Int, _ line: TraceLine, _ outcome: Trace.Outcome) {
    assumePower(node, line.at)
    let key = FrameKey(from: line.from, number: line.frame)
    arrivals.append(Arrival(frame: key, node: node, at: line.at, outcome: outcome))
    // Of a sender without a trace of its own, what others heard is all there is.
    guard outcome == .heard, frames[key] == nil, !trace.members[line.from].isTold || line.words != "" else {
      return
    }
    frames[key] = Trace.Frame(
      number: line.frame, from: line.from, at: line.at, air: 0, bytes: line.bytes, window: line.window,
      cycle: line.cycle,
      speech: line.speech, says: line.says, words: line.words, outcomes: [], arrivals: [], isInferred: true)
  }

  private func outcome(of why: String) -> Trace.Outcome {
    switch why {
    case "off": .asleep
    case "dark": .dark
    case "busy": .busy
    case "collided": .collided
    default: .lost
    }
  }

  private mutating func submitted(_ node: Int, _ line: TraceLine) {
    open[CommandKey(node: node, ticket: line.ticket)] = trace.commands.count
    trace.commands.append(
      Trace.Command(node: node, ticket: line.ticket, submitted: line.at, answered: nil, windows: 0))
  }

  private mutating func answered(_ node: Int, _ line: TraceLine) {
    guard let place = open.removeValue(forKey: CommandKey(node: node, ticket: line.ticket)) else { return }
    trace.commands[place].answered = line.at
    let waited = line.at - trace.commands[place].submitted
    trace.commands[place].windows = line.windows ?? (period > 0 ? waited / period : 0)
  }

  // MARK: - Frames

  private mutating func joinFrames() {
    let count = trace.members.count
    for key in frames.keys {
      frames[key]!.outcomes = Array(repeating: .unknown, count: count)
      frames[key]!.arrivals = Array(repeating: 0, count: count)
    }
    for arrival in arrivals {
      guard let told = frames[arrival.frame]?.outcomes[arrival.node], told != .heard else { continue }
      frames[arrival.frame]!.outcomes[arrival.node] = arrival.outcome
      if arrival.outcome == .heard { frames[arrival.frame]!.arrivals[arrival.node] = arrival.at }
    }
    trace.frames = frames.values.sorted { ($0.at, $0.from, $0.number) < ($1.at, $1.from, $1.number) }
    frames = [:]
    arrivals = []
    for i in trace.frames.indices {
      for slot in 0..<count where slot != trace.frames[i].from {
        trace.frames[i].outcomes[slot] = judged(trace.frames[i], slot)
      }
    }
  }

  /// What is told, seen with the eyes of the receiver: what a link loses is no loss to who sleeps, and a frame of which
  /// an awake member's own trace says nothing did not reach it.
  private func judged(_ frame: Trace.Frame, _ slot: Int) -> Trace.Outcome {
    let member = trace.members[slot]
    let told = frame.outcomes[slot]
    guard told == .unknown || told == .lost else { return told }
    guard member.isTold, told == .lost || !member.isBlind(frame.end) else { return .unknown }
    guard member.hasPower(frame.at), member.hasPower(frame.end) else { return .dark }
    return member.listens(frame.at) && member.listens(frame.end) ? .lost : .asleep
  }
}
