// What local readers see: the state of the last position applied here, without the keys that have expired.

/// A key as it is; borrowed until the registry changes.
package struct StoredKey {
  package var key: Bytes
  package var value: Bytes
  /// Position of the last write of the value; expiry does not count.
  package var modifiedAt: LogIndex
  /// nil when it does not expire.
  package var expiresAt: ClusterTime?

  /// Milliseconds to live from `now` on; nil when it does not expire.
  package func remaining(_ now: ClusterTime) -> UInt64? {
    expiresAt.map { $0 > now ? $0.milliseconds - now.milliseconds : 0 }
  }
}

extension Registry {
  /// Keys, those included that have expired and are not removed yet.
  package var keyCount: Int { keys.count }
  /// What of `limits.storeBytes` is taken.
  package var usedBytes: Int { keys.usedBytes }
  /// Commands that are remembered.
  package var tokenCount: Int { tokens.count }

  /// The key as of `now`, a local estimate of cluster time; without one as of the last position.
  package func lookup(_ key: Bytes, now: ClusterTime? = nil) -> StoredKey? {
    guard let record = keys.find(key).record else { return nil }
    return stored(record, now)
  }

  /// Visits about `limit` keys from `cursor` on, in order of their hash.
  ///
  /// A key that is there from the first call to the last is visited; one that comes or goes meanwhile may be.
  /// No key is visited twice, unless it went and came back.
  ///
  /// - Parameters:
  ///   - cursor: 0 to begin, then what the last call returned. It has 48 bits: also clients that hold it in a
  ///     floating-point number give it back unharmed.
  ///   - pattern: nil for all keys; keys that do not fit count against the limit all the same, as in Redis.
  /// - Returns: where to go on; 0 at the end.
  package func scan(
    from cursor: UInt64, limit: Int, pattern: GlobPattern? = nil, now: ClusterTime? = nil,
    _ visit: (StoredKey) -> Void
  ) -> UInt64 {
    guard cursor < 1 << Self.cursorBits else { return 0 }
    let start = cursor << (64 - Self.cursorBits)
    var slot = keys.firstSlot(hash: start)
    let lastSlot = slot + Self.slotsPerScan
    var seen = 0
    var group = cursor
    while slot < keys.slotCount {
      let entry = keys.slots[slot]
      if entry.isEmpty {
        if slot >= lastSlot, let next = keys.hash(afterEmpty: slot) { return next >> (64 - Self.cursorBits) }
      } else if keys.records[Int(entry.record)].hash >= start {
        // Keys that share a cursor are visited together.
        let own = keys.records[Int(entry.record)].hash >> (64 - Self.cursorBits)
        if seen >= max(1, limit) && own != group { return own }
        group = own
        seen += 1
        if let found = stored(entry.record, now), pattern?.matches(found.key) ?? true { visit(found) }
      }
      slot += 1
    }
    return 0
  }

  private static var cursorBits: UInt64 { 48 }
  /// Slots of the table that one call of `scan` looks at, so that an empty one costs little as well.
  private static var slotsPerScan: Int { 16_384 }

  private func stored(_ record: UInt32, _ now: ClusterTime?) -> StoredKey? {
    let expiresAt = keys.records[Int(record)].expiresAt
    if expiresAt <= max(self.now, now ?? .zero) && expiresAt != .never { return nil }
    return StoredKey(
      key: keys.key(record), value: keys.value(record), modifiedAt: keys.records[Int(record)].modifiedAt,
      expiresAt: expiresAt == .never ? nil : expiresAt)
  }

  /// Equal on two replicas at one position when their whole state is: keys, values, expiry, versions, tokens,
  /// time.
  ///
  /// - Complexity: O(1); the sums are kept up with every change.
  package var digest: UInt64 { Self.digest(keys.digest, tokens.digest, at: lastIndex, now) }

  static func digest(_ keys: UInt64, _ tokens: UInt64, at index: LogIndex, _ now: ClusterTime) -> UInt64 {
    ContentHash.mix(ContentHash.mix(keys, tokens), ContentHash.mix(index.raw, now.milliseconds))
  }
}
