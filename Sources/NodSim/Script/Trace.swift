// The exchange as text: a line for each frame - window, milliseconds into it, sender, what it says, who heard it - and
// one for what it led to. Scenarios are read and diffed in this form.
import NodCore

/// Kept while a world has one; a frame's line is complete when its last copy has arrived.
package final class Trace {
  private enum Line {
    case text(String)
    case frame(String, [(member: Int, hearing: Hearing)])
  }
  private var lines: [Line] = []
  private struct Seen: Equatable {
    var role = "dark"
    var decided: UInt64 = 0
    var mayVote = true
  }
  private var seen: [Int: Seen] = [:]

  package init() {}

  /// What happened so far; `from` leaves out the first lines.
  package func text(from first: Int = 0) -> [String] {
    lines[min(first, lines.count)...].map {
      switch $0 {
      case .text(let text): text
      case .frame(let text, let hearings): text + "  | " + Trace.listeners(hearings)
      }
    }
  }
  package var count: Int { lines.count }

  private static func listeners(_ all: [(member: Int, hearing: Hearing)]) -> String {
    var groups: [String] = []
    for hearing in [Hearing.heard, .lost, .cut, .off, .busy, .collided, .dark] {
      let members = Set(all.filter { $0.hearing == hearing }.map { $0.member }).sorted()
      if members.isEmpty { continue }
      let names = members.map { "n\($0)" }.joined(separator: " ")
      groups.append(hearing == .heard ? names : "\(hearing.rawValue) \(names)")
    }
    return groups.isEmpty ? "nobody" : groups.joined(separator: "; ")
  }

  /// - Returns: the line's number, for what comes of it.
  func frame(_ world: World, from i: Int, at start: Int64, _ words: String) -> Int {
    lines.append(.frame("\(place(world, i, start)) n\(i)> \(words)", []))
    return lines.count - 1
  }
  func hear(_ line: Int?, _ member: Int, _ hearing: Hearing) {
    guard let line, case .frame(let text, var hearings) = lines[line] else { return }
    hearings.append((member, hearing))
    lines[line] = .frame(text, hearings)
  }
  package func note(_ text: String) { lines.append(.text(text)) }

  /// What a member became or learned since it was looked at last.
  func look(_ world: World, _ i: Int) {
    var new = Seen()
    world.node(i) { node in
      new.role =
        node.isLeader
        ? "leads \(FrameWords.ballot(node.acceptor.accepted))" : node.isCandidate ? "is candidate" : "follows"
      new.decided = node.acceptor.commit.raw
      new.mayVote = node.mayVote
    }
    let old = seen[i] ?? Seen()
    guard new != old else { return }
    seen[i] = new
    var words: [String] = []
    if new.role != old.role, !(old.role == "dark" && new.role == "follows") { words.append(new.role) }
    if new.decided > old.decided { words.append("knows \(new.decided) decided") }
    if !new.mayVote && old.mayVote { words.append("does not vote") }
    if words.isEmpty { return }
    note("\(place(world, i, world.now)) n\(i) \(words.joined(separator: ", "))")
  }

  func forget(_ i: Int) { seen[i] = nil }

  /// Window and time in it, as this member counts.
  private func place(_ world: World, _ i: Int, _ time: Int64) -> String {
    world.node(i) { node in
      let since = (world.members[i].clock.local(time) - node.timeline.gridPoint).raw
      return "w\(node.timeline.window) \(Trace.milliseconds(since))"
    } ?? "dark"
  }

  static func milliseconds(_ microseconds: Int64) -> String {
    let tenths = microseconds >= 0 ? (microseconds + 50) / 100 : -((-microseconds + 50) / 100)
    let sign = tenths < 0 ? "-" : "+"
    return "\(sign)\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
  }
}
