// The pieces of evidence that a Story is told from: beacons that did not come, a candidate's campaign, whom a leader
// still heard before it stepped down.

/// What one member heard of a leader before it gave it up, window by window.
struct Silence {
  private(set) var lastHeard: Int64?
  /// Places of frames that were sent and not heard.
  private(set) var losses: [Int] = []
  private var lostWindows: [Int64] = []
  private var asleepWindows: [Int64] = []
  private var silentWindows: [Int64] = []
  private static let lossLimit = 200
  private static let windowLimit: Int64 = 10_000
  private let speaker: String
  private let listener: String
  /// The speaker's own trace is there: what it did not tell, it did not send.
  private let isTold: Bool

  /// - Parameters:
  ///   - led: while it led, as far as it is to be looked at.
  ///   - time: when the listener stood.
  init(_ trace: Trace, of speaker: Int, led: Trace.Span, at listener: Int, before time: Int64) {
    isTold = trace.members.indices.contains(speaker) && trace.members[speaker].isTold
    self.speaker = trace.name(speaker)
    self.listener = trace.name(listener)
    guard listener < trace.members.count, speaker != listener else { return }
    let frames = trace.frames
    let begin = frames.partitioningIndex { $0.at >= led.from }
    let end = frames.partitioningIndex { $0.at >= min(time, led.to) }
    guard begin <= end else { return }
    let last = frames[begin..<end].lastIndex { $0.from == speaker && $0.outcomes[listener] == .heard }
    lastHeard = last.map { frames[$0].at }
    var sentIn: [Int64: Trace.Outcome] = [:]
    for i in (last.map { $0 + 1 } ?? begin)..<end where frames[i].from == speaker {
      let outcome = frames[i].outcomes[listener]
      if outcome.isLoss && losses.count < Self.lossLimit { losses.append(i) }
      guard let window = trace.grid.window(at: frames[i].at) else { continue }
      if sentIn[window]?.isLoss != true { sentIn[window] = outcome }
    }
    guard let first = trace.grid.window(at: lastHeard ?? led.from), let final = trace.grid.window(at: time),
      final > first, final - first < Self.windowLimit
    else { return }
    for window in first + 1...final {
      switch sentIn[window] {
      case nil: silentWindows.append(window)
      case .some(let outcome) where outcome.isLoss: lostWindows.append(window)
      case .some: asleepWindows.append(window)
      }
    }
  }

  func sentences(_ story: Story) -> [String] {
    var text = "\(listener) never heard \(speaker) lead"
    if let lastHeard { text = "\(listener) heard \(speaker) lead last in \(story.place(lastHeard))" }
    var causes: [String] = []
    if !lostWindows.isEmpty {
      causes.append("\(count(lostWindows)) lost on the way (\(numbers(lostWindows)))")
    }
    if !asleepWindows.isEmpty {
      causes.append("\(count(asleepWindows)) while its own radio was off (\(numbers(asleepWindows)))")
    }
    if !silentWindows.isEmpty {
      let what = isTold ? "never sent" : "not heard, sent or not"
      causes.append("\(count(silentWindows)) \(what) (\(numbers(silentWindows)))")
    }
    let missed = lostWindows.count + asleepWindows.count + silentWindows.count
    if missed > 0 {
      let span = missed == 1 ? "window" : "\(missed) windows"
      text += ", and no beacon of it in the \(span) \(lastHeard == nil ? "since it began" : "after"): "
      text += causes.joined(separator: ", ")
    }
    return [text + "."]
  }

  private func count(_ windows: [Int64]) -> String { windows.count == 1 ? "one" : "\(windows.count)" }

  /// "window 7", "windows 7 to 9 and 12", "windows 7, 9, ... 31"
  private func numbers(_ windows: [Int64]) -> String {
    var runs: [ClosedRange<Int64>] = []
    for window in windows {
      if let last = runs.last, last.upperBound + 1 == window {
        runs[runs.count - 1] = last.lowerBound...window
      } else {
        runs.append(window...window)
      }
    }
    var texts = runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)" }
    if texts.count > 6 { texts = Array(texts[..<3]) + ["..."] + Array(texts[(texts.count - 2)...]) }
    return (windows.count == 1 ? "window " : "windows ") + texts.joined(separator: ", ")
  }
}

/// What a candidate did, and who was with it, as far as the frames' sections tell.
struct Campaign {
  private let trace: Trace
  private let leadership: Leadership
  private var canvassed: Int64?
  private var canvassedIn: [Int64] = []
  private var supporters: [Int] = []
  private var prepared: Int64?
  private var promisers: [Int] = []

  init(_ trace: Trace, _ leadership: Leadership) {
    self.trace = trace
    self.leadership = leadership
    let node = leadership.node
    let stood = leadership.stood ?? leadership.from
    let early = stood - 3 * max(1, trace.grid.period)
    for frame in trace.frames(from: early, to: leadership.from + 1) {
      let isOwn = frame.from == node
      let isHeard = frame.outcomes.indices.contains(node) && frame.outcomes[node] == .heard
      if isOwn && frame.says.contains("canvass") { canvassed = canvassed ?? frame.at }
      if isOwn && frame.says.contains("prepare") { prepared = prepared ?? frame.at }
      guard !isOwn && isHeard else { continue }
      if frame.says.contains("support"), !supporters.contains(frame.from) { supporters.append(frame.from) }
      if prepared != nil, frame.says.contains("promise"), !promisers.contains(frame.from) {
        promisers.append(frame.from)
      }
    }
  }

  func sentences(_ story: Story) -> [String] {
    var parts: [String] = []
    if let canvassed {
      let who = supporters.isEmpty ? "" : ", supported by \(names(supporters))"
      parts.append("canvassed in \(story.place(canvassed))\(who)")
    }
    if let prepared { parts.append("prepared its ballot in \(story.place(prepared))") }
    if !promisers.isEmpty { parts.append("had the promise of \(names(promisers))") }
    if parts.isEmpty, let stood = leadership.stood { parts.append("stood in \(story.place(stood))") }
    return parts.isEmpty ? [] : ["\(trace.name(leadership.node)) \(listed(parts))."]
  }

  private func names(_ slots: [Int]) -> String { listed(slots.sorted().map(trace.name)) }

  private func listed(_ parts: [String]) -> String {
    parts.count < 2
      ? parts.joined() : parts.dropLast().joined(separator: ", ") + " and " + parts[parts.count - 1]
  }
}

/// Whom a leader heard in the windows before it stepped down.
struct Hearing {
  let text: String

  init(_ trace: Trace, at node: Int, before time: Int64) {
    let frames = trace.frames[..<trace.frames.partitioningIndex { $0.at >= time }]
    var parts: [String] = []
    for slot in trace.members.indices where slot != node {
      let last = frames.last { $0.from == slot && $0.outcomes[node] == .heard }
      let ago = last.flatMap { frame -> Int64? in
        guard let then = trace.grid.window(at: frame.at), let now = trace.grid.window(at: time) else {
          return nil
        }
        return now - then
      }
      parts.append(
        trace.name(slot)
          + (last == nil ? " never" : ago.map { " \($0) window\($0 == 1 ? "" : "s") ago" } ?? " before"))
    }
    text = parts.isEmpty ? "it was alone." : "it had last heard \(parts.joined(separator: ", "))."
  }
}
