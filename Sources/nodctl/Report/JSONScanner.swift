// One JSON value after the other out of a line's bytes. A trace has a million lines of one flat object each, so nothing
// is built that is not asked for: a reader of keys decides for each value whether to read or to skip it.

/// Reads from a line; after the first mistake it stands still and `failed` says so.
struct JSONScanner {
  /// Deeper values are refused: a line of ours has two levels.
  private static let depthLimit = 16

  private let bytes: UnsafeBufferPointer<UInt8>
  /// Bytes read so far: where a mistake is.
  private(set) var offset = 0
  private(set) var failed = false

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool {
    mutating get {
      skipBlanks()
      return offset >= bytes.count
    }
  }

  /// Calls `member` with each key of an object; it reads or skips the value.
  mutating func object(_ member: (inout JSONScanner, String) -> Void) {
    list("{", "}") { scanner in
      let key = scanner.string()
      scanner.take(":")
      if !scanner.failed { member(&scanner, key) }
    }
  }

  mutating func array(_ element: (inout JSONScanner) -> Void) { list("[", "]", element) }

  mutating func string() -> String {
    take("\"")
    let start = offset
    while offset < bytes.count, bytes[offset] != UInt8(ascii: "\""), bytes[offset] != UInt8(ascii: "\\") {
      offset += 1
    }
    guard !failed, offset < bytes.count else { return fail("") }
    let plain = UnsafeBufferPointer(rebasing: bytes[start..<offset])
    if bytes[offset] == UInt8(ascii: "\"") {
      offset += 1
      return String(decoding: plain, as: UTF8.self)
    }
    return escaped(Array(plain))
  }

  /// A whole number; what stands behind a point is cut off.
  mutating func integer() -> Int64 {
    skipBlanks()
    let isNegative = offset < bytes.count && bytes[offset] == UInt8(ascii: "-")
    if isNegative { offset += 1 }
    let start = offset
    var value: Int64 = 0
    while offset < bytes.count, let digit = digit(bytes[offset]) {
      let (tens, wide) = value.multipliedReportingOverflow(by: 10)
      let (sum, over) = tens.addingReportingOverflow(digit)
      if wide || over { return fail(0) }
      value = sum
      offset += 1
    }
    if offset == start { return fail(0) }
    while offset < bytes.count, "+-.eE0123456789".utf8.contains(bytes[offset]) { offset += 1 }
    return isNegative ? -value : value
  }

  mutating func boolean() -> Bool {
    skipBlanks()
    if skipWord("true") { return true }
    if skipWord("false") { return false }
    return fail(false)
  }

  /// true when the next value is null, which is then read.
  mutating func isNull() -> Bool {
    skipBlanks()
    return skipWord("null")
  }

  mutating func skip(depth: Int = 0) {
    skipBlanks()
    guard depth < JSONScanner.depthLimit, offset < bytes.count else { return fail(()) }
    switch bytes[offset] {
    case UInt8(ascii: "\""): _ = string()
    case UInt8(ascii: "{"): object { scanner, _ in scanner.skip(depth: depth + 1) }
    case UInt8(ascii: "["): array { $0.skip(depth: depth + 1) }
    case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = boolean()
    case UInt8(ascii: "n"): if !isNull() { fail(()) }
    default: _ = integer()
    }
  }

  // MARK: -

  private mutating func list(
    _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ element: (inout JSONScanner) -> Void
  ) {
    take(open)
    if has(close) { return }
    while !failed {  // bounded by the line
      element(&self)
      if has(close) { return }
      take(",")
    }
  }

  private mutating func escaped(_ begun: [UInt8]) -> String {
    var text = begun
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      guard offset < bytes.count else { break }
      let letter = bytes[offset]
      offset += 1
      switch letter {
      case UInt8(ascii: "n"): text.append(0x0a)
      case UInt8(ascii: "r"): text.append(0x0d)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0c)
      case UInt8(ascii: "u"): text += Array(String(scalar()).utf8)
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
      default: return fail("")
      }
    }
    return fail("")
  }

  /// After `\u`: four digits, or eight in two halves; half a pair becomes the replacement character.
  private mutating func scalar() -> Unicode.Scalar {
    let first = hex4()
    if (0xd800..<0xdc00).contains(first), offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
      bytes[offset + 1] == UInt8(ascii: "u")
    {
      offset += 2
      let second = hex4()
      if (0xdc00..<0xe000).contains(second) {
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)) ?? "\u{fffd}"
      }
    }
    return Unicode.Scalar(first) ?? "\u{fffd}"
  }

  private mutating func hex4() -> UInt32 {
    guard offset + 4 <= bytes.count,
      let value = UInt32(String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16)
    else { return fail(0) }
    offset += 4
    return value
  }

  private func digit(_ byte: UInt8) -> Int64? {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int64(byte - UInt8(ascii: "0")) : nil
  }

  private mutating func skipBlanks() {
    while offset < bytes.count, [0x20, 0x09, 0x0d].contains(bytes[offset]) { offset += 1 }
  }

  private mutating func skipWord(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard offset + count <= bytes.count else { return false }
    for i in 0..<count where bytes[offset + i] != word.utf8Start[i] { return false }
    offset += count
    return true
  }

  private mutating func has(_ sign: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard !failed, offset < bytes.count, bytes[offset] == UInt8(ascii: sign) else { return false }
    offset += 1
    return true
  }

  private mutating func take(_ sign: Unicode.Scalar) { if !has(sign) { failed = true } }

  private mutating func fail<Value>(_ value: Value) -> Value {
    failed = true
    return value
  }
}
