// What must always hold, checked in full and slowly. Called by tests and the simulator after steps; never by
// the agent.

extension Registry {
  /// The digest from the content alone, without the sums kept up by changes.
  ///
  /// - Complexity: O(bytes stored + token window).
  package func recomputedDigest() -> UInt64 {
    var keySum: UInt64 = 0
    for slot in 0..<keys.slotCount where !keys.slots[slot].isEmpty {
      keySum &+= keys.freshDigest(keys.slots[slot].record)
    }
    var tokenSum: UInt64 = 0
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: RegistryLimits.keptValueBytes, alignment: 1)
    defer { room.deallocate() }
    var index = tokens.oldest
    while index <= lastIndex {
      if let entry = tokens.entry(at: index) {
        var value = Bytes(start: nil, count: 0)
        if case .value(let range) = entry.outcome { value = tokens.copyValue(range, to: room) }
        tokenSum &+= TokenMemory.digest(entry.id, entry.index, entry.outcome, value)
      }
      index = index + 1
    }
    return Self.digest(keySum, tokenSum, at: lastIndex, now)
  }

  /// The first invariant that does not hold; nil when all do.
  package func brokenInvariant() -> StaticString? {
    var found = 0
    var bytes = 0
    var timed = 0
    var before: UInt32?
    for slot in 0..<keys.slotCount where !keys.slots[slot].isEmpty {
      let record = keys.slots[slot].record
      let about = keys.records[Int(record)]
      found += 1
      bytes += RegistryLimits.cost(key: Int(about.keyCount), value: Int(about.valueCount))
      if about.expiresAt != .never { timed += 1 }
      if ContentHash.hash(keys.key(record)) != about.hash { return "a record's hash is its key's" }
      if keys.find(keys.key(record)).slot != slot { return "every key in the table is found" }
      if let before, keys.order(before, about.hash, keys.key(record)) >= 0 { return "the table is in order" }
      if about.modifiedAt > lastIndex { return "nothing was written in the future" }
      before = record
    }
    if found != keys.count { return "the count of keys is that of the table" }
    if bytes != keys.usedBytes || bytes > limits.storeBytes { return "used bytes are counted and bounded" }
    if timed != keys.heapCount || !keys.heapIsSound() { return "the heap holds the keys that can expire" }
    if recomputedDigest() != digest { return "the digest follows the content" }
    var remembered = 0
    var index = tokens.oldest
    while index <= lastIndex {
      if let entry = tokens.entry(at: index) {
        remembered += 1
        if tokens.find(entry.id)?.index != index { return "every remembered command is found" }
      }
      index = index + 1
    }
    return remembered == tokens.count ? nil : "the count of tokens is that of the window"
  }
}
