// Why somebody leads: what the one who came to lead had heard of the leader before, what it did about it, and who was
// with it, as sentences for people. Frames that say why are named, so that a page can show them.

struct Story {
  struct Chapter {
    var leadership: Leadership
    /// Sentences, in the order in which things happened.
    var sentences: [String]
    /// In a few words, for a table.
    var reason: String
    /// What to look at: from the last that was heard of the leader before, to the first window of the new one.
    var showFrom: Int64
    var showTo: Int64
    /// Places among the trace's frames: of the leader before, sent and not heard by who then stood.
    var decisiveLosses: [Int]
  }

  private(set) var chapters: [Chapter] = []
  private let trace: Trace

  init(_ trace: Trace, _ led: Leaderships) {
    self.trace = trace
    for (i, leadership) in led.all.enumerated() {
      let before = led.all[..<i].last { $0.from < leadership.from }
      let failed = led.failed.filter { $0.at > (before?.from ?? 0) && $0.at < leadership.from }
      chapters.append(chapter(leadership, before, failed))
    }
  }

  /// "12:08.4" since the trace began.
  func clock(_ time: Int64) -> String { traceClock(time - trace.start) }

  /// "window 812 (2:15:03.1)"
  func place(_ time: Int64) -> String {
    guard let window = trace.grid.window(at: time), window >= 0 else { return clock(time) }
    return "window \(window) (\(clock(time)))"
  }

  private func chapter(_ new: Leadership, _ before: Leadership?, _ failed: [FailedCandidacy]) -> Chapter {
    let stood = new.stood ?? new.from
    let name = trace.name(new.node)
    var chapter = Chapter(
      leadership: new, sentences: [], reason: "it is the first leader of this trace", showFrom: stood,
      showTo: new.from,
      decisiveLosses: [])
    if let before {
      chapter.reason = reason(before, new)
      chapter.sentences.append(ending(before))
      let silence = Silence(
        trace, of: before.node, led: Trace.Span(from: before.from, to: before.to), at: new.node, before: stood
      )
      chapter.decisiveLosses = silence.losses
      if before.node != new.node { chapter.sentences += silence.sentences(self) }
      chapter.showFrom = max(silence.lastHeard ?? before.from, stood - 64 * max(1, trace.grid.period))
    }
    for other in failed.suffix(3) {
      let again = other.node == new.node ? "a first time, " : ""
      chapter.sentences.append(
        "\(trace.name(other.node)) stood \(again)in \(place(other.at)), and did not win.")
    }
    chapter.sentences += Campaign(trace, new).sentences(self)
    var last = "\(name) leads with ballot \(new.ballot) from \(place(new.from)) on"
    if let before, before.to < new.from {
      last += ", \(gap(before.to, new.from)) after \(trace.name(before.node)) ceased"
    }
    chapter.sentences.append(last + ".")
    chapter.showTo = new.from + trace.grid.period
    return chapter
  }

  private func reason(_ before: Leadership, _ new: Leadership) -> String {
    let old = trace.name(before.node)
    switch before.end {
    case .lostPower: return "\(old) lost power"
    case .fellSilent: return "\(old) fell silent"
    case .steppedDown: return "\(old) stepped down"
    case .gaveWay(new.node, _), .lasts: return "\(trace.name(new.node)) no longer heard \(old)"
    case .gaveWay: return "\(old) gave way"
    }
  }

  private func ending(_ old: Leadership) -> String {
    let name = trace.name(old.node)
    switch old.end {
    case .lostPower: return "\(name), who led, lost power in \(place(old.to))."
    case .fellSilent: return "\(name), who led, fell silent after \(place(old.to)): its trace ends there."
    case .lasts: return "\(name) still took itself for the leader."
    case .gaveWay(let node, let ballot):
      return "\(name) led until it heard of \(trace.name(node))'s ballot \(ballot) in \(place(old.to))."
    case .steppedDown:
      return "\(name) stepped down in \(place(old.to)): " + Hearing(trace, at: old.node, before: old.to).text
    }
  }

  /// "3 windows (30.2 s)"
  private func gap(_ from: Int64, _ to: Int64) -> String {
    let time = Units.duration(microseconds: Double(to - from))
    guard let first = trace.grid.window(at: from), let last = trace.grid.window(at: to), last > first else {
      return time
    }
    return "\(last - first) window\(last - first == 1 ? "" : "s") (\(time))"
  }
}

/// A time since the trace began: "4.250", "12:08.4", "2:15:03".
func traceClock(_ microseconds: Int64) -> String {
  let sign = microseconds < 0 ? "-" : ""
  let size = abs(microseconds)
  let seconds = size / 1_000_000
  func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
  let tenths = size / 100_000 % 10
  if seconds < 60 {
    let thousandths = size / 1000 % 1000
    let text = "\(thousandths)"
    return "\(sign)\(seconds)." + String(repeating: "0", count: 3 - text.count) + text + " s"
  }
  if seconds < 3600 { return "\(sign)\(seconds / 60):\(two(seconds % 60)).\(tenths)" }
  return "\(sign)\(seconds / 3600):\(two(seconds / 60 % 60)):\(two(seconds % 60)).\(tenths)"
}
