// Numbers as people read them. A node's fields carry their unit at the end of their name (`period_ms`,
// `store_bytes`); here the unit moves to the value, in a size that fits it: `period  500 ms`. Programs get
// the fields as they are (--json).

package enum Units {
  /// A field's name without its unit, words apart: `last_sync_us` is "last sync".
  package static func label(_ field: String) -> String {
    let bytes = Array(field.utf8)
    let kept = bytes.dropLast(rule(for: bytes)?.suffix.utf8CodeUnitCount ?? 0)
    return String(decoding: kept.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
  }

  /// A field's value with its unit; nil when the name carries none.
  package static func value(_ number: Double, of field: String) -> String? {
    switch rule(for: Array(field.utf8))?.meaning {
    case .scaled(let factor, let unit)?: trimmed(number * factor) + " " + unit.description
    case .bytes?: bytes(number)
    case .microseconds(let factor)?: duration(microseconds: number * factor)
    case .microjoules(let factor)?: joules(microjoules: number * factor)
    case nil: nil
    }
  }

  private enum Meaning {
    case scaled(Double, StaticString)
    case bytes
    case microseconds(Double)
    case microjoules(Double)
  }
  private typealias Rule = (suffix: StaticString, meaning: Meaning)

  /// An ending that ends in another one stands before it.
  private static var rules: [Rule] {
    [
      ("_permille", .scaled(0.1, "%")), ("_percent", .scaled(1, "%")), ("_bytes", .bytes),
      ("_ppb", .scaled(0.001, "ppm")), ("_ppm", .scaled(1, "ppm")), ("_bps", .scaled(1, "bit/s")),
      ("_us", .microseconds(1)), ("_ms", .microseconds(1e3)), ("_s", .microseconds(1e6)),
      ("_uj", .microjoules(1)), ("_mj", .microjoules(1e3)), ("_dbm", .scaled(1, "dBm")),
      ("_ua", .scaled(1, "µA")), ("_ma", .scaled(1, "mA")), ("_mv", .scaled(1, "mV")),
      ("_uc", .scaled(1, "µC")),
      ("_kb", .scaled(1, "KB")),
    ]
  }

  private static func rule(for field: [UInt8]) -> Rule? {
    for rule in rules {
      let count = rule.suffix.utf8CodeUnitCount
      guard field.count > count else { continue }
      let start = field.count - count
      var isEqual = true
      for i in 0..<count where field[start + i] != rule.suffix.utf8Start[i] { isEqual = false }
      if isEqual { return rule }
    }
    return nil
  }

  /// Two leading units at most: "4.8 ms", "3 min 20 s", "2 d 4 h".
  package static func duration(microseconds: Double) -> String {
    let size = abs(microseconds)
    if size < 1e3 { return trimmed(microseconds) + " µs" }
    if size < 1e6 { return trimmed(microseconds / 1e3) + " ms" }
    guard size >= 120e6, size < 1e18 else { return trimmed(microseconds / 1e6) + " s" }
    let seconds = Int64(size / 1e6)
    let sign = microseconds < 0 ? "-" : ""
    if seconds < 7200 { return sign + pair(seconds, 60, "min", "s") }
    if seconds < 172_800 { return sign + pair(seconds / 60, 60, "h", "min") }
    return sign + pair(seconds / 3600, 24, "d", "h")
  }

  package static func bytes(_ count: Double) -> String {
    let size = abs(count)
    if size < 10_000 { return trimmed(count) + " B" }
    if size < 10_000_000 { return trimmed(count / 1e3) + " KB" }
    if size < 10_000_000_000 { return trimmed(count / 1e6) + " MB" }
    return trimmed(count / 1e9) + " GB"
  }

  package static func percent(_ share: Double, digits: Int = 1) -> String {
    Digits.text(share * 100, digits: digits) + " %"
  }

  package static func joules(microjoules: Double) -> String {
    let size = abs(microjoules)
    if size < 1e3 { return trimmed(microjoules) + " µJ" }
    if size < 1e6 { return trimmed(microjoules / 1e3) + " mJ" }
    return trimmed(microjoules / 1e6) + " J"
  }

  private static func pair(_ small: Int64, _ ratio: Int64, _ large: String, _ rest: String) -> String {
    let whole = String(small / ratio) + " " + large
    return small % ratio == 0 ? whole : whole + " " + String(small % ratio) + " " + rest
  }

  /// Three significant digits, no zeros behind: 4.8, 0.012, 500, 12345.
  package static func trimmed(_ number: Double) -> String {
    let size = abs(number)
    let digits = size == 0 || size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
    var text = Array(Digits.text(number, digits: digits).utf8)
    guard text.contains(UInt8(ascii: ".")) else { return String(decoding: text, as: UTF8.self) }
    while text.last == UInt8(ascii: "0") { text.removeLast() }  // bounded by the digits
    if text.last == UInt8(ascii: ".") { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }
}
