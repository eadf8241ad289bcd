// Replies as RESP2 or RESP3, written straight into a connection's output. What does not fit leaves the writer
// `overflowed`; whoever called rewinds and decides. Nothing is allocated.
import NodCore

/// Writes replies in the protocol version that the client has chosen with HELLO.
package struct ReplyWriter {
  package internal(set) var isRESP3: Bool
  package private(set) var count = 0
  package private(set) var overflowed = false
  private let buffer: UnsafeMutableRawBufferPointer

  /// Where a reply of unknown size began.
  package struct Mark { fileprivate var offset: Int }

  package init(_ buffer: UnsafeMutableRawBufferPointer, isRESP3: Bool) {
    self.buffer = buffer
    self.isRESP3 = isRESP3
  }

  /// Bytes that still fit.
  package var room: Int { buffer.count - count }
  package var written: Bytes { Bytes(start: buffer.baseAddress, count: count) }
  package mutating func rewind(to earlier: Int) {
    precondition(earlier <= count)
    count = earlier
    overflowed = false
  }

  // MARK: Whole replies

  /// `+OK`: a short text without line ends.
  package mutating func simple(_ text: StaticString) {
    byte(UInt8(ascii: "+"))
    self.text(text)
    endLine()
  }
  /// `-ERR ...`: begins with its code.
  package mutating func error(_ text: StaticString) {
    beginError()
    self.text(text)
    endLine()
  }
  @inline(never)
  package mutating func integer(_ value: Int64) {
    byte(UInt8(ascii: ":"))
    number(value)
    endLine()
  }
  /// Beyond 2^63 - 1, which no client could read, that.
  package mutating func integer(_ value: UInt64) { integer(Int64(clamping: value)) }
  @inline(never)
  package mutating func bulk(_ bytes: Bytes) {
    header("$", bytes.count)
    raw(bytes)
    endLine()
  }
  @inline(never)
  package mutating func bulk(_ text: StaticString) { bulk(text.bytes) }
  @inline(never)
  package mutating func null() { isRESP3 ? raw("_\r\n") : raw("$-1\r\n") }
  package mutating func boolean(_ value: Bool) {
    if isRESP3 { value ? raw("#t\r\n") : raw("#f\r\n") } else { integer(Int64(value ? 1 : 0)) }
  }

  // MARK: Aggregates of known size

  package mutating func array(_ elements: Int) { header("*", elements) }
  /// A map of `pairs`; in RESP2 the flat array of its keys and values.
  package mutating func map(_ pairs: Int) { isRESP3 ? header("%", pairs) : header("*", 2 * pairs) }
  package mutating func set(_ elements: Int) { header(isRESP3 ? "~" : "*", elements) }
  /// What no request asked for: a message to a subscriber.
  package mutating func push(_ elements: Int) { header(isRESP3 ? ">" : "*", elements) }

  // MARK: Replies whose size is known at the end

  package func mark() -> Mark { Mark(offset: count) }
  /// Makes an array of the `elements` written since the mark. Moves them once.
  package mutating func closeArray(_ mark: Mark, elements: Int) { insertHeader("*", elements, at: mark) }
  package mutating func closeMap(_ mark: Mark, pairs: Int) {
    isRESP3 ? insertHeader("%", pairs, at: mark) : insertHeader("*", 2 * pairs, at: mark)
  }
  /// Makes one text of the bytes written since the mark with `text` and `number`.
  package mutating func closeText(_ mark: Mark) {
    let length = count - mark.offset
    if isRESP3 {
      insertHeader("=", length + 4, at: mark, then: "txt:")
    } else {
      insertHeader("$", length, at: mark)
    }
    endLine()
  }
  /// Makes one string of the bytes written since the mark.
  package mutating func closeBulk(_ mark: Mark) {
    insertHeader("$", count - mark.offset, at: mark)
    endLine()
  }

  // MARK: Parts of an error or a text

  package mutating func beginError() { byte(UInt8(ascii: "-")) }
  @inline(never)
  package mutating func endLine() { raw("\r\n") }
  @inline(never)
  package mutating func text(_ text: StaticString) { raw(text.bytes) }
  /// Bytes of a client inside an error line: cut at 64, what would end the line is shown as a dot.
  package mutating func quoted(_ bytes: Bytes) {
    for i in 0..<min(bytes.count, 64) {
      byte(bytes[i] >= 0x20 && bytes[i] != 0x7f ? bytes[i] : UInt8(ascii: "."))
    }
  }
  /// A command's name in capitals.
  mutating func capitals(_ name: StaticString) {
    for letter in name.bytes { byte(Bytes.capital(letter)) }
  }
  @inline(never)
  package mutating func raw(_ bytes: Bytes) {
    guard !overflowed, bytes.count <= buffer.count - count else {
      overflowed = true
      return
    }
    guard bytes.count > 0 else { return }
    UnsafeMutableRawBufferPointer(rebasing: buffer[count..<count + bytes.count]).copyMemory(from: bytes)
    count += bytes.count
  }
  package mutating func number(_ value: Int64) {
    if value < 0 { byte(UInt8(ascii: "-")) }
    number(value.magnitude)
  }
  package mutating func number(_ value: UInt64) {
    var digits = (UInt64(0), UInt64(0), UInt64(0))  // room for the 20 digits of 2^64 - 1
    withUnsafeMutableBytes(of: &digits) { room in
      let first = Self.decimal(value, endOf: room)
      raw(Bytes(rebasing: UnsafeRawBufferPointer(room)[first..<room.count]))
    }
  }

  // MARK: Inside

  /// Puts the digits at the end of `room`; returns where they begin.
  private static func decimal(_ value: UInt64, endOf room: UnsafeMutableRawBufferPointer) -> Int {
    var rest = value
    var at = room.count
    repeat {
      at -= 1
      room[at] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    } while rest > 0
    return at
  }
  @inline(never)
  private mutating func raw(_ text: StaticString) { raw(text.bytes) }
  private mutating func byte(_ value: UInt8) {
    guard !overflowed, count < buffer.count else {
      overflowed = true
      return
    }
    buffer[count] = value
    count += 1
  }
  @inline(never)
  private mutating func header(_ kind: StaticString, _ size: Int) {
    raw(kind)
    number(UInt64(size))
    endLine()
  }
  private mutating func insertHeader(
    _ kind: StaticString, _ size: Int, at mark: Mark, then prefix: StaticString = ""
  ) {
    guard !overflowed else { return }
    let body = count - mark.offset
    header(kind, size)
    raw(prefix)
    guard !overflowed, let base = buffer.baseAddress else { return }
    // The header was written behind the body; the two change places through a copy of the header, 32 bytes at
    // most.
    let length = count - mark.offset - body
    var copy = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
    withUnsafeMutableBytes(of: &copy) { kept in
      precondition(length <= kept.count)
      kept.baseAddress!.copyMemory(from: base + mark.offset + body, byteCount: length)
      (base + mark.offset + length).copyMemory(from: base + mark.offset, byteCount: body)
      (base + mark.offset).copyMemory(from: kept.baseAddress!, byteCount: length)
    }
  }
}

var noBytes: Bytes { Bytes(start: nil, count: 0) }

extension StaticString {
  /// The text's bytes; it lives as long as the program.
  var bytes: Bytes { Bytes(start: utf8Start, count: utf8CodeUnitCount) }
}
