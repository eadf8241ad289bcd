// The screen of `nodctl top`: what it shows at this size, and the loop that waits for a key, a new size or the next
// look, whichever comes first.
import CBoard
import Foundation
import NodConsole

struct LiveView {
  static let shortestInterval = 0.1
  private static let longestInterval = 60.0

  let watched: [WatchedNode]
  var interval: Double

  mutating func run(looks: UInt64?) {
    var done: UInt64 = 0
    while true {  // until q, or the last look
      for node in watched { node.look() }
      done += 1
      draw()
      if let looks, done >= looks { return }
      guard waitForNextLook() else { return }
    }
  }

  /// False when it is to end.
  private mutating func waitForNextLook() -> Bool {
    let due = board_boot_microseconds() + Int64(interval * 1e6)
    while true {  // bounded by the interval
      let left = due - board_boot_microseconds()
      if left <= 0 { return true }
      let key = board_screen_key(Int32(min(left / 1000 + 1, 60_000)))
      if board_screen_changed() != 0 { draw() }
      switch key {
      case 0: continue
      case Int32(UInt8(ascii: "q")), Int32(UInt8(ascii: "Q")), 3, 4, -1: return false
      case 26: raise(SIGTSTP)
      case Int32(UInt8(ascii: "+")): interval = max(Self.shortestInterval, interval / 2)
      case Int32(UInt8(ascii: "-")): interval = min(Self.longestInterval, interval * 2)
      default: return true
      }
      draw()
    }
  }

  private func draw() {
    var columns: Int32 = 80
    var rows: Int32 = 24
    if board_terminal_size(Console.output, &columns, &rows) != 0 || columns <= 0 || rows <= 0 {
      (columns, rows) = (80, 24)
    }
    let style = Style()
    var text = "\u{1b}[H"
    let shown = lines(style).prefix(Int(rows))
    for (i, line) in shown.enumerated() {
      if i > 0 { text += "\r\n" }
      text += clipped(line, Int(columns)) + "\u{1b}[0m\u{1b}[K"
    }
    Console.write(text + "\u{1b}[J", to: Console.output)
  }

  // MARK: what is shown

  private func lines(_ style: Style) -> [String] {
    let several = watched.count == 1 ? watched[0].link.path : "\(watched.count) nodes"
    let seconds = Units.trimmed(interval)
    var lines = [
      style.heading("nodctl top")
        + "  \(safe(several))  every \(seconds) s  \(Console.clock(universal: false).prefix(8))"
        + style.faint("  q quit, + - interval")
    ]
    let first = watched.first { $0.status != nil }
    if watched.count > 1 {
      lines += [""] + table(style)
    } else if let status = watched[0].status {
      var screen = StatusScreen(status, style)
      lines += screen.lines()
    } else {
      lines.append(style.bad(safe(watched[0].trouble ?? "no answer")))
    }
    guard let first else { return lines }
    let wide = style.withoutWidth
    lines += [""] + PeersCommand.table(first.peers, wide)
    let matrix = LinkMatrix(first.links).lines(style)
    if !matrix.isEmpty { lines += [""] + matrix }
    return lines + [""] + LogCommand.table(first.log, wide)
  }

  private static let columns: [(field: String, heading: String)] = [
    ("role", "role"), ("leader", "leader"), ("ballot", "ballot"), ("decided_index", "decided"),
    ("applied_index", "applied"), ("waiting", "waiting"), ("window", "window"), ("next_wake_us", "next"),
    ("guard_us", "guard"), ("clock_offset_us", "offset"), ("radio_on_permille", "radio on"),
    ("air_time_left_percent", "air left"), ("battery_percent", "battery"),
  ]

  private func table(_ style: Style) -> [String] {
    let shown = Self.columns.filter { column in watched.contains { $0.status?[column.field] != nil } }
    var table = Table(headings: ["node"] + shown.map(\.heading) + ["a second", "why"])
    for node in watched {
      guard let status = node.status else {
        table.add([safe(node.link.path)])
        continue
      }
      var cells = [status["name"].map { plainText($0) } ?? safe(node.link.path)]
      cells += shown.map { column in status[column.field].map { fieldText(column.field, $0) } ?? "-" }
      cells.append(node.rate.map { Units.trimmed($0) } ?? "-")
      cells.append(Health(status: status).why)
      table.add(cells)
    }
    var lines = table.lines(style.withoutWidth)
    for node in watched { if let trouble = node.trouble { lines.append(style.bad(safe(trouble))) } }
    return lines
  }
}

/// The line's first columns; colours take none.
func clipped(_ line: String, _ columns: Int) -> String {
  var result = ""
  var used = 0
  var isEscape = false
  for scalar in line.unicodeScalars {
    if isEscape {
      isEscape = !(scalar.properties.isAlphabetic)
    } else if scalar == "\u{1b}" {
      isEscape = true
    } else {
      used += 1
      if used > columns { break }
    }
    result.unicodeScalars.append(scalar)
  }
  return result
}
