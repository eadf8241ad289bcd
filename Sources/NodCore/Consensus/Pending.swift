// Commands that wait for their decision: those of local callers until they are applied, those forwarded by
// others until
// they are proposed. A ring in order of arrival over a ring of bytes, both taken at start.

public struct PendingCommands: ~Copyable {
  package struct Item {
    package var id: CommandID
    /// Zero until the command is first sent or proposed: from then on its outcome may be unknown.
    package var issuedAt: LogIndex
    package var ticket: Ticket?
    /// Its caller reads behind it: nothing is applied after it until that was answered.
    var readsFollow = false
    var isDone: Bool
    var offset: Int
    var length: Int
  }
  /// No number of arrival that is told by another board is larger, so that some more can be added to it, on a board
  /// whose Int has 32 bits too.
  package static let mostNumbered = min(UInt64(1) << 48, UInt64(Int.max / 2))
  private let items: UnsafeMutablePointer<Item>
  private let store: UnsafeMutableRawBufferPointer
  package let capacity: Int
  /// Numbers of arrival: `oldest ..< next` are there (some of them done).
  package private(set) var oldest = 0
  package private(set) var next = 0
  private var tail = 0
  private var places: InFlight

  package init(capacity: Int, byteCount: Int) {
    precondition(capacity & (capacity - 1) == 0)
    self.capacity = capacity
    items = .allocate(capacity: capacity)  // touched when commands come: see Log
    store = .allocate(byteCount: byteCount, alignment: 8)
    places = InFlight(capacity: capacity)
  }
  deinit {
    items.deallocate()
    store.deallocate()
  }

  package var isEmpty: Bool { oldest == next }

  /// - Returns: its number of arrival, or nil when there is no room.
  package mutating func append(_ id: CommandID, issuedAt: LogIndex, ticket: Ticket?, _ command: Bytes) -> Int?
  {
    guard next - oldest < capacity, let offset = room(command.count) else { return nil }
    if command.count > 0 {
      UnsafeMutableRawBufferPointer(rebasing: store[offset..<offset + command.count]).copyMemory(
        from: command)
    }
    items[next & (capacity - 1)] = Item(
      id: id, issuedAt: issuedAt, ticket: ticket, isDone: false, offset: offset, length: command.count)
    tail = offset + command.count
    places.insert(id, at: LogIndex(UInt64(next) + 1))
    next += 1
    return next - 1
  }
  private func room(_ size: Int) -> Int? {
    if isEmpty { return size <= store.count ? 0 : nil }
    let start = items[oldest & (capacity - 1)].offset
    if tail >= start {
      if tail + size <= store.count { return tail }
      return size < start ? 0 : nil
    }
    return tail + size < start ? tail : nil
  }

  package func number(of id: CommandID) -> Int? {
    guard !isEmpty else { return nil }
    let place = places.index(of: id)
    return place == .zero ? nil : Int(place.raw) - 1
  }
  package func isThere(_ number: Int) -> Bool {
    number >= oldest && number < next && !items[number & (capacity - 1)].isDone
  }
  package func item(_ number: Int) -> Item { items[number & (capacity - 1)] }
  package func command(_ number: Int) -> Bytes {
    let item = items[number & (capacity - 1)]
    return Bytes(start: store.baseAddress! + item.offset, count: item.length)
  }
  package mutating func issue(_ number: Int, at index: LogIndex) {
    if items[number & (capacity - 1)].issuedAt == .zero { items[number & (capacity - 1)].issuedAt = index }
  }
  /// O(commands that arrived since).
  package mutating func noteReadsFollow(_ ticket: Ticket) {
    var number = next
    while number > oldest {
      number -= 1
      if isThere(number), item(number).ticket == ticket {
        items[number & (capacity - 1)].readsFollow = true
        return
      }
    }
  }
  package mutating func forgetTicket(_ number: Int) { items[number & (capacity - 1)].ticket = nil }
  package mutating func remove(_ number: Int) {
    guard isThere(number) else { return }
    places.remove(items[number & (capacity - 1)].id)
    items[number & (capacity - 1)].isDone = true
    while oldest < next && items[oldest & (capacity - 1)].isDone { oldest += 1 }
  }
}
