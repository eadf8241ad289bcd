// A labelled line of parts that are separated by semicolons or commas; what does not fit goes on under the first part.

package struct Paragraph {
  /// Columns where output goes elsewhere than to a terminal, and the most that one line takes on a wide one.
  package static let usualWidth = 80
  private static let widest = 120

  package let label: String
  private let separator: String
  package private(set) var parts: [String] = []

  package init(_ label: String, separator: String = ";") {
    self.label = label
    self.separator = separator
  }

  /// Adds a part; nil adds nothing.
  package mutating func add(_ part: String?) {
    if let part, !part.isEmpty { parts.append(part) }
  }

  /// - Parameter column: where the parts begin.
  package func lines(_ column: Int, _ style: Style) -> [String] {
    guard !parts.isEmpty else { return [] }
    let limit = min(style.width ?? Self.usualWidth, Self.widest)
    var lines: [String] = []
    var line = style.faint(pad(label, column, false))
    var used = column
    var isFirst = true
    for (i, part) in parts.enumerated() {
      let text = i + 1 < parts.count ? part + separator : part
      let columns = width(of: text)
      if !isFirst, used + 1 + columns > limit {
        lines.append(line)
        line = String(repeating: " " as Character, count: column)
        used = column
        isFirst = true
      }
      if !isFirst {
        line += " "
        used += 1
      }
      line += text
      used += columns
      isFirst = false
    }
    lines.append(line)
    return lines
  }
}

/// Text broken at blanks, so that no line is longer than this, where a word is not.
package func wrapped(_ text: String, _ limit: Int) -> [String] {
  var lines: [String] = []
  for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
    let line = String(Substring(line))
    guard width(of: line) > limit, line.utf8.first != UInt8(ascii: " ") else {
      lines.append(line)
      continue
    }
    var current = ""
    for word in line.utf8.split(separator: UInt8(ascii: " ")) {
      let word = String(Substring(word))
      if !current.isEmpty, width(of: current) + 1 + width(of: word) > limit {
        lines.append(current)
        current = ""
      }
      current += current.isEmpty ? word : " " + word
    }
    lines.append(current)
  }
  return lines
}
