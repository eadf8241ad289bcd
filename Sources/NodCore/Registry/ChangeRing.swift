// Which keys changed and how, on their way to subscribers (Redis keyspace notifications). A bounded ring of
// bytes: when nobody drains it new changes are counted and dropped. It is no part of the replicated state.

/// What happened to a key; named as Redis names its keyspace events.
package enum ChangeEvent: UInt8, Sendable {
  case set = 1
  case del, expire, persist, incrby, expired

  package var name: StaticString {
    switch self {
    case .set: "set"
    case .del: "del"
    case .expire: "expire"
    case .persist: "persist"
    case .incrby: "incrby"
    case .expired: "expired"
    }
  }
}

package struct Change {
  package var event: ChangeEvent
  /// In the buffer that was given to `Registry.nextChange`.
  package var key: Bytes
  package var index: LogIndex
}

struct ChangeRing: ~Copyable {
  /// Event, key length, log index.
  static let headBytes = 1 + 2 + 8

  private let ring: UnsafeMutableRawBufferPointer
  private var start = 0
  private var used = 0
  private(set) var dropped: UInt64 = 0

  /// - Parameter byteCount: 0 for a ring that takes nothing.
  init(byteCount: Int) { ring = .allocate(byteCount: byteCount, alignment: 1) }
  deinit { ring.deallocate() }

  var isEmpty: Bool { used == 0 }

  mutating func append(_ event: ChangeEvent, _ key: Bytes, _ index: LogIndex) {
    guard Self.headBytes + key.count <= ring.count - used else {
      dropped += 1
      return
    }
    put(event.rawValue)
    put(UInt8(truncatingIfNeeded: key.count))
    put(UInt8(truncatingIfNeeded: key.count >> 8))
    for byte in 0..<UInt64(8) { put(UInt8(truncatingIfNeeded: index.raw >> (8 * byte))) }
    for i in 0..<key.count { put(key[i]) }
  }

  /// The oldest change, its key copied to `buffer`; a key longer than the buffer is cut.
  mutating func next(into buffer: UnsafeMutableRawBufferPointer) -> Change? {
    guard used > 0 else { return nil }
    let event = ChangeEvent(rawValue: take())
    let length = Int(take()) | Int(take()) << 8
    var index: UInt64 = 0
    for byte in 0..<UInt64(8) { index |= UInt64(take()) << (8 * byte) }
    for i in 0..<length {
      let byte = take()
      if i < buffer.count { buffer[i] = byte }
    }
    guard let event else { preconditionFailure("the ring holds what was put in") }
    return Change(
      event: event, key: Bytes(start: buffer.baseAddress, count: min(length, buffer.count)),
      index: LogIndex(index))
  }

  private mutating func put(_ byte: UInt8) {
    ring[(start + used) % ring.count] = byte
    used += 1
  }
  private mutating func take() -> UInt8 {
    let byte = ring[start]
    start = (start + 1) % ring.count
    used -= 1
    return byte
  }
}
