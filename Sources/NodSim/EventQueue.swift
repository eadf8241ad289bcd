// What is going to happen, in order of time; equal times in the order in which they were planned.

package struct Event: Sendable {
  package enum Kind: Sendable {
    case wake(member: Int, generation: Int)
    case arrive(member: Int, datagram: Int)
    case synced(member: Int, generation: Int)
    case powerOn(member: Int)
    case powerCut(member: Int)
    case client
    case reader
    case partition
    case diskTrouble(member: Int)
    case diskHeals(member: Int)
    case suspend(member: Int)
    case cut(member: Int)
    case battery(member: Int)
    case links(number: Int)
    case resume(member: Int, generation: Int)
  }
  package var at: Int64
  package var order: UInt64
  package var kind: Kind
}

/// A binary heap.
package struct EventQueue {
  private var heap: [Event] = []
  private var count: UInt64 = 0

  package init() {}
  package var isEmpty: Bool { heap.isEmpty }

  package mutating func plan(_ kind: Event.Kind, at: Int64) {
    heap.append(Event(at: at, order: count, kind: kind))
    count += 1
    var i = heap.count - 1
    while i > 0, isBefore(heap[i], heap[(i - 1) / 2]) {
      heap.swapAt(i, (i - 1) / 2)
      i = (i - 1) / 2
    }
  }
  package mutating func next() -> Event? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if heap.isEmpty { return first }
    heap[0] = last
    var i = 0
    while true {  // down to a leaf at most
      let left = 2 * i + 1
      if left >= heap.count { break }
      let child = left + 1 < heap.count && isBefore(heap[left + 1], heap[left]) ? left + 1 : left
      if !isBefore(heap[child], heap[i]) { break }
      heap.swapAt(i, child)
      i = child
    }
    return first
  }
  private func isBefore(_ a: Event, _ b: Event) -> Bool { a.at != b.at ? a.at < b.at : a.order < b.order }
}
