// Asks a file for its keys, one question each: what may stand there, what it means, what is taken when it
// is missing. The questions are remembered, and so they are the only place that knows the keys: unknown
// ones are what nobody asked for, and the shipped file, the writer and the tests read the list instead of
// keeping one of their own.
import NodCore

package struct ConfigurationReader {
  /// What one key may hold.
  package struct Question {
    package let section: String
    package let key: String
    /// "0 to 100", "unicast or multicast".
    package let allowed: String
    /// What it is, with its unit.
    package let meaning: String
    /// What is taken when the key is missing; nil: it must be given; empty: it may be left out.
    package let usual: String?
  }

  private let lines: ConfigurationLines
  /// What the files that this one names are relative to.
  let directory: String
  package private(set) var questions: [Question] = []
  private var errors = ConfigurationErrors()
  /// A kind of section of which there may be several, for the list of what there is.
  package var repeatedSection: String?

  /// Reads a file. Errors wait for `finish`.
  package init(path: String) {
    self.init(lines: ConfigurationLines(path: path))
  }

  /// A reader of nothing, for the sake of its questions.
  package init(emptyNamed file: String) {
    self.init(lines: ConfigurationLines(emptyNamed: file))
  }

  private init(lines: ConfigurationLines) {
    self.lines = lines
    directory = directoryPart(of: lines.file)
  }

  package var file: String { lines.file }

  package func hasSection(_ name: String) -> Bool { lines.sections.contains { $0.name.isSame(as: name) } }

  /// Sections whose names begin so, each once, in the order of the file.
  package func sections(beginning prefix: String) -> [String] {
    var names: [String] = []
    for section in lines.sections
    where section.name.begins(with: prefix) && !names.contains(where: { $0.isSame(as: section.name) }) {
      names.append(section.name)
    }
    return names
  }

  /// No lines: it was made for the sake of its questions.
  package var isEmpty: Bool { lines.sections.isEmpty && lines.errors.isEmpty }

  package func has(_ section: String, _ key: String) -> Bool { found(section, key) != nil }

  private func found(_ section: String, _ key: String) -> ConfigurationLines.Value? {
    lines.values.first { $0.isOf(section, key) }
  }

  /// Notes the question and finds its answer; a missing one that must be there is an error.
  @inline(never)
  private mutating func ask(
    _ section: String, _ key: String, allowed: String, usual: String?, meaning: String
  ) -> ConfigurationLines.Value? {
    questions.append(
      Question(section: section, key: key, allowed: allowed, meaning: meaning, usual: usual))
    let value = found(section, key)
    if value == nil && usual == nil {
      // A file that cannot be read lacks everything: that is said once.
      if !lines.errors.contains(where: { $0.line == 0 }) {
        refuse(section, key, "is missing; allowed is \(allowed) (\(meaning))")
      }
    }
    return value
  }

  /// Notes an error at a key, or at the whole file.
  package mutating func refuse(_ section: String = "", _ key: String = "", _ problem: String) {
    let value = found(section, key)
    let header = lines.sections.first { $0.name.isSame(as: section) }
    errors.all.append(
      ConfigurationError(
        file: file, line: value?.line ?? header?.line ?? 0, section: section, key: key, found: value?.text,
        problem: problem))
  }

  private mutating func refuse(_ value: ConfigurationLines.Value, _ question: Question) {
    errors.all.append(
      ConfigurationError(
        file: file, line: value.line, section: value.section, key: value.key, found: value.text,
        problem: "allowed is \(question.allowed) (\(question.meaning))"))
  }

  private mutating func refuse(_ value: ConfigurationLines.Value) {
    refuse(value, questions[questions.count - 1])
  }

  /// Everything that is wrong with the file, unknown keys included. To be called when all questions are
  /// asked.
  package mutating func finish() -> ConfigurationErrors {
    for section in lines.sections where !questions.contains(where: { $0.section.isSame(as: section.name) }) {
      refuse(section.name, "", "unknown section; there are \(known(and: repeatedSection) { $0.section })")
    }
    for value in lines.values
    where !questions.contains(where: { value.isOf($0.section, $0.key) }) {
      let keys = known { $0.section.isSame(as: value.section) ? $0.key : nil }
      // Of an unknown section it is enough to say that.
      if !keys.isEmpty { refuse(value.section, value.key, "unknown key; [\(value.section)] has \(keys)") }
    }
    var all = ConfigurationErrors(lines.errors + errors.all)
    all.sortByLine()
    return all
  }

  /// Names out of the questions, each once, with commas.
  private func known(and more: String? = nil, _ name: (Question) -> String?) -> String {
    var names: [String] = []
    for question in questions {
      if let name = name(question), !names.contains(where: { $0.isSame(as: name) }) { names.append(name) }
    }
    if let more, !names.contains(where: { $0.isSame(as: more) }) { names.append(more) }
    return listed(names, last: "and")
  }
}

// MARK: - Questions

extension ConfigurationReader {
  /// A decimal number.
  @inline(never)
  package mutating func number(
    _ section: String, _ key: String, _ range: ClosedRange<Int64>, usual: Int64?, meaning: String
  ) -> Int64 {
    let allowed = "\(range.lowerBound) to \(range.upperBound)"
    let value = ask(section, key, allowed: allowed, usual: usual.map { "\($0)" }, meaning: meaning)
    guard let value else { return usual ?? range.lowerBound }
    if let number = decimal(value.text), range.contains(number) { return number }
    refuse(value)
    return range.lowerBound
  }

  /// A decimal number, or 0 for `zeroMeans`.
  @inline(never)
  package mutating func numberOrZero(
    _ section: String, _ key: String, _ range: ClosedRange<Int64>, zeroMeans: String, usual: Int64,
    meaning: String
  ) -> Int64 {
    let allowed = "\(range.lowerBound) to \(range.upperBound), or 0: \(zeroMeans)"
    let value = ask(section, key, allowed: allowed, usual: "\(usual)", meaning: meaning)
    guard let value else { return usual }
    if let number = decimal(value.text), number == 0 || range.contains(number) { return number }
    refuse(value)
    return usual
  }

  /// A number with up to three decimals, usually 0.
  /// - Returns: thousandths of it.
  package mutating func thousandths(
    _ section: String, _ key: String, _ range: ClosedRange<Int64>, meaning: String
  ) -> Int64 {
    let allowed = "\(range.lowerBound) to \(range.upperBound), with up to 3 decimals"
    let value = ask(section, key, allowed: allowed, usual: "0", meaning: meaning)
    guard let value else { return 0 }
    let bounds = range.lowerBound * 1000...range.upperBound * 1000
    if let number = decimalThousandths(value.text), bounds.contains(number) { return number }
    refuse(value)
    return 0
  }

  /// A decimal number, or a word; nil for the word, which is also what is usual.
  package mutating func numberOrWord(
    _ section: String, _ key: String, _ range: ClosedRange<Int64>, word: String, meaning: String
  ) -> Int64? {
    let allowed = "\(word), or \(range.lowerBound) to \(range.upperBound)"
    let value = ask(section, key, allowed: allowed, usual: word, meaning: meaning)
    guard let value, !value.text.isSame(as: word) else { return nil }
    if let number = decimal(value.text), range.contains(number) { return number }
    refuse(value)
    return nil
  }

  /// Permission bits, in octal as for chmod.
  package mutating func permissions(_ section: String, _ key: String, usual: UInt32, meaning: String)
    -> UInt32
  {
    let value = ask(
      section, key, allowed: "0600 to 0777, in octal", usual: octalText(usual), meaning: meaning)
    guard let value else { return usual }
    if let bits = octal(value.text), bits >= 0o600, bits <= 0o777 { return bits }
    refuse(value)
    return usual
  }

  /// One of some words; the first is usual, unless one must be given.
  /// - Returns: the word's position.
  @inline(never)
  package mutating func word(
    _ section: String, _ key: String, _ words: [String], usual: Int? = 0, meaning: String
  ) -> Int {
    let value = ask(
      section, key, allowed: listed(words, last: "or"), usual: usual.map { words[$0] }, meaning: meaning)
    guard let value else { return usual ?? 0 }
    if let position = words.firstIndex(where: { $0.isSame(as: value.text) }) { return position }
    refuse(value)
    return usual ?? 0
  }

  /// A name as members and clusters have: letters, digits, "-", "_", ".".
  @inline(never)
  package mutating func name(_ section: String, _ key: String, usual: String?, meaning: String) -> String {
    let value = ask(
      section, key, allowed: "1 to \(nameLimit) letters, digits, - _ .", usual: usual, meaning: meaning)
    guard let value else { return usual ?? "" }
    if isName(value.text) { return value.text }
    refuse(value)
    return ""
  }

  /// Any text, up to `limit` bytes.
  package mutating func text(
    _ section: String, _ key: String, atMost limit: Int, usual: String?, meaning: String
  ) -> String {
    let value = ask(section, key, allowed: "1 to \(limit) bytes", usual: usual, meaning: meaning)
    guard let value else { return usual ?? "" }
    let size = value.text.utf8.count
    if size >= 1 && size <= limit { return value.text }
    refuse(value)
    return ""
  }

  /// A file's or directory's name, relative to the directory of this file.
  @inline(never)
  package mutating func path(
    _ section: String, _ key: String, atMost limit: Int = pathLimit, usual: String?, meaning: String
  ) -> String {
    let value = ask(
      section, key, allowed: "a path of at most \(limit) bytes, relative to this file's directory",
      usual: usual, meaning: meaning)
    let path = resolved(value?.text ?? usual ?? "")
    guard let value else { return path }
    if !value.text.isEmpty && path.utf8.count <= limit { return path }
    refuse(value)
    return ""
  }

  /// A numeric address with a port; empty when it may be left out and is.
  package mutating func address(
    _ section: String, _ key: String, isMulticast: Bool = false, usual: String?, meaning: String
  ) -> String {
    let allowed =
      isMulticast
      ? "group:port like 239.78.79.68:7100, or [ff02::4e6f]:7100"
      : "host:port like 10.0.0.7:7100, or [fd00::7]:7100"
    let value = ask(section, key, allowed: allowed, usual: usual, meaning: meaning)
    guard let value else { return usual ?? "" }
    if BoardAddress.isValid(value.text, isMulticast: isMulticast) { return value.text }
    refuse(value)
    return ""
  }

  /// "off", which is usual, or a port of the loopback interface; nil for off.
  package mutating func loopback(_ section: String, _ key: String, meaning: String) -> LoopbackAddress? {
    let allowed = "off, or 127.0.0.1:PORT or [::1]:PORT with PORT from 1 to 65535"
    let value = ask(section, key, allowed: allowed, usual: "off", meaning: meaning)
    guard let value, !value.text.isSame(as: "off") else { return nil }
    if let address = LoopbackAddress(value.text) { return address }
    refuse(value)
    return nil
  }

  /// Exactly `byteCount` bytes in hexadecimal; zeros when it is wrong.
  package mutating func hex(
    _ section: String, _ key: String, byteCount: Int, isSecret: Bool = false, meaning: String
  ) -> [UInt8] {
    let allowed = "\(2 * byteCount) hexadecimal digits"
    let value = ask(section, key, allowed: allowed, usual: nil, meaning: meaning)
    guard let value else { return [UInt8](repeating: 0, count: byteCount) }
    if let bytes = bytes(ofHex: value.text), bytes.count == byteCount { return bytes }
    if isSecret {
      // A secret is not shown, not even a broken one.
      errors.all.append(
        ConfigurationError(
          file: file, line: value.line, section: section, key: key,
          problem: "\(value.text.utf8.count) characters found; allowed is \(allowed) (\(meaning))"))
    } else {
      refuse(value)
    }
    return [UInt8](repeating: 0, count: byteCount)
  }

  private func resolved(_ path: String) -> String {
    path.isEmpty || path.utf8.first == UInt8(ascii: "/") ? path : directory + path
  }
}
