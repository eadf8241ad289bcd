// Who wants to hear of which changes: a table of channels and patterns over all connections, searched from
// end to end for each change. It is small, and nothing is searched when nobody listens.
import NodCore

struct Subscriptions: ~Copyable {
  private struct Row {
    var connection: UInt16
    var isPattern: Bool
    var length: Int32
  }
  private let rows: UnsafeMutablePointer<Row>
  private let names: UnsafeMutableRawPointer
  private let capacity: Int
  private let nameBytes: Int
  private(set) var count = 0

  init(capacity: Int, nameBytes: Int) {
    self.capacity = capacity
    self.nameBytes = nameBytes
    rows = .allocate(capacity: capacity)
    names = .allocate(byteCount: capacity * nameBytes, alignment: 16)
  }
  deinit {
    rows.deallocate()
    names.deallocate()
  }

  enum Addition { case added, alreadyThere, full, nameTooLong }

  mutating func add(_ name: Bytes, isPattern: Bool, connection: Int) -> Addition {
    guard name.count <= nameBytes else { return .nameTooLong }
    if find(name, isPattern, connection) != nil { return .alreadyThere }
    guard count < capacity else { return .full }
    (rows + count).initialize(
      to: Row(connection: UInt16(connection), isPattern: isPattern, length: Int32(name.count)))
    if let source = name.baseAddress {
      (names + count * nameBytes).copyMemory(from: source, byteCount: name.count)
    }
    count += 1
    return .added
  }
  /// - Returns: whether it was there.
  mutating func remove(_ name: Bytes, isPattern: Bool, connection: Int) -> Bool {
    guard let index = find(name, isPattern, connection) else { return false }
    remove(at: index)
    return true
  }
  mutating func removeAll(of connection: Int) {
    var index = count
    while index > 0 {
      index -= 1
      if Int(rows[index].connection) == connection { remove(at: index) }
    }
  }
  /// The last subscription of this kind that a connection has, with its place.
  func last(of connection: Int, isPattern: Bool) -> (index: Int, name: Bytes)? {
    var index = count
    while index > 0 {
      index -= 1
      if Int(rows[index].connection) == connection, rows[index].isPattern == isPattern {
        return (index, name(index))
      }
    }
    return nil
  }
  mutating func remove(at index: Int) {
    precondition(index < count)
    count -= 1
    guard index < count else { return }
    rows[index] = rows[count]
    (names + index * nameBytes).copyMemory(
      from: names + count * nameBytes, byteCount: Int(rows[index].length))
  }

  func connection(_ index: Int) -> Int { Int(rows[index].connection) }
  func isPattern(_ index: Int) -> Bool { rows[index].isPattern }
  func name(_ index: Int) -> Bytes { Bytes(start: names + index * nameBytes, count: Int(rows[index].length)) }
  func matches(_ index: Int, _ channel: Bytes) -> Bool {
    rows[index].isPattern ? GlobPattern(name(index)).matches(channel) : name(index).equals(channel)
  }

  private func find(_ name: Bytes, _ isPattern: Bool, _ connection: Int) -> Int? {
    for index in 0..<count
    where Int(rows[index].connection) == connection && rows[index].isPattern == isPattern
      && self.name(index).equals(name)
    { return index }
    return nil
  }
}
