// Decimal fractions written and read without a C library's formats, which a board's build does not have.

package enum Digits {
  /// More digits than a field of a report ever has.
  private static let mostDigits = 6

  /// The number with so many digits behind the point, rounded to the nearest.
  package static func text(_ number: Double, digits: Int) -> String {
    guard number.isFinite else { return number.isNaN ? "nan" : number < 0 ? "-inf" : "inf" }
    var scale: UInt64 = 1
    for _ in 0..<min(digits, mostDigits) { scale *= 10 }
    let scaled = abs(number) * Double(scale) + 0.5
    guard scaled < 1.8e19 else { return number < 0 ? "-1e18 or less" : "1e18 or more" }
    let whole = UInt64(scaled)
    var text = number < 0 && whole > 0 ? "-" : ""
    text += String(whole / scale)
    guard scale > 1 else { return text }
    text += "."
    var rest = scale / 10
    while rest > 1, whole % scale < rest {
      text += "0"
      rest /= 10
    }
    return text + String(whole % scale)
  }

  /// The number that a text like "-12.5" or "1e3" says; nil when it says none, or one that is not finite.
  package static func value(_ text: String) -> Double? {
    var number = 0.0
    var exponent = 0
    var fraction = 0
    var isNegative = false
    var isExponentNegative = false
    var part = 0  // 0 before the point, 1 behind it, 2 in the exponent
    var digits = 0
    var last: UInt8 = 0
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        digits += 1
        if part == 2 {
          exponent = min(9_999, exponent * 10 + Int(byte - 48))
        } else {
          number = number * 10 + Double(byte - 48)
          if part == 1 { fraction += 1 }
        }
      case UInt8(ascii: "-"), UInt8(ascii: "+"):
        if last == 0 {
          isNegative = byte == UInt8(ascii: "-")
        } else if part == 2, last == UInt8(ascii: "e") || last == UInt8(ascii: "E") {
          isExponentNegative = byte == UInt8(ascii: "-")
        } else {
          return nil
        }
      case UInt8(ascii: ".") where part == 0: part = 1
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        guard part < 2, digits > 0 else { return nil }
        part = 2
      default: return nil
      }
      last = byte
    }
    guard digits > 0 else { return nil }
    var shift = (isExponentNegative ? -exponent : exponent) - fraction
    while shift > 0, number.isFinite, number != 0 {
      number *= 10
      shift -= 1
    }
    while shift < 0, number != 0 {
      number /= 10
      shift += 1
    }
    guard number.isFinite else { return nil }
    return isNegative ? -number : number
  }
}
