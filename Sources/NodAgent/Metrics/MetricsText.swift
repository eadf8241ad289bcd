// Figures in Prometheus's text form (exposition format 0.0.4): for each a HELP and a TYPE line and its values.
// Names follow its conventions: base units (seconds, bytes, coulombs), _total for what only grows.
// docs/metrics.md lists them.
import NodCore

struct MetricsText {
  enum Kind { case counter, gauge }

  var out: ReplyWriter
  private var name: StaticString = ""

  init(_ out: ReplyWriter) { self.out = out }

  /// Begins a metric; its values follow.
  @inline(never)
  mutating func begin(_ name: StaticString, _ kind: Kind, _ help: StaticString) {
    self.name = name
    out.text("# HELP ")
    out.text(name)
    out.text(" ")
    out.text(help)
    out.text("\n# TYPE ")
    out.text(name)
    out.text(kind == .counter ? " counter\n" : " gauge\n")
  }

  @inline(never)
  mutating func counter(_ name: StaticString, _ value: UInt64, _ help: StaticString) {
    begin(name, .counter, help)
    self.value(Int64(clamping: value))
  }
  @inline(never)
  mutating func gauge(_ name: StaticString, _ value: Int64, _ help: StaticString) {
    begin(name, .gauge, help)
    self.value(value)
  }
  mutating func gauge(_ name: StaticString, _ isTrue: Bool, _ help: StaticString) {
    gauge(name, isTrue ? 1 : 0, help)
  }
  /// Of millionths: microseconds as seconds, microcoulombs as coulombs.
  @inline(never)
  mutating func millionths(_ name: StaticString, _ kind: Kind, _ value: Int64, _ help: StaticString) {
    begin(name, kind, help)
    out.text(name)
    out.text(" ")
    decimal(value, digits: 6)
  }

  @inline(never)
  mutating func value(_ value: Int64) {
    out.text(name)
    out.text(" ")
    decimal(value, digits: 0)
  }
  mutating func ratio(_ percent: Int64) {
    out.text(name)
    out.text(" ")
    decimal(percent, digits: 2)
  }
  /// One value of several that a label tells apart.
  ///
  /// - Parameter digits: how many of the number's last ones stand behind the point.
  @inline(never)
  mutating func value(_ label: StaticString, _ which: StaticString, _ value: Int64) {
    self.label(label, which.bytes)
    decimal(value, digits: 0)
  }
  @inline(never)
  mutating func value(_ label: StaticString, _ which: String, _ value: Int64, digits: Int = 0) {
    var which = which
    which.withUTF8 { self.label(label, Bytes($0)) }
    decimal(value, digits: digits)
  }

  /// Names of members and hooks have no byte that would have to be escaped.
  private mutating func label(_ label: StaticString, _ which: Bytes) {
    out.text(name)
    out.text("{")
    out.text(label)
    out.text("=\"")
    out.raw(which)
    out.text("\"} ")
  }

  private mutating func decimal(_ value: Int64, digits: Int) {
    var scale: UInt64 = 1
    for _ in 0..<digits { scale *= 10 }
    if value < 0 { out.text("-") }
    out.number(value.magnitude / scale)
    if digits > 0 {
      out.text(".")
      var rest = value.magnitude % scale
      for _ in 0..<digits {
        scale /= 10
        out.number(rest / scale)
        rest %= scale
      }
    }
    out.text("\n")
  }
}
