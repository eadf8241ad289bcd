// Bytes from a node's socket, in pieces of any size, to replies. It does no I/O; RESPClient feeds it. What is
// malformed or larger than the bounds is an error, after which the connection is of no use.
package struct RESPReader {
  /// The largest reply that is accepted, in bytes: several times the largest store of a node.
  package static let largestReply = 256 << 20
  /// The most elements of one array or map.
  package static let largestCount = 1 << 22
  /// How deep arrays and maps may nest.
  package static let deepest = 16
  /// The longest line that announces a type, a length or an error.
  package static let longestLine = 64 << 10

  package enum Malformed: Error, Equatable {
    case unknownType(UInt8)
    case badNumber(String)
    case tooLarge(String)
    case tooDeep
    case missingLineEnd

    package var description: String {
      switch self {
      case .unknownType(let byte): "a value of the unknown type " + String(byte)
      case .badNumber(let text): "the number '" + safe(text) + "'"
      case .tooLarge(let what): what + ", too large"
      case .tooDeep: "lists nested too deep"
      case .missingLineEnd: "a line that does not end"
      }
    }
  }

  private var bytes: [UInt8] = []
  private var offset = 0

  package init() {}

  package mutating func feed(_ piece: some Collection<UInt8>) {
    if offset > 0 {
      bytes.removeFirst(offset)
      offset = 0
    }
    bytes.append(contentsOf: piece)
  }

  /// The next whole reply; nil when more bytes are needed for it.
  package mutating func next() throws(Malformed) -> RESPValue? {
    var cursor = Cursor(bytes: bytes, offset: offset)
    guard let value = try cursor.value(depth: 0) else {
      if bytes.count - offset > Self.largestReply { throw .tooLarge("a reply") }
      return nil
    }
    offset = cursor.offset
    return value
  }
}

/// One attempt at a reply; nil anywhere means that the bytes end too early.
private struct Cursor {
  let bytes: [UInt8]
  var offset: Int

  mutating func line() throws(RESPReader.Malformed) -> String? {
    let limit = min(bytes.count, offset + RESPReader.longestLine)
    guard let end = bytes[offset..<limit].firstIndex(of: UInt8(ascii: "\r")) else {
      if limit - offset == RESPReader.longestLine { throw .tooLarge("a line") }
      return nil
    }
    guard end + 1 < bytes.count else { return nil }
    guard bytes[end + 1] == UInt8(ascii: "\n") else { throw .missingLineEnd }
    defer { offset = end + 2 }
    return String(decoding: bytes[offset..<end], as: UTF8.self)
  }

  /// A length or a count; -1 is RESP2's null.
  mutating func size(upTo limit: Int, _ what: String) throws(RESPReader.Malformed) -> Int? {
    guard let line = try line() else { return nil }
    guard let size = Int(line), size >= -1 else { throw .badNumber(line) }
    guard size <= limit else { throw .tooLarge(what + " of " + String(size)) }
    return size
  }

  mutating func bulk() throws(RESPReader.Malformed) -> RESPValue? {
    guard let count = try size(upTo: RESPReader.largestReply, "a string") else { return nil }
    if count < 0 { return RESPValue.none }
    guard bytes.count - offset >= count + 2 else { return nil }
    defer { offset += count + 2 }
    guard bytes[offset + count] == UInt8(ascii: "\r"), bytes[offset + count + 1] == UInt8(ascii: "\n") else {
      throw .missingLineEnd
    }
    return .text(Array(bytes[offset..<offset + count]))
  }

  /// `count` values in a row; nil inside nil: RESP2's null array.
  mutating func values(perElement: Int, depth: Int) throws(RESPReader.Malformed) -> [RESPValue]?? {
    guard let count = try size(upTo: RESPReader.largestCount, "an array") else { return nil }
    if count < 0 { return .some(nil) }
    var values: [RESPValue] = []
    for _ in 0..<count * perElement {  // bounded by largestCount
      guard let value = try value(depth: depth + 1) else { return nil }
      values.append(value)
    }
    return values
  }

  mutating func value(depth: Int) throws(RESPReader.Malformed) -> RESPValue? {
    guard depth <= RESPReader.deepest else { throw .tooDeep }
    guard offset < bytes.count else { return nil }
    let type = bytes[offset]
    offset += 1
    switch type {
    case UInt8(ascii: "$"): return try bulk()
    case UInt8(ascii: "="):  // verbatim: "txt:" before the text
      guard let value = try bulk() else { return nil }
      guard case .text(let bytes) = value, bytes.count >= 4 else { return value }
      return .text(Array(bytes.dropFirst(4)))
    case UInt8(ascii: "*"), UInt8(ascii: "~"):
      guard let elements = try values(perElement: 1, depth: depth) else { return nil }
      return elements.map { .list($0) } ?? RESPValue.none
    case UInt8(ascii: ">"):
      guard let elements = try values(perElement: 1, depth: depth) else { return nil }
      return .push(elements ?? [])
    case UInt8(ascii: "%"):
      guard let elements = try values(perElement: 2, depth: depth) else { return nil }
      return .map(fields(elements ?? []))
    default: return try line(of: type)
    }
  }

  /// The types that are one line.
  private mutating func line(of type: UInt8) throws(RESPReader.Malformed) -> RESPValue? {
    guard let line = try line() else { return nil }
    switch type {
    case UInt8(ascii: "+"), UInt8(ascii: "("): return .text(line)
    case UInt8(ascii: "-"): return .failure(line)
    case UInt8(ascii: "_"): return RESPValue.none
    case UInt8(ascii: "#"): return .boolean(line == "t")
    case UInt8(ascii: ":"):
      guard let number = Int64(line) else { throw .badNumber(line) }
      return .integer(number)
    case UInt8(ascii: ","):
      guard Digits.value(line) != nil || ["inf", "-inf", "nan"].contains(line) else { throw .badNumber(line) }
      return .decimal(line)
    default: throw .unknownType(type)
    }
  }

  private func fields(_ values: [RESPValue]) -> [RESPValue.Field] {
    var fields: [RESPValue.Field] = []
    var at = 0
    while at + 1 < values.count {
      fields.append(.init(key: scalarText(values[at]), value: values[at + 1]))
      at += 2
    }
    return fields
  }
}
