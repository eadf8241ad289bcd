// A space-time diagram as one SVG, black on white: a lane for each node, time from left to right with sleep folded, an
// arrow for each frame at each receiver. What was lost is dashed and ends in a cross, so that it can be told without
// colour.
import NodConsole

struct SpaceTimeDrawing {
  /// More frames than this would lie on top of each other.
  static let frameLimit = 600

  private static let lane = 64.0
  private static let top = 46.0
  private static let left = 84.0
  private static let letter = 6.2

  private let trace: Trace
  private let fold: FoldedTime
  private let from: Int64
  private let to: Int64
  private let scale: Double
  private let origin: Double
  private let width: Double
  private var svg = ""

  init(_ trace: Trace, _ fold: FoldedTime, from: Int64, to: Int64) {
    self.trace = trace
    self.fold = fold
    self.from = from
    self.to = to
    origin = fold.place(from)
    let frames = Double(trace.frames(from: from, to: to).count)
    width = min(8000, max(900, frames * 34))
    scale = width / max(1, fold.place(to) - origin)
  }

  /// The whole file.
  mutating func text() -> String {
    let height = Self.top + Self.lane * Double(trace.members.count) + 70
    svg = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(number(width + Self.left + 30))" height="\(number(height))" \
      font-family="sans-serif" font-size="11">
      <title>Frames between nodes</title>
      <defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" \
      markerWidth="8" markerHeight="8" orient="auto">\
      <path d="M0 1 L8 4 L0 7 z"/></marker>
      <pattern id="dark" width="6" height="6" patternUnits="userSpaceOnUse">\
      <path d="M0 6 L6 0" stroke="#888"/></pattern>
      </defs>
      <rect width="100%" height="100%" fill="white"/>

      """
    windows()
    for slot in trace.members.indices { drawLane(slot) }
    var lastLabel = [Double](repeating: -1000, count: trace.members.count)
    for frame in trace.frames(from: from, to: to) { draw(frame, &lastLabel) }
    legend(height - 34)
    return svg + "</svg>\n"
  }

  // MARK: -

  private func x(_ time: Int64) -> Double {
    Self.left + (fold.place(min(max(time, from), to)) - origin) * scale
  }
  private func y(_ slot: Int) -> Double { Self.top + Self.lane * (Double(slot) + 0.6) }
  private func number(_ value: Double) -> String { Units.trimmed((value * 10).rounded() / 10) }

  private mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
    svg +=
      "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" \(style)/>\n"
  }

  private mutating func write(_ text: String, _ x: Double, _ y: Double, _ style: String = "") {
    svg += "<text x=\"\(number(x))\" y=\"\(number(y))\" \(style)>\(escaped(text))</text>\n"
  }

  private mutating func windows() {
    guard let first = trace.grid.window(at: from), let last = trace.grid.window(at: to), last - first < 2000
    else { return }
    var free = -1000.0
    for window in first...last {
      guard let time = trace.grid.time(of: window), time >= from, time < to else { continue }
      let place = x(time)
      line(place, Self.top - 10, place, y(trace.members.count - 1) + 24, "stroke=\"#ccc\"")
      let label = "window \(window)"
      guard place > free else { continue }
      write(label, place + 3, Self.top - 24, "font-weight=\"bold\"")
      write(traceClock(time - trace.start), place + 3, Self.top - 11, "fill=\"#555\"")
      free = place + Double(label.count + 3) * Self.letter
    }
  }

  private mutating func drawLane(_ slot: Int) {
    let member = trace.members[slot]
    write(member.name, 8, y(slot) + 4, "font-weight=\"bold\" font-size=\"13\"")
    line(Self.left, y(slot), Self.left + width, y(slot), "stroke=\"#999\"")
    for span in member.radio where span.to > from && span.from < to {
      rect(x(span.from), y(slot) + 5, x(span.to), 5, "fill=\"#ddd\" stroke=\"#888\" stroke-width=\"0.5\"")
    }
    var dark = from
    for span in member.power where span.to > from && span.from < to {
      if span.from > dark { noPower(slot, dark, span.from) }
      dark = max(dark, span.to)
    }
    if dark < to && member.isTold { noPower(slot, dark, to) }
    roles(slot)
  }

  private mutating func rect(_ x1: Double, _ y: Double, _ x2: Double, _ height: Double, _ style: String) {
    svg += "<rect x=\"\(number(x1))\" y=\"\(number(y))\" width=\"\(number(max(0.5, x2 - x1)))\" "
    svg += "height=\"\(number(height))\" \(style)/>\n"
  }

  private mutating func noPower(_ slot: Int, _ start: Int64, _ end: Int64) {
    rect(x(start), y(slot) - 9, x(end), 20, "fill=\"url(#dark)\" stroke=\"#888\"")
    if x(end) - x(start) > 60 {
      write(
        "no power", x(start) + 4, y(slot) + 4, "paint-order=\"stroke\" stroke=\"white\" stroke-width=\"3\"")
    }
  }

  private mutating func roles(_ slot: Int) {
    let roles = trace.members[slot].roles
    for (i, role) in roles.enumerated() where role.name != "follower" {
      let power = Trace.span(in: trace.members[slot].power, at: role.at)
      let until = min(i + 1 < roles.count ? roles[i + 1].at : trace.end, power?.to ?? trace.end)
      guard until > from, role.at < to else { continue }
      let isLeader = role.name == "leader"
      let style =
        isLeader
        ? "stroke=\"black\" stroke-width=\"4\""
        : "stroke=\"black\" stroke-width=\"2\" stroke-dasharray=\"5 3\""
      line(x(role.at), y(slot), x(until), y(slot), style)
      write(
        isLeader ? "leads, ballot \(role.ballot)" : "stands", x(role.at) + 3, y(slot) + 22,
        "font-style=\"italic\" paint-order=\"stroke\" stroke=\"white\" stroke-width=\"3\"")
    }
  }

  private mutating func draw(_ frame: Trace.Frame, _ lastLabel: inout [Double]) {
    let start = x(frame.at)
    let end = max(start + 2, x(frame.end))
    svg += "<g><title>\(escaped(FrameText(trace, frame).text))</title>\n"
    rect(start, y(frame.from) - 4, end, 8, "")
    for (slot, outcome) in frame.outcomes.enumerated() where slot != frame.from {
      let down = slot > frame.from ? 1.0 : -1.0
      let target = y(slot) - 5 * down
      switch outcome {
      case .heard:
        line(
          start, y(frame.from), max(end, x(frame.arrivals[slot])), target,
          "stroke=\"black\" marker-end=\"url(#tip)\"")
      case .lost, .collided, .busy, .rejected:
        // Most of the way, as the signal went.
        let stop = y(frame.from) + (target - y(frame.from)) * 0.86
        line(start, y(frame.from), end, stop, "stroke=\"#b00\" stroke-dasharray=\"4 3\"")
        cross(end, stop)
        if outcome != .lost { box(end, stop) }
      case .asleep, .dark, .unknown: break
      }
    }
    let label = FrameLabel.of(frame)
    if start > lastLabel[frame.from] {
      write(label, start - 2, y(frame.from) - 8, "paint-order=\"stroke\" stroke=\"white\" stroke-width=\"3\"")
      lastLabel[frame.from] = start + Double(label.count + 1) * Self.letter
    }
    svg += "</g>\n"
  }

  private mutating func cross(_ x: Double, _ y: Double) {
    line(x - 4, y - 4, x + 4, y + 4, "stroke=\"#b00\" stroke-width=\"2\"")
    line(x - 4, y + 4, x + 4, y - 4, "stroke=\"#b00\" stroke-width=\"2\"")
  }

  /// Round a cross: not the link's fault.
  private mutating func box(_ x: Double, _ y: Double) {
    rect(x - 6, y - 6, x + 6, 12, "fill=\"none\" stroke=\"#b00\"")
  }

  private mutating func legend(_ y: Double) {
    var at = Self.left
    func next(_ text: String) -> Double { 40 + Double(text.count) * Self.letter }
    line(at, y, at + 24, y, "stroke=\"black\" marker-end=\"url(#tip)\"")
    write("heard", at + 30, y + 4)
    at += next("heard")
    line(at, y, at + 18, y, "stroke=\"#b00\" stroke-dasharray=\"4 3\"")
    cross(at + 20, y)
    write("lost on the way", at + 30, y + 4)
    at += next("lost on the way")
    line(at, y, at + 18, y, "stroke=\"#b00\" stroke-dasharray=\"4 3\"")
    cross(at + 20, y)
    box(at + 20, y)
    write("collided, or refused", at + 30, y + 4)
    at += next("collided, or refused")
    rect(at, y - 3, at + 24, 5, "fill=\"#ddd\" stroke=\"#888\" stroke-width=\"0.5\"")
    write("radio on", at + 30, y + 4)
    at += next("radio on")
    line(at, y, at + 24, y, "stroke=\"black\" stroke-width=\"4\"")
    write("leads", at + 30, y + 4)
    at += next("leads")
    rect(at, y - 6, at + 24, 12, "fill=\"url(#dark)\" stroke=\"#888\"")
    write("no power", at + 30, y + 4)
    at += next("no power")
    write(
      "no arrow: the receiver slept. Long stretches in which nothing happens are folded.", at, y + 4,
      "fill=\"#555\"")
  }

  private func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\"": result += "&quot;"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// All that is known of a frame, in one line.
struct FrameText {
  let text: String

  init(_ trace: Trace, _ frame: Trace.Frame) {
    var parts = ["\(trace.name(frame.from)): \(FrameLabel.of(frame)), \(frame.bytes) bytes"]
    if let window = frame.window { parts.append("window \(window), cycle \(frame.cycle)") }
    parts.append(traceClock(frame.at - trace.start))
    if !frame.words.isEmpty { parts.append(frame.words) }
    for (outcome, word) in [(Trace.Outcome.heard, "heard by"), (.lost, "lost to"), (.asleep, "radio off")] {
      let names = frame.outcomes.indices.filter { frame.outcomes[$0] == outcome }.map(trace.name)
      if !names.isEmpty { parts.append("\(word) \(names.joined(separator: " "))") }
    }
    text = parts.joined(separator: "; ")
  }
}
