// Rows under headings, columns aligned: numbers to the right, the rest to the left. A table too wide for the
// terminal is written as one block a row instead, for a wrapped table is read by nobody.

struct Table {
  private static let gap = "  "

  private let headings: [String]
  private var rows: [[String]] = []

  init(headings: [String]) { self.headings = headings }

  /// Adds a row; missing cells are empty.
  mutating func add(_ cells: [String]) {
    precondition(cells.count <= headings.count, "a row longer than the headings")
    rows.append(cells + Array(repeating: "", count: headings.count - cells.count))
  }

  func lines(_ style: Style) -> [String] {
    let widths = headings.indices.map { column in
      rows.reduce(headings[column].count) { max($0, $1[column].count) }
    }
    let total = widths.reduce(0, +) + Self.gap.count * max(0, headings.count - 1)
    if let width = style.width, total > width { return blocks(style) }
    let toTheRight = headings.indices.map { column in
      rows.contains { !$0[column].isEmpty } && rows.allSatisfy { startsLikeANumber($0[column]) }
    }
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { pad(cells[$0], widths[$0], toTheRight[$0]) }
      return withoutTrailingBlanks(padded.joined(separator: Self.gap))
    }
    return [style.heading(line(headings))] + rows.map(line)
  }

  private func blocks(_ style: Style) -> [String] {
    let width = headings.reduce(0) { max($0, $1.count) }
    var lines: [String] = []
    for row in rows {
      if !lines.isEmpty { lines.append("") }
      for (heading, cell) in zip(headings, row) where !cell.isEmpty {
        lines.append(style.faint(pad(heading, width, false)) + Self.gap + cell)
      }
    }
    return lines
  }
}

func pad(_ text: String, _ width: Int, _ toTheRight: Bool) -> String {
  let blanks = String(repeating: " ", count: max(0, width - text.count))
  return toTheRight ? blanks + text : text + blanks
}

/// Numbers, numbers with a unit, and cells that say that there is none.
private func startsLikeANumber(_ cell: String) -> Bool {
  guard let first = cell.first(where: { $0 != "-" && $0 != "~" }) else { return true }
  return first.isASCII && first.isNumber && !cell.contains(":") && !cell.contains(".", moreThanOnce: true)
}

extension String {
  fileprivate func contains(_ character: Character, moreThanOnce: Bool) -> Bool {
    filter { $0 == character }.count > 1
  }
}

private func withoutTrailingBlanks(_ line: String) -> String {
  var kept = Substring(line)
  while kept.hasSuffix(" ") { kept.removeLast() }  // bounded by the line
  return String(kept)
}
