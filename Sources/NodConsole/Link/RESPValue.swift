// A reply of a node as a value: RESP3 (the Redis serialization protocol) with the differences that do not
// matter to a reader folded away. Report.swift prints it for people, JSON.swift for programs.

package indirect enum RESPValue: Equatable, Sendable {
  /// Simple, bulk and verbatim strings; bytes, for values need not be UTF-8.
  case text([UInt8])
  case integer(Int64)
  /// A number that is not whole, as it was written.
  case decimal(String)
  case boolean(Bool)
  case none
  /// An error reply: its first word is the code (`ERR`, `TIMEOUT`, `BUSY`...).
  case failure(String)
  case list([RESPValue])
  case map([Field])
  /// Not an answer: something the node sends by itself (subscriptions).
  case push([RESPValue])

  package struct Field: Equatable, Sendable {
    package let key: String
    package let value: RESPValue

    package init(key: String, value: RESPValue) {
      self.key = key
      self.value = value
    }
  }

  package static func text(_ string: String) -> RESPValue { .text(Array(string.utf8)) }

  /// The text as a string where it is one, with other bytes replaced.
  package var string: String? {
    if case .text(let bytes) = self { return String(decoding: bytes, as: UTF8.self) }
    return nil
  }

  /// The value of a map's field; nil when this is no map or has no such field.
  package subscript(_ key: String) -> RESPValue? {
    guard case .map(let fields) = self else { return nil }
    return fields.first { $0.key == key }?.value
  }

  package var integer: Int64? {
    if case .integer(let number) = self { return number }
    return nil
  }

  package var isTrue: Bool { self == .boolean(true) || self == .integer(1) }

  /// The elements of a list; none when this is none.
  package var elements: [RESPValue] {
    if case .list(let elements) = self { return elements }
    return []
  }
}
