// The registry as the memory of what somebody has not heard yet: keys in the order of their last write, from a
// position on. Whoever keeps that one position can be told of every key's newest value, however many changes
// there were meanwhile, without a queue that could fill up.

/// A search for the key whose last write is the first after a position; it goes on in portions.
package struct WrittenWalk {
  /// Writes up to here are known.
  let after: LogIndex
  /// Writes past this one came after the search began: they are for the next.
  let newest: LogIndex
  /// Whether what was written there came too late for this search.
  package func misses(_ index: LogIndex) -> Bool { index > newest }

  fileprivate var next = 0
  fileprivate var found: (record: UInt32, index: LogIndex)?
}

extension Registry {
  package func walk(after index: LogIndex) -> WrittenWalk { WrittenWalk(after: index, newest: lastIndex) }

  /// Looks at `count` more records.
  ///
  /// - Parameter fits: whether a key is one of those that are wanted.
  /// - Returns: whether all have been looked at.
  package func advance(_ walk: inout WrittenWalk, records count: Int, where fits: (Bytes) -> Bool) -> Bool {
    let end = min(keys.touched, walk.next + count)
    while walk.next < end {
      let record = UInt32(walk.next)
      let written = keys.records[walk.next].modifiedAt
      walk.next += 1
      guard written > walk.after, written <= walk.newest, written < walk.found?.index ?? LogIndex(.max),
        fits(keys.key(record))
      else { continue }
      walk.found = (record, written)
    }
    return walk.next >= keys.touched
  }

  /// The key that a finished walk has found; nil when there is none, or when it was written again meanwhile:
  /// `isOutdated` tells which.
  package func found(by walk: WrittenWalk) -> (key: StoredKey?, isOutdated: Bool) {
    guard let found = walk.found else { return (nil, false) }
    guard keys.records[Int(found.record)].modifiedAt == found.index else { return (nil, true) }
    return (writtenKey(found.record), false)
  }

  /// The key as of the last position, also when it expires before the next.
  package func written(_ key: Bytes) -> StoredKey? { keys.find(key).record.map { writtenKey($0) } }

  private func writtenKey(_ record: UInt32) -> StoredKey {
    let expiresAt = keys.records[Int(record)].expiresAt
    return StoredKey(
      key: keys.key(record), value: keys.value(record), modifiedAt: keys.records[Int(record)].modifiedAt,
      expiresAt: expiresAt == .never ? nil : expiresAt)
  }
}
