// Numbers as people read them. A node's fields carry their unit at the end of their name (`period_ms`,
// `store_bytes`); here the unit moves to the value, in a size that fits it: `period  500 ms`. Programs get
// the fields as they are (--json).
import Foundation

enum Units {
  /// A field's name without its unit, words apart: `last_sync_us` is "last sync".
  static func label(_ field: String) -> String {
    let stem = rule(for: field).map { String(field.dropLast($0.suffix.count)) } ?? field
    return stem.replacingOccurrences(of: "_", with: " ")
  }

  /// A field's value with its unit; nil when the name carries none.
  static func value(_ number: Double, of field: String) -> String? {
    rule(for: field)?.render(number)
  }

  private struct Rule: Sendable {
    let suffix: String
    let render: @Sendable (Double) -> String
  }

  /// An ending that ends in another one stands before it.
  private static let rules: [Rule] = [
    Rule(suffix: "_permille") { trimmed($0 / 10) + " %" },
    Rule(suffix: "_percent") { trimmed($0) + " %" },
    Rule(suffix: "_bytes") { bytes($0) },
    Rule(suffix: "_ppb") { trimmed($0 / 1000) + " ppm" },
    Rule(suffix: "_ppm") { trimmed($0) + " ppm" },
    Rule(suffix: "_bps") { trimmed($0) + " bit/s" },
    Rule(suffix: "_us") { duration(microseconds: $0) },
    Rule(suffix: "_ms") { duration(microseconds: $0 * 1e3) },
    Rule(suffix: "_s") { duration(microseconds: $0 * 1e6) },
    Rule(suffix: "_uj") { joules(microjoules: $0) },
    Rule(suffix: "_mj") { joules(microjoules: $0 * 1e3) },
    Rule(suffix: "_dbm") { trimmed($0) + " dBm" },
    Rule(suffix: "_ua") { trimmed($0) + " µA" },
    Rule(suffix: "_ma") { trimmed($0) + " mA" },
    Rule(suffix: "_mv") { trimmed($0) + " mV" },
  ]

  private static func rule(for field: String) -> Rule? {
    rules.first { field.hasSuffix($0.suffix) && field.count > $0.suffix.count }
  }

  /// Two leading units at most: "4.8 ms", "3 min 20 s", "2 d 4 h".
  static func duration(microseconds: Double) -> String {
    let size = abs(microseconds)
    if size < 1e3 { return trimmed(microseconds) + " µs" }
    if size < 1e6 { return trimmed(microseconds / 1e3) + " ms" }
    if size < 120e6 { return trimmed(microseconds / 1e6) + " s" }
    guard size < 1e18 else { return trimmed(microseconds / 1e6) + " s" }
    let seconds = Int(size / 1e6)
    let sign = microseconds < 0 ? "-" : ""
    if seconds < 7200 { return sign + pair(seconds, 60, "min", "s") }
    if seconds < 172_800 { return sign + pair(seconds / 60, 60, "h", "min") }
    return sign + pair(seconds / 3600, 24, "d", "h")
  }

  static func bytes(_ count: Double) -> String {
    let size = abs(count)
    if size < 10_000 { return trimmed(count) + " B" }
    if size < 10_000_000 { return trimmed(count / 1e3) + " KB" }
    return trimmed(count / 1e6) + " MB"
  }

  static func percent(_ share: Double, digits: Int = 1) -> String {
    String(format: "%.\(digits)f %%", share * 100)
  }

  private static func joules(microjoules: Double) -> String {
    let size = abs(microjoules)
    if size < 1e3 { return trimmed(microjoules) + " µJ" }
    if size < 1e6 { return trimmed(microjoules / 1e3) + " mJ" }
    return trimmed(microjoules / 1e6) + " J"
  }

  private static func pair(_ small: Int, _ ratio: Int, _ large: String, _ rest: String) -> String {
    small % ratio == 0 ? "\(small / ratio) \(large)" : "\(small / ratio) \(large) \(small % ratio) \(rest)"
  }

  /// Three significant digits, no zeros behind: 4.8, 0.012, 500, 12345.
  static func trimmed(_ number: Double) -> String {
    guard number.isFinite else { return "\(number)" }
    let size = abs(number)
    let digits = size == 0 || size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
    let text = String(format: "%.\(digits)f", number)
    guard text.contains(".") else { return text }
    var kept = Substring(text)
    while kept.hasSuffix("0") { kept.removeLast() }  // bounded by the digits
    if kept.hasSuffix(".") { kept.removeLast() }
    return String(kept)
  }
}
