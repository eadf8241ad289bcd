// Reading what clients write as words: numbers, options without regard to case, tokens.
import NodCore

extension UnsafeRawBufferPointer {
  /// The same letters without regard to case; `word` is in capitals.
  func isWord(_ word: StaticString) -> Bool {
    guard count == word.utf8CodeUnitCount else { return false }
    for i in 0..<count where Self.capital(self[i]) != word.utf8Start[i] { return false }
    return true
  }
  static func capital(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte - 32 : byte
  }

  /// A decimal number as Redis takes it: no blanks, no plus sign, no leading zeros, within 64 bits.
  var decimal: Int64? {
    guard count > 0 else { return nil }
    let isNegative = self[0] == UInt8(ascii: "-")
    guard let magnitude = part(isNegative ? 1 : 0, count).unsignedDecimal else { return nil }
    if isNegative {
      if magnitude == 0 || magnitude > Int64.min.magnitude { return nil }
      return magnitude == Int64.min.magnitude ? Int64.min : -Int64(magnitude)
    }
    return magnitude > UInt64(Int64.max) ? nil : Int64(magnitude)
  }
  /// Digits only, within 64 bits, "0" or without leading zeros.
  var unsignedDecimal: UInt64? {
    guard count > 0, count <= 20, count == 1 || self[0] != UInt8(ascii: "0") else { return nil }
    var value: UInt64 = 0
    for byte in self {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
      let (sum, carried) = tens.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
      if overflowed || carried { return nil }
      value = sum
    }
    return value
  }
}

/// A token as people and programs carry it around: `node-incarnation-sequence-position`, all decimal.
extension CommandToken {
  /// Nil unless the text is exactly what `ReplyWriter.token` writes.
  package init?(text: Bytes) {
    var parts: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var start = 0
    for index in 0..<4 {
      var end = start
      while end < text.count, text[end] != UInt8(ascii: "-") { end += 1 }
      guard index == 3 ? end == text.count : end < text.count,
        let number = text.part(start, end).unsignedDecimal
      else { return nil }
      switch index {
      case 0: parts.0 = number
      case 1: parts.1 = number
      case 2: parts.2 = number
      default: parts.3 = number
      }
      start = end + 1
    }
    guard parts.0 < UInt64(NodeID.limit), parts.1 <= UInt64(UInt32.max), parts.2 <= UInt64(UInt32.max) else {
      return nil
    }
    self.init(
      id: CommandID(node: NodeID(UInt8(parts.0)), incarnation: UInt32(parts.1), sequence: UInt32(parts.2)),
      issuedAt: LogIndex(parts.3))
  }
}

extension ReplyWriter {
  /// Part of a line: the token's text.
  package mutating func token(_ token: CommandToken) {
    number(UInt64(token.id.node.raw))
    text("-")
    number(UInt64(token.id.incarnation))
    text("-")
    number(UInt64(token.id.sequence))
    text("-")
    number(token.issuedAt.raw)
  }
}
