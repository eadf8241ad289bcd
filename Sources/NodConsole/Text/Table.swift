// Rows under headings, columns aligned: numbers to the right, the rest to the left. A table too wide for the
// terminal is written as one block a row instead, for a wrapped table is read by nobody.

package struct Table {
  private static let gap = "  "

  private let headings: [String]
  private var rows: [[String]] = []

  package init(headings: [String]) { self.headings = headings }

  /// Adds a row; missing cells are empty.
  package mutating func add(_ cells: [String]) {
    precondition(cells.count <= headings.count, "a row longer than the headings")
    rows.append(cells + Array(repeating: "", count: headings.count - cells.count))
  }

  package func lines(_ style: Style) -> [String] {
    var widths = headings.map { width(of: $0) }
    for row in rows {
      for column in row.indices { widths[column] = max(widths[column], width(of: row[column])) }
    }
    var total = Self.gap.utf8.count * max(0, headings.count - 1)
    for width in widths { total += width }
    if let width = style.width, total > width { return blocks(style) }
    let toTheRight = headings.indices.map { column in
      rows.contains { !$0[column].isEmpty } && rows.allSatisfy { startsLikeANumber($0[column]) }
    }
    var lines = [style.heading(line(headings, widths, toTheRight))]
    for row in rows { lines.append(line(row, widths, toTheRight)) }
    return lines
  }

  private func line(_ cells: [String], _ widths: [Int], _ toTheRight: [Bool]) -> String {
    var text = ""
    for column in cells.indices {
      if column > 0 { text += Self.gap }
      text += pad(cells[column], widths[column], toTheRight[column])
    }
    return withoutTrailingBlanks(text)
  }

  private func blocks(_ style: Style) -> [String] {
    var widest = 0
    for heading in headings { widest = max(widest, width(of: heading)) }
    var lines: [String] = []
    for row in rows {
      if !lines.isEmpty { lines.append("") }
      for column in row.indices where !row[column].isEmpty {
        lines.append(style.faint(pad(headings[column], widest, false)) + Self.gap + row[column])
      }
    }
    return lines
  }
}

/// Columns that a text takes: one for each scalar, none for combining marks of the usual kind.
package func width(of text: String) -> Int {
  var columns = 0
  for scalar in text.unicodeScalars where !(0x300...0x36f).contains(scalar.value) { columns += 1 }
  return columns
}

package func pad(_ text: String, _ columns: Int, _ toTheRight: Bool) -> String {
  let missing = columns - width(of: text)
  guard missing > 0 else { return text }
  let blanks = String(repeating: " " as Character, count: missing)
  return toTheRight ? blanks + text : text + blanks
}

/// Numbers, numbers with a unit, and cells that say that there is none.
private func startsLikeANumber(_ cell: String) -> Bool {
  var points = 0
  var first: UInt8 = 0
  for byte in cell.utf8 {
    if byte == UInt8(ascii: ":") { return false }
    if byte == UInt8(ascii: ".") { points += 1 }
    if first == 0, byte != UInt8(ascii: "-"), byte != UInt8(ascii: "~") { first = byte }
  }
  return first == 0 || points < 2 && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
}

package func withoutTrailingBlanks(_ line: String) -> String {
  var kept = Substring(line).utf8
  while kept.last == UInt8(ascii: " ") { kept.removeLast() }  // bounded by the line
  return String(Substring(kept))
}
