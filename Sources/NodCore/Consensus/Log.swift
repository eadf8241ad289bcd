// The retained part of the replicated log: a ring of entry heads over a ring of bytes, both taken at start.
// It knows nothing of ballots or decisions; Acceptor does.

/// Entries `first ... last`, contiguous.
///
/// Invariant: `last.raw + 1 - first.raw == count <= capacity`, and the payload of every entry lies in one
/// piece.
public struct Log: ~Copyable {
  private struct Slot {
    var head: EntryHead
    var offset: Int
    var length: Int
  }
  private let slots: UnsafeMutablePointer<Slot>
  private let store: UnsafeMutableRawBufferPointer
  package let capacity: Int
  package private(set) var first = LogIndex(1)
  package private(set) var count = 0
  /// Where the next payload goes.
  private var tail = 0

  /// - Parameters:
  ///   - capacity: entries, a power of two.
  ///   - byteCount: payload bytes.
  package init(capacity: Int, byteCount: Int) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0 && byteCount > 0)
    self.capacity = capacity
    // Not initialized: a slot is read only of an entry that was put there, and memory that nobody touched is no
    // board's memory yet.
    slots = .allocate(capacity: capacity)
    store = .allocate(byteCount: byteCount, alignment: 8)
  }
  deinit {
    slots.deallocate()
    store.deallocate()
  }

  package var last: LogIndex { first + (count - 1) }
  package var byteCapacity: Int { store.count }
  /// Payload bytes between the oldest and the newest, what a wrap round wastes included.
  package var usedBytes: Int {
    guard count > 0 else { return 0 }
    let oldest = slot(first).pointee.offset
    return tail >= oldest ? tail - oldest : store.count - oldest + tail
  }
  package var isEmpty: Bool { count == 0 }
  package func contains(_ index: LogIndex) -> Bool { index >= first && index <= last }

  private func slot(_ index: LogIndex) -> UnsafeMutablePointer<Slot> {
    slots + Int(truncatingIfNeeded: index.raw) & (capacity - 1)
  }

  package func head(_ index: LogIndex) -> EntryHead {
    precondition(contains(index))
    return slot(index).pointee.head
  }
  /// Valid until the log changes.
  package func payload(_ index: LogIndex) -> Bytes {
    precondition(contains(index))
    let s = slot(index).pointee
    return Bytes(start: store.baseAddress! + s.offset, count: s.length)
  }

  /// Puts an entry behind the last one.
  /// - Returns: false when the log is full; nothing has changed then.
  package mutating func append(_ head: EntryHead, _ payload: Bytes) -> Bool {
    guard count < capacity, let offset = room(payload.count) else { return false }
    if payload.count > 0 {
      UnsafeMutableRawBufferPointer(rebasing: store[offset..<offset + payload.count]).copyMemory(
        from: payload)
    }
    count += 1
    slot(last).pointee = Slot(head: head, offset: offset, length: payload.count)
    tail = offset + payload.count
    return true
  }

  /// Where `size` bytes fit in one piece between the newest and the oldest payload.
  private func room(_ size: Int) -> Int? {
    if count == 0 { return size <= store.count ? 0 : nil }
    let oldest = slot(first).pointee.offset
    // Equal only when all payloads are empty: wrapped round, the tail stays below the oldest.
    if tail >= oldest {
      if tail + size <= store.count { return tail }
      return size < oldest ? 0 : nil
    }
    return tail + size < oldest ? tail : nil
  }

  /// Whether all entries of `other` would fit behind `index`, were this log truncated there.
  package func fits(_ other: borrowing Log, after index: LogIndex) -> Bool {
    let kept = max(0, index.distance(from: first) + 1)
    guard kept + other.count <= capacity else { return false }
    let oldest = kept > 0 ? slot(first).pointee.offset : 0
    var end = kept > 0 ? slot(index).pointee.offset + slot(index).pointee.length : 0
    var wrapped = kept > 0 && end < oldest
    var i = other.first
    while i <= other.last {
      let size = other.payload(i).count
      if !wrapped && end + size > store.count {
        guard kept > 0 else { return false }
        wrapped = true
        end = 0
      }
      if wrapped && end + size >= oldest { return false }
      end += size
      i = i + 1
    }
    return true
  }

  /// Forgets every entry above `index`.
  package mutating func truncate(after index: LogIndex) {
    guard index < last else { return }
    precondition(index + 1 >= first, "S22: a log is cut only where it is held")
    count = index.distance(from: first) + 1
    tail = count == 0 ? 0 : slot(last).pointee.offset + slot(last).pointee.length
  }

  /// Forgets every entry up to and including `index`; entries above it stay.
  package mutating func compact(through index: LogIndex) {
    guard index >= first else { return }
    let dropped = index.distance(from: first) + 1
    if dropped >= count {
      restart(after: index)
    } else {
      first = index + 1
      count -= dropped
    }
  }

  /// Empty, the next entry to come being `index + 1`.
  package mutating func restart(after index: LogIndex) {
    first = index + 1
    count = 0
    tail = 0
  }
}
