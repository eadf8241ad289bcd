// Bytes from outside and bytes on their way out: a reader that cannot run past its end, a writer that refuses
// what does not fit. Varints are LEB128 (7 bits a byte, low first), at most 10 bytes. What is called in hundreds of
// places is not inlined where size counts: on a board all of them.

/// Borrowed bytes; valid only for the call that they are handed to.
package typealias Bytes = UnsafeRawBufferPointer

extension UnsafeRawBufferPointer {
  /// The bytes `from ..< to`; empty when the range does not lie inside.
  package func part(_ from: Int, _ to: Int) -> Bytes {
    guard from >= 0, from < to, to <= count, let base = baseAddress else {
      return Bytes(start: nil, count: 0)
    }
    return Bytes(start: base + from, count: to - from)
  }

  /// The same bytes in the same number.
  package func equals(_ other: Bytes) -> Bool {
    guard count == other.count else { return false }
    var i = 0
    while i < count {
      if self[i] != other[i] { return false }
      i += 1
    }
    return true
  }
}

/// Reads from borrowed bytes. Past the end it returns zeros and stays `failed`: check once, at the end.
package struct ByteReader {
  package let bytes: Bytes
  package private(set) var offset = 0
  package private(set) var failed = false

  package init(_ bytes: Bytes) { self.bytes = bytes }

  package var remaining: Int { bytes.count - offset }
  package var isAtEnd: Bool { offset == bytes.count }
  /// Declares what was read to be meaningless.
  package mutating func fail() { failed = true }

  #if hasFeature(Embedded)
    @inline(never)
  #endif
  package mutating func u8() -> UInt8 {
    guard !failed, offset < bytes.count else {
      failed = true
      return 0
    }
    defer { offset += 1 }
    return bytes[offset]
  }
  package mutating func u16() -> UInt16 { UInt16(u8()) | UInt16(u8()) << 8 }
  package mutating func u32() -> UInt32 { UInt32(u16()) | UInt32(u16()) << 16 }
  package mutating func u64() -> UInt64 { UInt64(u32()) | UInt64(u32()) << 32 }

  /// An unsigned LEB128 number; more than ten bytes, or bits past the 64th, fail.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  package mutating func varint() -> UInt64 {
    if !failed, offset < bytes.count, bytes[offset] < 0x80 {  // most are small
      defer { offset += 1 }
      return UInt64(bytes[offset])
    }
    return longVarint()
  }
  @inline(never)
  private mutating func longVarint() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 64 {  // at most ten bytes
      let byte = u8()
      if failed { return 0 }
      if shift == 63 && byte > 1 {
        failed = true
        return 0
      }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    failed = true
    return 0
  }
  /// A varint that must not exceed `limit`.
  @inline(never)
  package mutating func varint(atMost limit: UInt64) -> UInt64 {
    let value = varint()
    if value > limit {
      failed = true
      return 0
    }
    return value
  }
  @inline(never)
  package mutating func signedVarint() -> Int64 {
    let raw = varint()
    return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
  }
  package mutating func bytes(_ count: Int) -> Bytes {
    guard !failed, count >= 0, count <= remaining else {
      failed = true
      return Bytes(start: nil, count: 0)
    }
    defer { offset += count }
    return bytes.part(offset, offset + count)
  }
}

/// Writes into a buffer that the caller owns. What does not fit is refused and the writer stays `overflowed`.
package struct ByteWriter {
  package let buffer: UnsafeMutableRawBufferPointer
  package private(set) var count = 0
  package private(set) var overflowed = false

  package init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

  package var remaining: Int { buffer.count - count }
  package var written: Bytes { Bytes(start: buffer.baseAddress, count: count) }
  /// Takes back everything past `mark`, overflow included.
  package mutating func rewind(to mark: Int) {
    precondition(mark <= count)
    count = mark
    overflowed = false
  }

  #if hasFeature(Embedded)
    @inline(never)
  #endif
  package mutating func u8(_ value: UInt8) {
    guard !overflowed, count < buffer.count else {
      overflowed = true
      return
    }
    buffer[count] = value
    count += 1
  }
  package mutating func u16(_ v: UInt16) {
    u8(UInt8(truncatingIfNeeded: v))
    u8(UInt8(truncatingIfNeeded: v >> 8))
  }
  package mutating func u32(_ v: UInt32) {
    u16(UInt16(truncatingIfNeeded: v))
    u16(UInt16(truncatingIfNeeded: v >> 16))
  }
  package mutating func u64(_ v: UInt64) {
    u32(UInt32(truncatingIfNeeded: v))
    u32(UInt32(truncatingIfNeeded: v >> 32))
  }
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  package mutating func varint(_ value: UInt64) {
    var rest = value
    if !overflowed, buffer.count - count >= 10, let base = buffer.baseAddress {  // room for any
      var at = count
      while rest >= 0x80 {  // at most nine times
        base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: at, as: UInt8.self)
        at += 1
        rest >>= 7
      }
      base.storeBytes(of: UInt8(rest), toByteOffset: at, as: UInt8.self)
      count = at + 1
      return
    }
    while rest >= 0x80 {  // at most ten bytes
      u8(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    u8(UInt8(rest))
  }
  @inline(never)
  package mutating func signedVarint(_ value: Int64) {
    varint(ByteWriter.zigzag(value))
  }
  private static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }
  /// Bytes that `varint` and `signedVarint` take.
  package static func varintLength(_ value: UInt64) -> Int { max(1, (70 - value.leadingZeroBitCount) / 7) }
  package static func signedVarintLength(_ value: Int64) -> Int { varintLength(zigzag(value)) }
  package mutating func bytes(_ source: Bytes) {
    guard !overflowed, source.count <= remaining else {
      overflowed = true
      return
    }
    if source.count > 0 {
      UnsafeMutableRawBufferPointer(rebasing: buffer[count..<count + source.count]).copyMemory(from: source)
    }
    count += source.count
  }
  /// Overwrites one byte that was written before.
  package mutating func patch(_ offset: Int, _ value: UInt8) {
    precondition(offset < count)
    buffer[offset] = value
  }

  /// Bytes that a varint of this value takes.
  package static func varintSize(_ value: UInt64) -> Int {
    var rest = value
    var size = 1
    while rest >= 0x80 {
      rest >>= 7
      size += 1
    }
    return size
  }
}
