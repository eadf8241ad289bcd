// The forms that values have in a file, both ways: numbers, octal, hexadecimal, names, paths, lists of words.
// Strict: what is written back is what was read.
import CBoard
import NodCore

/// Bytes of a member's or cluster's name at most.
package let nameLimit = 32
/// Bytes of a path at most.
package let pathLimit = 255
/// Bytes of a Unix socket's path at most (sockaddr_un holds 108, a zero included).
package let socketPathLimit = 107

/// Digits only, with an optional minus, at most 18 of them.
func decimal(_ text: String) -> Int64? {
  var value: Int64 = 0
  var digits = 0
  var isNegative = false
  for (position, byte) in text.utf8.enumerated() {
    if position == 0 && byte == UInt8(ascii: "-") {
      isNegative = true
      continue
    }
    guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), digits < 18 else { return nil }
    value = value * 10 + Int64(byte - UInt8(ascii: "0"))
    digits += 1
  }
  return digits == 0 ? nil : isNegative ? -value : value
}

/// Digits with up to three more behind a point, as thousandths: "6.53" is 6530.
func decimalThousandths(_ text: String) -> Int64? {
  let bytes = Array(text.utf8)
  let point = bytes.firstIndex(of: UInt8(ascii: "."))
  let whole = decimal(String(decoding: bytes[..<(point ?? bytes.count)], as: UTF8.self))
  guard let whole, whole >= 0, whole < 1_000_000_000_000 else { return nil }
  guard let point else { return whole * 1000 }
  var digits = Array(bytes[(point + 1)...])
  guard digits.count >= 1, digits.count <= 3 else { return nil }
  while digits.count < 3 { digits.append(UInt8(ascii: "0")) }
  guard let part = decimal(String(decoding: digits, as: UTF8.self)), part >= 0 else { return nil }
  return whole * 1000 + part
}

/// "0660" or "660".
func octal(_ text: String) -> UInt32? {
  let bytes = text.utf8
  guard bytes.count >= 3, bytes.count <= 4 else { return nil }
  var value: UInt32 = 0
  for byte in bytes {
    guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "7") else { return nil }
    value = value * 8 + UInt32(byte - UInt8(ascii: "0"))
  }
  return value
}

package func octalText(_ bits: UInt32) -> String {
  "0\((bits >> 6) & 7)\((bits >> 3) & 7)\(bits & 7)"
}

package func hexText(_ bytes: [UInt8]) -> String {
  var text = ""
  text.reserveCapacity(2 * bytes.count)
  for byte in bytes {
    for nibble in [byte >> 4, byte & 15] {
      text.unicodeScalars.append(
        Unicode.Scalar(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10))
    }
  }
  return text
}

/// Pairs of hexadecimal digits, nothing between them.
package func bytes(ofHex text: String) -> [UInt8]? {
  var bytes: [UInt8] = []
  var high: UInt8?
  for character in text.utf8 {
    let nibble: UInt8
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): nibble = character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): nibble = character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): nibble = character - UInt8(ascii: "A") + 10
    default: return nil
    }
    if let first = high {
      bytes.append(first << 4 | nibble)
      high = nil
    } else {
      high = nibble
    }
  }
  return high == nil ? bytes : nil
}

package func isName(_ text: String) -> Bool {
  let size = text.utf8.count
  guard size >= 1, size <= nameLimit else { return false }
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
      continue
    default: return false
    }
  }
  return true
}

/// "a, b or c".
func listed(_ words: [String], last: String) -> String {
  var text = ""
  for (position, word) in words.enumerated() {
    if position > 0 { text += position == words.count - 1 ? " \(last) " : ", " }
    text += word
  }
  return text
}

/// Everything up to and with the last slash; empty when there is none.
func directoryPart(of path: String) -> String {
  let bytes = Array(path.utf8)
  guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "" }
  return String(decoding: bytes[...slash], as: UTF8.self)
}

/// A port that only this board can reach.
package struct LoopbackAddress: Equatable, Sendable {
  package var isV6: Bool
  package var port: UInt16

  package init(isV6: Bool, port: UInt16) {
    self.isV6 = isV6
    self.port = port
  }

  /// "127.0.0.1:9464" or "[::1]:9464", and nothing else: another address would be for others too.
  package init?(_ text: String) {
    for (host, isV6) in [("127.0.0.1:", false), ("[::1]:", true)] where text.begins(with: host) {
      let digits = text.utf8.dropFirst(host.utf8.count)
      guard let port = decimal(String(decoding: digits, as: UTF8.self)), port >= 1, port <= 65_535 else {
        return nil
      }
      self.init(isV6: isV6, port: UInt16(port))
      return
    }
    return nil
  }

  package var text: String { "\(isV6 ? "[::1]" : "127.0.0.1"):\(port)" }
}

/// Numeric addresses as CBoard reads them.
package enum BoardAddress {
  /// "10.0.0.7:7100", "[fd00::7]:7100", "localhost:7100"; the port is not 0.
  package static func isValid(_ text: String, isMulticast: Bool = false) -> Bool {
    text.withCString { isMulticast ? board_address_check_multicast($0) : board_address_check($0) } == 0
  }

  /// An IPv6 address stands in brackets.
  package static func isV6(_ text: String) -> Bool { text.utf8.first == UInt8(ascii: "[") }
}
