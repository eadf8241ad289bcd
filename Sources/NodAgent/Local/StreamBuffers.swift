// The bytes of one connection on their way in and out. Both are straight pieces of memory, not rings: a
// request and a reply can be handed on as they lie. Bytes move only when the end is reached, at most once per
// request.
import NodCore

/// Requests as they arrive: `kept ..< parsed` may still be needed by requests that wait for their turn,
/// `parsed ..< filled` is not yet understood. Positions that outlive a move are counted from the stream's
/// beginning.
struct InputBuffer {
  private(set) var base: UnsafeMutableRawPointer
  private(set) var capacity: Int
  private let ownBase: UnsafeMutableRawPointer
  private let ownCapacity: Int
  /// Which of the shared large buffers is borrowed; -1 when none is.
  private(set) var largeIndex: Int32 = -1
  /// Stream position of `base[0]`.
  private var origin: UInt64 = 0
  private(set) var parsed = 0
  private(set) var filled = 0

  init(base: UnsafeMutableRawPointer, capacity: Int) {
    self.base = base
    self.capacity = capacity
    ownBase = base
    ownCapacity = capacity
  }

  var unparsed: Bytes { Bytes(start: base + parsed, count: filled - parsed) }
  var room: UnsafeMutableRawBufferPointer { .init(start: base + filled, count: capacity - filled) }
  var isFull: Bool { filled == capacity }
  /// Stream position of the next request.
  var position: UInt64 { origin + UInt64(parsed) }
  /// The request that began at a stream position still kept.
  func request(at position: UInt64, length: Int) -> Bytes {
    let start = Int(position - origin)
    precondition(position >= origin && start + length <= parsed)
    return Bytes(start: base + start, count: length)
  }

  mutating func fill(_ count: Int) {
    precondition(count >= 0 && count <= capacity - filled)
    filled += count
  }
  mutating func advance(_ count: Int) {
    precondition(count <= filled - parsed)
    parsed += count
  }
  mutating func discardAll() {
    origin += UInt64(filled)
    parsed = 0
    filled = 0
  }

  /// Moves what is kept to the front.
  mutating func release(before position: UInt64) {
    let start = Int(position - origin)
    guard start > 0 else { return }
    if filled > start { base.copyMemory(from: base + start, byteCount: filled - start) }
    origin = position
    parsed -= start
    filled -= start
  }
  /// Goes on in a larger piece of memory.
  mutating func borrow(_ large: UnsafeMutableRawPointer, capacity: Int, index: Int32) {
    precondition(largeIndex < 0 && capacity >= filled)
    large.copyMemory(from: base, byteCount: filled)
    base = large
    self.capacity = capacity
    largeIndex = index
  }
  /// Goes back to the connection's own memory when what is needed from `position` on fits there.
  ///
  /// - Returns: which large buffer became free; -1 when none did.
  mutating func returnLarge(keepingFrom position: UInt64) -> Int32 {
    let start = Int(position - origin)
    guard largeIndex >= 0, filled - start < ownCapacity else { return -1 }
    if filled > start { ownBase.copyMemory(from: base + start, byteCount: filled - start) }
    origin = position
    parsed -= start
    filled -= start
    return forgetLarge()
  }
  /// The same for a connection that ends.
  mutating func forgetLarge() -> Int32 {
    defer { largeIndex = -1 }
    base = ownBase
    capacity = ownCapacity
    return largeIndex
  }
}

/// Replies that wait for the client to read them.
struct OutputBuffer {
  private let base: UnsafeMutableRawPointer
  private let capacity: Int
  private var sent = 0
  private var filled = 0

  init(base: UnsafeMutableRawPointer, capacity: Int) {
    self.base = base
    self.capacity = capacity
  }

  var unsent: Bytes { Bytes(start: base + sent, count: filled - sent) }
  var isEmpty: Bool { sent == filled }
  /// Where the next reply goes.
  var room: UnsafeMutableRawBufferPointer { .init(start: base + filled, count: capacity - filled) }

  mutating func fill(_ count: Int) {
    precondition(count <= capacity - filled)
    filled += count
  }
  /// The kernel took `count` bytes.
  mutating func take(_ count: Int) {
    precondition(count <= filled - sent)
    sent += count
    if sent == filled {
      sent = 0
      filled = 0
    }
  }
  /// Gains room at the end when at least a quarter was sent, so that no byte moves more than four times.
  mutating func makeRoom(_ wanted: Int) -> Bool {
    if capacity - filled >= wanted { return true }
    guard sent >= capacity / 4 else { return false }
    base.copyMemory(from: base + sent, byteCount: filled - sent)
    filled -= sent
    sent = 0
    return capacity - filled >= wanted
  }
  mutating func discardAll() {
    sent = 0
    filled = 0
  }
}
