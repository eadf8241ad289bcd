// What came beyond a hole: a cache of entries that cannot be appended yet. It is no part of the log, of a
// vote or of a
// promise, and is dropped when the ballot changes.

public struct Holes: ~Copyable {
  private struct Slot {
    var index: LogIndex
    var head: EntryHead
    var length: Int
  }
  private let slots: UnsafeMutablePointer<Slot>
  private let store: UnsafeMutableRawBufferPointer
  private let payloadLimit: Int
  package let capacity: Int
  package private(set) var ballot = Ballot.zero
  package private(set) var count = 0
  /// The highest index that was put in since the ballot began.
  package private(set) var highest = LogIndex.zero

  package init(capacity: Int, payloadLimit: Int) {
    self.capacity = capacity
    self.payloadLimit = payloadLimit
    slots = .allocate(capacity: capacity)
    slots.initialize(
      repeating: Slot(
        index: .zero, head: EntryHead(kind: .part, hasMore: false, stamp: .zero, token: EntryHead.noToken),
        length: 0),
      count: capacity)
    store = .allocate(byteCount: capacity * payloadLimit, alignment: 8)
  }
  deinit {
    slots.deallocate()
    store.deallocate()
  }

  package mutating func restart(in ballot: Ballot) {
    guard ballot != self.ballot || count > 0 else { return }
    self.ballot = ballot
    count = 0
    highest = .zero
    var i = 0
    while i < capacity {
      slots[i].index = .zero
      i += 1
    }
  }

  private func place(_ index: LogIndex) -> Int { Int(truncatingIfNeeded: index.raw % UInt64(capacity)) }

  /// Keeps the entry if it lies within `capacity` of `next`, the index that is missing first.
  package mutating func put(_ index: LogIndex, _ head: EntryHead, _ payload: Bytes, next: LogIndex) {
    guard index > next, index.distance(from: next) < capacity, payload.count <= payloadLimit else { return }
    let at = place(index)
    if slots[at].index == index { return }
    if slots[at].index < next && slots[at].index != .zero { count -= 1 }
    slots[at] = Slot(index: index, head: head, length: payload.count)
    if payload.count > 0 {
      UnsafeMutableRawBufferPointer(rebasing: store[at * payloadLimit..<at * payloadLimit + payload.count])
        .copyMemory(from: payload)
    }
    count += 1
    if index > highest { highest = index }
  }
  package func has(_ index: LogIndex) -> Bool { count > 0 && slots[place(index)].index == index }
  package func head(_ index: LogIndex) -> EntryHead { slots[place(index)].head }
  package func payload(_ index: LogIndex) -> Bytes {
    let at = place(index)
    return Bytes(start: store.baseAddress! + at * payloadLimit, count: slots[at].length)
  }
  package mutating func remove(_ index: LogIndex) {
    let at = place(index)
    guard slots[at].index == index else { return }
    slots[at].index = .zero
    count -= 1
  }
  /// One bit for each of the 64 indices behind `next`: bit k is index `next + 1 + k`.
  package func bitmap(after next: LogIndex) -> UInt64 {
    var bits: UInt64 = 0
    guard count > 0 else { return 0 }
    var k = 0
    while k < 64 {
      if has(next + (1 + k)) { bits |= 1 << UInt64(k) }
      k += 1
    }
    return bits
  }
}
