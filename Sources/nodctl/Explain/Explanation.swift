// How one entry of the log was decided, window by window, out of what the nodes' traces tell together: who was awake,
// who sent, what became of each frame, how the votes became known, and when each node learned the decision.
import NodConsole

struct Explanation {
  /// More windows than these are cut in the middle: an entry that waited for a week is told by its ends.
  static let mostWindows = 24

  /// One thing that happened, at its time within the window.
  struct Step {
    var at: Int64
    var node: Int
    var kind: Kind
    enum Kind {
      case sent(Trace.Frame)
      case accepted
      /// This node knows these members to have the entry.
      case knows([Int])
      case decided

      /// Of things at one time, what comes before what.
      var rank: Int {
        switch self {
        case .sent: 0
        case .accepted: 1
        case .knows: 2
        case .decided: 3
        }
      }
    }
  }
  struct Window {
    var number: Int64
    var start: Int64
    /// Time that each member's radio was on; nil where its trace tells nothing.
    var awake: [Int64?]
    var steps: [Step]
  }

  let trace: Trace
  let index: Int64
  private(set) var windows: [Window] = []
  /// Windows that were cut out.
  private(set) var left = 0
  /// Members by whose trace it is decided, and the window in which each learned it; nil: it had learned it before.
  private(set) var learned: [Int: Int64?] = [:]

  var quorum: Int { trace.members.count / 2 + 1 }

  /// - Parameter seen: the window in which a node first had the entry, where it told.
  init(_ trace: Trace, index: Int64, seen: Int64?) {
    self.trace = trace
    self.index = index
    let steps = milestones()
    let numbers = steps.compactMap { trace.grid.window(at: $0.at) } + (seen.map { [$0] } ?? [])
    guard let first = numbers.min(), let last = numbers.max(), trace.grid.period > 0 else { return }
    var wanted = Array(first...min(last, first + 1_000_000))
    if wanted.count > Self.mostWindows {
      left = wanted.count - Self.mostWindows
      wanted.removeSubrange(Self.mostWindows / 2..<wanted.count - Self.mostWindows / 2)
    }
    windows = wanted.map { window($0, steps) }
  }

  // MARK: what happened

  private mutating func milestones() -> [Step] {
    var steps: [Step] = []
    for (slot, member) in trace.members.enumerated() where member.isTold {
      if let step = Self.reaching(index, in: member.accepted) {
        steps.append(Step(at: step.at, node: slot, kind: .accepted))
      }
      if let step = Self.reaching(index, in: member.decided) {
        steps.append(Step(at: step.at, node: slot, kind: .decided))
        learned[slot] = .some(trace.grid.window(at: step.at))
      } else if let known = member.decided.first, known.index >= index {
        learned[slot] = .some(nil)
      }
      steps += votes(seenBy: slot)
    }
    return steps.sorted { $0.at < $1.at }
  }

  /// Where a rising series reaches the index; nil when it never does, or began beyond it.
  private static func reaching(_ index: Int64, in series: [Trace.Step]) -> Trace.Step? {
    guard let at = series.firstIndex(where: { $0.index >= index }) else { return nil }
    return at > 0 || series[at].index == index ? series[at] : nil
  }

  private func votes(seenBy slot: Int) -> [Step] {
    var known: [Int] = []
    var steps: [Step] = []
    for vote in trace.votes where vote.node == slot && vote.index >= index && !known.contains(vote.member) {
      known.append(vote.member)
      if steps.last?.at == vote.at { steps.removeLast() }
      steps.append(Step(at: vote.at, node: slot, kind: .knows(known.sorted())))
      if known.count == trace.members.count { break }
    }
    return steps
  }

  private func window(_ number: Int64, _ milestones: [Step]) -> Window {
    let start = trace.grid.time(of: number) ?? 0
    let from = start - trace.grid.period / 4
    let to = from + trace.grid.period
    let awake = trace.members.map { member -> Int64? in
      guard member.isTold else { return nil }
      return member.radio.reduce(0) { $0 + max(0, min($1.to, to) - max($1.from, from)) }
    }
    let sent = trace.frames(from: from, to: to).map { Step(at: $0.at, node: $0.from, kind: .sent($0)) }
    let happened = milestones.filter { $0.at >= from && $0.at < to }
    return Window(
      number: number, start: start, awake: awake,
      steps: (sent + happened).sorted { ($0.at, $0.kind.rank) < ($1.at, $1.kind.rank) })
  }
}
