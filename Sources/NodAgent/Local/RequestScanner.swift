// Finds where a request ends in a stream of bytes that arrives in pieces, and then its arguments: RESP arrays
// of bulk strings, and the inline form that a person types. Every byte is looked at once for the end and once
// for the arguments, however small the pieces. Nothing is copied but inline requests, whose quotes are taken
// away.
import NodCore

/// Why the bytes of a client are no request. The connection is told and closed: nothing says where the next
/// begins.
package enum ProtocolError {
  case tooManyArguments(Int64)
  case bulkTooLong(Int64, limit: Int)
  case commandTooLong(limit: Int)
  case expectedBulk(found: UInt8)
  case badLength
  case lineTooLong
  case unbalancedQuotes
}

/// The resumable search for the end of one request.
package struct RequestScanner {
  package enum Verdict {
    /// The request ends behind the bytes that are there; `atLeast` bytes of it are certain by now.
    case incomplete(atLeast: Int)
    case complete(length: Int)
    case refused(ProtocolError)
  }

  private var offset = 0
  private var bulksLeft = RequestScanner.unknown
  private static let unknown: Int64 = -1
  /// `*` or `$`, the digits of an Int64, CR LF.
  private static let headerLimit = 24

  package init() {}

  /// - Parameter bytes: what has arrived from the request's first byte on; never less than in the call
  ///   before.
  package mutating func scan(_ bytes: Bytes, limits: borrowing LocalLimits) -> Verdict {
    guard bytes.count > 0 else { return .incomplete(atLeast: 1) }
    guard bytes[0] == UInt8(ascii: "*") else { return scanInline(bytes, limits) }
    if bulksLeft == Self.unknown {
      switch Self.header(bytes, at: 0) {
      case .incomplete: return .incomplete(atLeast: bytes.count + 1)
      case .bad: return .refused(.badLength)
      case .value(let elements, let next):
        if elements > Int64(limits.arguments) { return .refused(.tooManyArguments(elements)) }
        bulksLeft = max(elements, 0)
        offset = next
      }
    }
    while bulksLeft > 0 {
      guard offset < bytes.count else { return .incomplete(atLeast: offset + Int(bulksLeft) * 5) }
      guard bytes[offset] == UInt8(ascii: "$") else { return .refused(.expectedBulk(found: bytes[offset])) }
      switch Self.header(bytes, at: offset) {
      case .incomplete: return .incomplete(atLeast: max(offset + 5, bytes.count + 1))
      case .bad: return .refused(.badLength)
      case .value(let length, let body):
        if length < 0 { return .refused(.badLength) }
        if length > Int64(limits.commandBytes) {
          return .refused(.bulkTooLong(length, limit: limits.commandBytes))
        }
        let end = body + Int(length) + 2
        if end > limits.commandBytes { return .refused(.commandTooLong(limit: limits.commandBytes)) }
        guard end <= bytes.count else { return .incomplete(atLeast: end) }
        guard bytes[end - 2] == UInt8(ascii: "\r"), bytes[end - 1] == UInt8(ascii: "\n") else {
          return .refused(.badLength)
        }
        offset = end
        bulksLeft -= 1
      }
    }
    return .complete(length: offset)
  }

  private mutating func scanInline(_ bytes: Bytes, _ limits: borrowing LocalLimits) -> Verdict {
    while offset < bytes.count {
      if bytes[offset] == UInt8(ascii: "\n") { return .complete(length: offset + 1) }
      offset += 1
      if offset >= limits.inlineBytes { return .refused(.lineTooLong) }
    }
    return .incomplete(atLeast: offset + 1)
  }

  fileprivate enum Header {
    case incomplete, bad
    case value(Int64, next: Int)
  }
  /// Reads `<kind><digits>CRLF` at `start`; the kind has been looked at.
  fileprivate static func header(_ bytes: Bytes, at start: Int) -> Header {
    var at = start + 1
    var value: Int64 = 0
    var digits = 0
    var isNegative = false
    if at < bytes.count, bytes[at] == UInt8(ascii: "-") {
      isNegative = true
      at += 1
    }
    while at < bytes.count, at - start < headerLimit {
      let byte = bytes[at]
      if byte == UInt8(ascii: "\r") {
        guard at + 1 < bytes.count else { return .incomplete }
        guard bytes[at + 1] == UInt8(ascii: "\n"), digits > 0 else { return .bad }
        return .value(isNegative ? -value : value, next: at + 2)
      }
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), digits < 18 else { return .bad }
      value = value * 10 + Int64(byte - UInt8(ascii: "0"))
      digits += 1
      at += 1
    }
    return at - start < headerLimit ? .incomplete : .bad
  }
}

/// The arguments of one complete request; room for as many as the limits allow, taken once.
package struct Arguments: ~Copyable {
  package private(set) var count = 0
  private let found: UnsafeMutableBufferPointer<Bytes>
  private let unquoted: UnsafeMutableRawBufferPointer

  package init(limits: borrowing LocalLimits) {
    found = .allocate(capacity: limits.arguments)
    unquoted = .allocate(byteCount: limits.inlineBytes, alignment: 1)
  }
  deinit {
    found.deallocate()
    unquoted.deallocate()
  }

  /// The arguments borrow from the request; valid until the next `collect`.
  package subscript(_ index: Int) -> Bytes {
    precondition(index >= 0 && index < count)
    return found[index]
  }

  /// Splits a request that the scanner called complete.
  ///
  /// - Returns: false when the quotes of an inline request do not match.
  package mutating func collect(_ request: Bytes) -> Bool {
    count = 0
    guard request.count > 0, request[0] == UInt8(ascii: "*") else { return collectInline(request) }
    guard case .value(let elements, var at) = RequestScanner.header(request, at: 0) else { return false }
    var left = elements
    while left > 0, count < found.count {
      guard case .value(let length, let body) = RequestScanner.header(request, at: at) else { return false }
      append(Bytes(rebasing: request[body..<body + Int(length)]))
      at = body + Int(length) + 2
      left -= 1
    }
    return true
  }

  private mutating func append(_ argument: Bytes) {
    (found.baseAddress! + count).initialize(to: argument)
    count += 1
  }

  /// Splits a line at its blanks; "..." with \n \r \t \\ \" \xHH and '...' keep them, as redis-cli's users
  /// expect.
  private mutating func collectInline(_ line: Bytes) -> Bool {
    var at = 0
    var used = 0
    while count < found.count {
      while at < line.count, Self.isBlank(line[at]) { at += 1 }
      if at >= line.count { return true }
      let start = used
      guard unquote(line, &at, &used) else { return false }
      append(Bytes(rebasing: UnsafeRawBufferPointer(unquoted)[start..<used]))
    }
    return false
  }

  /// Takes one word of the line. What it becomes is never longer than it was.
  private func unquote(_ line: Bytes, _ at: inout Int, _ used: inout Int) -> Bool {
    var quote: UInt8 = 0
    while at < line.count {
      var byte = line[at]
      at += 1
      if quote == 0 {
        if Self.isBlank(byte) { return true }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
          quote = byte
          continue
        }
      } else if byte == quote {
        quote = 0
        guard at >= line.count || Self.isBlank(line[at]) else { return false }
        continue
      } else if byte == UInt8(ascii: "\\"), at < line.count {
        byte = Self.escaped(line, &at, isDouble: quote == UInt8(ascii: "\""))
      }
      unquoted[used] = byte
      used += 1
    }
    return quote == 0
  }

  private static func escaped(_ line: Bytes, _ at: inout Int, isDouble: Bool) -> UInt8 {
    let byte = line[at]
    guard isDouble else {
      guard byte == UInt8(ascii: "'") else { return UInt8(ascii: "\\") }
      at += 1
      return byte
    }
    at += 1
    switch byte {
    case UInt8(ascii: "n"): return 0x0a
    case UInt8(ascii: "r"): return 0x0d
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "x"):
      guard at + 1 < line.count, let high = hexDigit(line[at]), let low = hexDigit(line[at + 1]) else {
        return byte
      }
      at += 2
      return high << 4 | low
    default: return byte
    }
  }
  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte == 0
  }
}
