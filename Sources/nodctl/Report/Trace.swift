// What happened in a cluster, as the traces of its nodes (or of the simulator) tell it together: frames and what became
// of each at every member, who had power and whose radio was on, who led, what was decided, what callers waited for.
// TraceBuilder makes it; Story, TraceFigures, PageData and SpaceTimeDrawing read it. All times are in microseconds.

struct Trace {
  static let slots = 0...30
  /// Numbers up to here are exact in every program that reads JSON.
  static let largest: Int64 = 1 << 53

  struct Span: Equatable {
    var from: Int64
    var to: Int64
    func contains(_ time: Int64) -> Bool { time >= from && time < to }
  }

  /// What became of a frame at one member, by the letter that the page's data has for it.
  enum Outcome: Character {
    /// The sender itself, or a member of which nothing is known at that time.
    case unknown = "."
    case heard = "h"
    /// The radio was on, and the frame did not arrive.
    case lost = "x"
    case collided = "c"
    /// The receiver was transmitting itself.
    case busy = "b"
    /// It arrived and was refused.
    case rejected = "r"
    /// The radio was off.
    case asleep = "o"
    /// No power.
    case dark = "-"

    /// It went on the air, the receiver listened, and nothing came of it.
    var isLoss: Bool { self == .lost || self == .collided || self == .busy || self == .rejected }
  }

  struct Frame {
    var number: Int64
    var from: Int
    var at: Int64
    var air: Int64
    var bytes: Int64
    var window: Int64?
    var cycle: Int64
    var speech: String
    var says: [String]
    var words: String
    /// One for each slot.
    var outcomes: [Outcome]
    /// When it was heard, for each slot; 0 where it was not.
    var arrivals: [Int64]
    /// The sender's own trace does not tell of it.
    var isInferred = false

    var end: Int64 { at + air }
  }

  struct Role {
    var at: Int64
    var name: String
    var ballot: String
  }

  struct Step {
    var at: Int64
    var index: Int64
  }

  struct Command {
    var node: Int
    var ticket: Int64
    var submitted: Int64
    var answered: Int64?
    var windows: Int64
  }

  struct Note {
    var at: Int64
    var node: Int?
    var text: String
  }

  struct Member {
    var name: String
    /// Its own events are in the trace.
    var isTold = false
    var power: [Span] = []
    var radio: [Span] = []
    var roles: [Role] = []
    var decided: [Step] = []
    /// Stretches of which its trace tells nothing: events were overwritten before they were asked for.
    var blind: [Span] = []
    var lastAt: Int64 = 0

    func hasPower(_ time: Int64) -> Bool { Trace.span(in: power, at: time) != nil }
    func listens(_ time: Int64) -> Bool { Trace.span(in: radio, at: time) != nil }
    func isBlind(_ time: Int64) -> Bool { time > lastAt || blind.contains { $0.contains(time) } }
  }

  var members: [Member] = []
  /// In the order in which they were sent.
  var frames: [Frame] = []
  var commands: [Command] = []
  var notes: [Note] = []
  var grid = WindowGrid()
  var profile = ""
  var start: Int64 = 0
  var end: Int64 = 0
  /// Events of before a node knew the time, that have no place on the cluster's axis.
  var leftOut = 0

  func name(_ slot: Int) -> String { members.indices.contains(slot) ? members[slot].name : "n\(slot)" }

  /// The span of an ordered list that covers a time.
  static func span(in spans: [Span], at time: Int64) -> Span? {
    var low = 0
    var high = spans.count
    while low < high {
      let middle = (low + high) / 2
      if spans[middle].to <= time { low = middle + 1 } else { high = middle }
    }
    return low < spans.count && spans[low].contains(time) ? spans[low] : nil
  }

  /// The frames that begin within a time.
  func frames(from: Int64, to: Int64) -> ArraySlice<Frame> {
    let first = firstFrame(from)
    return frames[first..<max(first, firstFrame(to))]
  }

  private func firstFrame(_ time: Int64) -> Int {
    var low = 0
    var high = frames.count
    while low < high {
      let middle = (low + high) / 2
      if frames[middle].at < time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension Trace {
  /// The same trace, as if it had begun and ended with the span; windows keep their numbers.
  func cut(to span: Span) -> Trace {
    var cut = self
    func within(_ spans: [Span]) -> [Span] {
      spans.filter { $0.to > span.from && $0.from < span.to }
        .map { Span(from: max($0.from, span.from), to: min($0.to, span.to)) }
    }
    cut.start = span.from
    cut.end = span.to
    cut.frames = Array(frames(from: span.from, to: span.to))
    cut.commands = commands.filter { span.contains($0.submitted) }
    cut.notes = notes.filter { span.contains($0.at) }
    for slot in members.indices {
      cut.members[slot].power = within(members[slot].power)
      cut.members[slot].radio = within(members[slot].radio)
      cut.members[slot].roles = Trace.cut(members[slot].roles, to: span)
      cut.members[slot].decided = members[slot].decided.filter { span.contains($0.at) }
      cut.members[slot].lastAt = min(members[slot].lastAt, span.to)
    }
    return cut
  }

  /// A role that began before the span is one that the span begins with.
  private static func cut(_ roles: [Role], to span: Span) -> [Role] {
    let inside = roles.filter { span.contains($0.at) }
    guard var before = roles.last(where: { $0.at < span.from }) else { return inside }
    before.at = span.from
    return [before] + inside
  }
}
