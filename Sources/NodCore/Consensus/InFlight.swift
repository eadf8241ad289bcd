// Which commands stand in the log and are not applied yet: so that none is proposed or forwarded twice
// without need.

/// An open-addressing table from command identity to log index, taken at start.
public struct InFlight: ~Copyable {
  private struct Slot {
    var id: CommandID
    var index: LogIndex
  }
  private let slots: UnsafeMutablePointer<Slot>
  /// Which slots hold something, a bit each: the table itself is not touched before commands come.
  private let taken: UnsafeMutablePointer<UInt64>
  private let mask: Int
  package private(set) var count = 0

  /// - Parameter capacity: most entries at a time; memory is for twice as many.
  package init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    mask = size - 1
    slots = .allocate(capacity: size)
    taken = .allocate(capacity: size / 64 + 1)
    taken.initialize(repeating: 0, count: size / 64 + 1)
  }
  deinit {
    slots.deallocate()
    taken.deallocate()
  }

  private func isTaken(_ at: Int) -> Bool { taken[at >> 6] & (1 << UInt64(at & 63)) != 0 }
  private mutating func set(_ at: Int, _ slot: Slot) {
    slots[at] = slot
    taken[at >> 6] |= 1 << UInt64(at & 63)
  }
  private mutating func clear(_ at: Int) { taken[at >> 6] &= ~(1 << UInt64(at & 63)) }

  private func home(_ id: CommandID) -> Int { id.place & mask }
  private func find(_ id: CommandID) -> Int {
    var at = home(id)
    while isTaken(at) && slots[at].id != id { at = (at + 1) & mask }  // the table is never full
    return at
  }

  /// Where the command stands; zero when it does not.
  package func index(of id: CommandID) -> LogIndex {
    let at = find(id)
    return isTaken(at) ? slots[at].index : .zero
  }
  package mutating func insert(_ id: CommandID, at index: LogIndex) {
    let at = find(id)
    if !isTaken(at) {
      guard count * 2 <= mask else { return }
      count += 1
    }
    set(at, Slot(id: id, index: index))
  }
  package mutating func remove(_ id: CommandID) {
    var hole = find(id)
    guard isTaken(hole) else { return }
    clear(hole)
    count -= 1
    var at = (hole + 1) & mask
    while isTaken(at) {  // ends at the next free slot: moves back what the hole cut off
      let want = home(slots[at].id)
      if (at - want) & mask >= (at - hole) & mask {
        set(hole, slots[at])
        clear(at)
        hole = at
      }
      at = (at + 1) & mask
    }
  }
  package mutating func removeAll() {
    guard count > 0 else { return }
    taken.update(repeating: 0, count: (mask + 1) / 64 + 1)
    count = 0
  }
}
