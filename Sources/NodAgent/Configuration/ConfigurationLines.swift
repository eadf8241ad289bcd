// The lines of an INI file as the inih library reads them: sections, and values with the line they stand
// in. What can be said of a line without knowing any key is said here; what a key means is asked by
// `ConfigurationReader`.
import CBoard
import NodCore

struct ConfigurationLines {
  struct Section {
    let name: String
    let line: Int
  }
  struct Value {
    let section: String
    let key: String
    let text: String
    let line: Int

    func isOf(_ section: String, _ key: String) -> Bool {
      self.key.isSame(as: key) && self.section.isSame(as: section)
    }
  }

  /// The file as it was named.
  let file: String
  private(set) var sections: [Section] = []
  private(set) var values: [Value] = []
  private(set) var errors: [ConfigurationError] = []

  /// Reads a file; what goes wrong is in `errors`.
  init(path: String) {
    file = path
    let verdict = path.withCString { path in
      withUnsafeMutablePointer(to: &self) { board_config_parse(path, $0, takeLine) }
    }
    if verdict < 0 {
      let why = BoardFailure("read", verdict: verdict).systemText
      errors.append(ConfigurationError(file: file, problem: "cannot be read: \(why)"))
    }
  }

  /// No lines: every key is missing.
  init(emptyNamed file: String) { self.file = file }

  fileprivate mutating func take(kind: Int32, line: Int, section: String, key: String, text: String) {
    switch kind {
    case BOARD_CONFIG_VALUE: takeValue(Value(section: section, key: key, text: text, line: line))
    case BOARD_CONFIG_SECTION: takeSection(Section(name: section, line: line))
    case BOARD_CONFIG_TOO_LONG:
      refuse(line, "", "", nil, "the line is longer than \(BOARD_CONFIG_LINE) bytes")
    case BOARD_CONFIG_NOT_TEXT:
      refuse(line, "", "", nil, "the line has a zero byte in it: this is no text file, or a damaged one")
    case BOARD_CONFIG_TOO_MANY:
      refuse(line, "", "", nil, "more than \(BOARD_CONFIG_LINES) lines: this cannot be the right file")
    default:
      refuse(
        line, "", "", "\"\(text)\"",
        "not understood: a line is [section], key = value, or a comment after # or ;")
    }
  }

  private mutating func takeSection(_ section: Section) {
    if let before = sections.first(where: { $0.name.isSame(as: section.name) }) {
      refuse(
        section.line, section.name, "", nil,
        "the section began in line \(before.line) already; put its keys together")
    }
    sections.append(section)
  }

  private mutating func takeValue(_ value: Value) {
    if value.section.isEmpty {
      refuse(value.line, "", value.key, value.text, "stands before the first [section]")
    } else if let before = values.first(where: { $0.isOf(value.section, value.key) }) {
      refuse(
        value.line, value.section, value.key, value.text,
        "given twice: line \(before.line) says \(before.text.isEmpty ? "nothing" : before.text)")
    } else {
      values.append(value)
    }
  }

  private mutating func refuse(
    _ line: Int, _ section: String, _ key: String, _ found: String?, _ problem: String
  ) {
    errors.append(
      ConfigurationError(file: file, line: line, section: section, key: key, found: found, problem: problem))
  }
}

/// Called by C for each line; `context` is the `ConfigurationLines` that is being filled.
private func takeLine(
  context: UnsafeMutableRawPointer?, kind: Int32, line: Int32, section: UnsafePointer<CChar>?,
  key: UnsafePointer<CChar>?, text: UnsafePointer<CChar>?
) {
  guard let context, let section, let key, let text else { return }
  context.assumingMemoryBound(to: ConfigurationLines.self).pointee.take(
    kind: kind, line: Int(line), section: String(cString: section), key: String(cString: key),
    text: String(cString: text))
}
