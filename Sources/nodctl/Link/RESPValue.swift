// A reply of a node as a value: RESP3 (the Redis serialization protocol) with the differences that do not
// matter to a reader folded away. Reports.swift prints it for people, JSON.swift for programs.
import Foundation

indirect enum RESPValue: Equatable, Sendable {
  /// Simple, bulk and verbatim strings; bytes, for values need not be UTF-8.
  case text([UInt8])
  case integer(Int64)
  case double(Double)
  case boolean(Bool)
  case none
  /// An error reply: its first word is the code (`ERR`, `TIMEOUT`, `BUSY`...).
  case failure(String)
  case list([RESPValue])
  case map([Field])
  /// Not an answer: something the node sends by itself (subscriptions).
  case push([RESPValue])

  struct Field: Equatable, Sendable {
    let key: String
    let value: RESPValue
  }

  static func text(_ string: String) -> RESPValue { .text(Array(string.utf8)) }

  /// The text as a string where it is one, with other bytes replaced.
  var string: String? {
    if case .text(let bytes) = self { return String(decoding: bytes, as: UTF8.self) }
    return nil
  }

  /// The value of a map's field; nil when this is no map or has no such field.
  subscript(_ key: String) -> RESPValue? {
    guard case .map(let fields) = self else { return nil }
    return fields.first { $0.key == key }?.value
  }
}
