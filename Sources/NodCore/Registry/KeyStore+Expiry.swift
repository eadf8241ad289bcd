// Which key expires next: a binary heap of record numbers. Keys that expire together leave in order of their
// hash, so that all replicas remove the same ones when a log position may remove only a few.

extension KeyStore {
  /// The key that expires first, when that is at or before `now`.
  func firstExpired(_ now: ClusterTime) -> UInt32? {
    guard heapCount > 0, records[Int(heap[0])].expiresAt <= now else { return nil }
    return heap[0]
  }

  /// Gives a record its expiry, and its place in the heap.
  mutating func schedule(_ record: UInt32, _ expiresAt: ClusterTime) {
    let r = records + Int(record)
    let wasScheduled = r.pointee.expiresAt != .never
    if r.pointee.expiresAt == expiresAt { return }
    if expiresAt == .never {
      leaveHeap(record)
      r.pointee.expiresAt = .never
      return
    }
    r.pointee.expiresAt = expiresAt
    if !wasScheduled {
      put(record, at: heapCount)
      heapCount += 1
    }
    settle(Int(r.pointee.link))
  }

  /// Takes a record out of the heap.
  mutating func leaveHeap(_ record: UInt32) {
    let hole = Int(records[Int(record)].link)
    precondition(hole < heapCount && heap[hole] == record, "a record that can expire is in the heap")
    records[Int(record)].link = Self.nowhere
    heapCount -= 1
    if hole < heapCount {
      put(heap[heapCount], at: hole)
      settle(hole)
    }
  }

  private func put(_ record: UInt32, at place: Int) {
    heap[place] = record
    records[Int(record)].link = UInt32(place)
  }

  /// Whether `a` expires before `b`; a total order.
  private func precedes(_ a: UInt32, _ b: UInt32) -> Bool {
    let left = records[Int(a)]
    let right = records[Int(b)]
    if left.expiresAt != right.expiresAt { return left.expiresAt < right.expiresAt }
    if left.hash != right.hash { return left.hash < right.hash }
    return key(a).order(key(b)) < 0
  }

  /// Moves the record at `start` up or down to where it belongs.
  private func settle(_ start: Int) {
    var place = start
    let record = heap[place]
    while place > 0 && precedes(record, heap[(place - 1) / 2]) {
      put(heap[(place - 1) / 2], at: place)
      place = (place - 1) / 2
    }
    while 2 * place + 1 < heapCount {
      var child = 2 * place + 1
      if child + 1 < heapCount && precedes(heap[child + 1], heap[child]) { child += 1 }
      guard precedes(heap[child], record) else { break }
      put(heap[child], at: place)
      place = child
    }
    put(record, at: place)
  }

  /// Whether the heap is in order and names exactly the records that can expire. For tests.
  func heapIsSound() -> Bool {
    for place in 0..<heapCount {
      if records[Int(heap[place])].link != UInt32(place) { return false }
      if records[Int(heap[place])].expiresAt == .never { return false }
      if place > 0 && precedes(heap[place], heap[(place - 1) / 2]) { return false }
    }
    return true
  }
}
