// One way to write a field, whether it becomes a pair of a RESP map or a line of INFO: so that status, INFO
// and what
// nodctl shows have the same names and numbers.
import NodCore

/// Where the fields of a report go. Units stand in the names: _ms, _us, _bytes, _ppm, _permille.
protocol FieldWriter {
  mutating func field(_ name: StaticString, _ value: Int64)
  mutating func field(_ name: StaticString, _ text: String)
  mutating func field(_ name: StaticString, _ text: StaticString)
  mutating func field(_ name: StaticString, _ isTrue: Bool)
  /// Nothing is known.
  mutating func absent(_ name: StaticString)
}

extension FieldWriter {
  mutating func field(_ name: StaticString, _ value: Int64?) {
    if let value { field(name, value) as Void } else { absent(name) }
  }
}

/// Pairs of one RESP map, or lines `name:value` as Redis writes them in INFO. One type for both: what is
/// written through it is then on the board once.
struct MapFields: FieldWriter {
  var reply: ReplyWriter
  var pairs = 0
  private let isLines: Bool

  init(reply: ReplyWriter) {
    self.reply = reply
    isLines = false
  }
  init(lines reply: ReplyWriter) {
    self.reply = reply
    isLines = true
  }

  /// Above some lines.
  mutating func heading(_ name: StaticString) {
    reply.text("# ")
    reply.text(name)
    reply.endLine()
  }
  @inline(never)
  mutating func field(_ name: StaticString, _ value: Int64) {
    begin(name)
    guard isLines else { return reply.integer(value) }
    reply.number(value)
    reply.endLine()
  }
  @inline(never)
  mutating func field(_ name: StaticString, _ text: String) {
    begin(name)
    text.withBytes { value($0) }
  }
  @inline(never)
  mutating func field(_ name: StaticString, _ text: StaticString) {
    begin(name)
    value(text.bytes)
  }
  @inline(never)
  mutating func field(_ name: StaticString, _ isTrue: Bool) {
    guard !isLines else { return field(name, Int64(isTrue ? 1 : 0)) }
    begin(name)
    reply.boolean(isTrue)
  }
  /// A list follows, element by element.
  mutating func list(_ name: StaticString, _ elements: Int) {
    begin(name)
    reply.array(elements)
  }
  mutating func element(_ value: Int64?) { if let value { reply.integer(value) } else { reply.null() } }
  mutating func element(_ text: StaticString) { reply.bulk(text) }
  /// Whatever is written next is this field's value.
  mutating func name(_ name: StaticString) { begin(name) }
  @inline(never)
  mutating func absent(_ name: StaticString) {
    begin(name)
    if isLines { reply.endLine() } else { reply.null() }
  }
  @inline(never)
  private mutating func begin(_ name: StaticString) {
    if isLines {
      reply.text(name)
      reply.text(":")
    } else {
      reply.bulk(name)
      pairs += 1
    }
  }
  private mutating func value(_ bytes: Bytes) {
    guard isLines else { return reply.bulk(bytes) }
    reply.raw(bytes)
    reply.endLine()
  }
}
