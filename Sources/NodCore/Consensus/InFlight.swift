// Which commands stand in the log and are not applied yet: so that none is proposed or forwarded twice
// without need.

/// An open-addressing table from command identity to log index, taken at start.
public struct InFlight: ~Copyable {
  private struct Slot {
    var id: CommandID
    var index: LogIndex
  }
  private let slots: UnsafeMutablePointer<Slot>
  private let mask: Int
  package private(set) var count = 0

  /// - Parameter capacity: most entries at a time; memory is for twice as many.
  package init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    mask = size - 1
    slots = .allocate(capacity: size)
    slots.initialize(repeating: Slot(id: EntryHead.noToken.id, index: .zero), count: size)
  }
  deinit { slots.deallocate() }

  private func home(_ id: CommandID) -> Int { id.place & mask }
  private func find(_ id: CommandID) -> Int {
    var at = home(id)
    while slots[at].index != .zero && slots[at].id != id { at = (at + 1) & mask }  // the table is never full
    return at
  }

  /// Where the command stands; zero when it does not.
  package func index(of id: CommandID) -> LogIndex { slots[find(id)].index }
  package mutating func insert(_ id: CommandID, at index: LogIndex) {
    let at = find(id)
    if slots[at].index == .zero {
      guard count * 2 <= mask else { return }
      count += 1
    }
    slots[at] = Slot(id: id, index: index)
  }
  package mutating func remove(_ id: CommandID) {
    var hole = find(id)
    guard slots[hole].index != .zero else { return }
    slots[hole].index = .zero
    count -= 1
    var at = (hole + 1) & mask
    while slots[at].index != .zero {  // ends at the next free slot: moves back what the hole cut off
      let want = home(slots[at].id)
      if (at - want) & mask >= (at - hole) & mask {
        slots[hole] = slots[at]
        slots[at].index = .zero
        hole = at
      }
      at = (at + 1) & mask
    }
  }
  package mutating func removeAll() {
    guard count > 0 else { return }
    var i = 0
    while i <= mask {
      slots[i].index = .zero
      i += 1
    }
    count = 0
  }
}
