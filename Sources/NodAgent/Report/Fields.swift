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

/// Pairs of one RESP map.
struct MapFields: FieldWriter {
  var reply: ReplyWriter
  var pairs = 0

  mutating func field(_ name: StaticString, _ value: Int64) {
    begin(name)
    reply.integer(value)
  }
  mutating func field(_ name: StaticString, _ text: String) {
    begin(name)
    var text = text
    text.withUTF8 { reply.bulk(Bytes($0)) }
  }
  mutating func field(_ name: StaticString, _ text: StaticString) {
    begin(name)
    reply.bulk(text)
  }
  mutating func field(_ name: StaticString, _ isTrue: Bool) {
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
  mutating func absent(_ name: StaticString) {
    begin(name)
    reply.null()
  }
  private mutating func begin(_ name: StaticString) {
    reply.bulk(name)
    pairs += 1
  }
}

/// Lines `name:value`, as Redis writes them.
struct LineFields: FieldWriter {
  var reply: ReplyWriter

  mutating func heading(_ name: StaticString) {
    reply.text("# ")
    reply.text(name)
    reply.endLine()
  }
  mutating func field(_ name: StaticString, _ value: Int64) {
    begin(name)
    reply.number(value)
    reply.endLine()
  }
  mutating func field(_ name: StaticString, _ text: String) {
    begin(name)
    var text = text
    text.withUTF8 { reply.raw(Bytes($0)) }
    reply.endLine()
  }
  mutating func field(_ name: StaticString, _ text: StaticString) {
    begin(name)
    reply.text(text)
    reply.endLine()
  }
  mutating func field(_ name: StaticString, _ isTrue: Bool) { field(name, Int64(isTrue ? 1 : 0)) }
  mutating func absent(_ name: StaticString) { field(name, "") }
  private mutating func begin(_ name: StaticString) {
    reply.text(name)
    reply.text(":")
  }
}
