// What each command does to the keys. A command is checked in full before it changes anything: what is
// refused has no effect but to be remembered. Meanings are Redis's wherever Redis has the word.

extension Registry {
  mutating func perform(_ bytes: Bytes) -> ApplyOutcome {
    let command: RegistryCommand
    do {
      command = try RegistryCommand(bytes)
    } catch {
      return .failed(error)
    }
    switch command {
    case .set(let key, let value, let condition, let expiry, let returnsOldValue):
      return set(key, value, condition, expiry, returnsOldValue)
    case .delete(let list): return delete(list)
    case .deleteIfEqual(let key, let compare): return delete(key, ifEqual: compare)
    case .increment(let key, let delta): return increment(key, delta)
    case .expire(let key, let milliseconds): return expire(key, milliseconds)
    case .persist(let key): return persist(key)
    case .noop: return .ok
    }
  }

  /// The key's place; a key that has expired is removed on the way.
  @inline(never)
  private mutating func live(_ key: Bytes) -> KeyPlace {
    let place = keys.find(key)
    guard let record = place.record, keys.records[Int(record)].expiresAt <= now else { return place }
    remove(record, .expired)
    return keys.find(key)
  }

  /// Makes room for a value, by removing expired keys if need be.
  ///
  /// - Parameter place: the key's; looked up again when keys were removed.
  private mutating func makeRoom(_ key: Bytes, _ valueCount: Int, _ place: inout KeyPlace) -> RegistryFailure?
  {
    while let refusal = keys.refusal(keyCount: key.count, valueCount: valueCount, over: place.record) {
      guard let expired = keys.firstExpired(now) else { return refusal }
      remove(expired, .expired)
      place = keys.find(key)
    }
    return nil
  }

  /// Writes a value for which there is room.
  private mutating func write(_ key: Bytes, _ value: Bytes, _ expiresAt: ClusterTime, _ place: KeyPlace)
    -> Bool
  {
    if let record = place.record {
      keys.replace(record, key, value: value, expiresAt: expiresAt, index: lastIndex)
      return true
    }
    return keys.insert(key, at: place, value: value, expiresAt: expiresAt, index: lastIndex)
  }

  private func expiry(after milliseconds: UInt64) -> ClusterTime {
    let (sum, overflowed) = now.milliseconds.addingReportingOverflow(milliseconds)
    return ClusterTime(milliseconds: overflowed ? .max - 1 : min(sum, .max - 1))
  }

  // MARK: One function a command

  private mutating func set(
    _ key: Bytes, _ value: Bytes, _ condition: SetCondition, _ expiry: SetExpiry, _ returnsOldValue: Bool
  ) -> ApplyOutcome {
    if key.count > limits.keyBytes { return .failed(.keyTooLong) }
    if value.count > limits.valueBytes { return .failed(.valueTooLong) }
    var place = live(key)
    let isMet: Bool
    switch condition {
    case .always: isMet = true
    case .ifAbsent: isMet = place.record == nil
    case .ifPresent: isMet = place.record != nil
    case .ifEqual(let compare): isMet = place.record.map { keys.value($0).equals(compare) } ?? false
    }
    if isMet, let failure = makeRoom(key, value.count, &place) { return .failed(failure) }

    var expiresAt = ClusterTime.never
    var old = ApplyOutcome.none
    if let record = place.record {
      if returnsOldValue { old = keepOld(record) }
      if case .keep = expiry { expiresAt = keys.records[Int(record)].expiresAt }
    }
    guard isMet else { return old }
    if case .after(let milliseconds) = expiry { expiresAt = self.expiry(after: milliseconds) }
    guard write(key, value, expiresAt, place) else { return .failed(.tooManyKeys) }
    tell(.set, key)
    if case .after = expiry { tell(.expire, key) }
    return returnsOldValue ? old : .ok
  }

  private mutating func keepOld(_ record: UInt32) -> ApplyOutcome {
    let value = keys.value(record)
    if value.count > 0 { oldValue.baseAddress!.copyMemory(from: value.baseAddress!, byteCount: value.count) }
    oldValueCount = value.count
    return .value(ValueRange(offset: 0, count: value.count))
  }

  private mutating func delete(_ list: KeyList) -> ApplyOutcome {
    var fits = true
    list.visitAll { key in
      fits = key.count <= limits.keyBytes
      return fits
    }
    if !fits { return .failed(.keyTooLong) }
    var removed: Int64 = 0
    list.visitAll { key in
      if let record = live(key).record {
        remove(record, .del)
        removed += 1
      }
      return true
    }
    return .integer(removed)
  }

  private mutating func delete(_ key: Bytes, ifEqual compare: Bytes) -> ApplyOutcome {
    if key.count > limits.keyBytes { return .failed(.keyTooLong) }
    guard let record = live(key).record, keys.value(record).equals(compare) else { return .integer(0) }
    remove(record, .del)
    return .integer(1)
  }

  private mutating func increment(_ key: Bytes, _ delta: Int64) -> ApplyOutcome {
    if key.count > limits.keyBytes { return .failed(.keyTooLong) }
    var place = live(key)
    var sum = delta
    var expiresAt = ClusterTime.never
    if let record = place.record {
      guard let number = Decimal.parse(keys.value(record)) else { return .failed(.notAnInteger) }
      let (total, overflowed) = number.addingReportingOverflow(delta)
      if overflowed { return .failed(.overflow) }
      sum = total
      expiresAt = keys.records[Int(record)].expiresAt
    }
    var digits = (UInt64(0), UInt64(0), UInt64(0))  // room for 20 bytes
    return withUnsafeMutableBytes(of: &digits) { room in
      let text = Decimal.write(sum, endOf: room)
      if text.count > limits.valueBytes { return .failed(.valueTooLong) }
      if let failure = makeRoom(key, text.count, &place) { return .failed(failure) }
      guard write(key, text, expiresAt, place) else { return .failed(.tooManyKeys) }
      tell(.incrby, key)
      return .integer(sum)
    }
  }

  private mutating func expire(_ key: Bytes, _ milliseconds: Int64) -> ApplyOutcome {
    if key.count > limits.keyBytes { return .failed(.keyTooLong) }
    guard let record = live(key).record else { return .integer(0) }
    if milliseconds <= 0 {
      remove(record, .del)
    } else {
      keys.setExpiry(record, expiry(after: UInt64(milliseconds)))
      tell(.expire, key)
    }
    return .integer(1)
  }

  private mutating func persist(_ key: Bytes) -> ApplyOutcome {
    if key.count > limits.keyBytes { return .failed(.keyTooLong) }
    guard let record = live(key).record, keys.records[Int(record)].expiresAt != .never else {
      return .integer(0)
    }
    keys.setExpiry(record, .never)
    tell(.persist, key)
    return .integer(1)
  }
}

/// Numbers as Redis takes them for INCRBY: no sign but a minus, no blanks, no leading zeros.
enum Decimal {
  static func parse(_ text: Bytes) -> Int64? {
    guard text.count > 0, text.count <= 20 else { return nil }
    let isNegative = text[0] == UInt8(ascii: "-")
    let start = isNegative ? 1 : 0
    guard start < text.count else { return nil }
    if text[start] == UInt8(ascii: "0") { return text.count == 1 ? 0 : nil }
    var magnitude: UInt64 = 0
    for i in start..<text.count {
      guard text[i] >= UInt8(ascii: "0"), text[i] <= UInt8(ascii: "9") else { return nil }
      let (tens, over) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, beyond) = tens.addingReportingOverflow(UInt64(text[i] - UInt8(ascii: "0")))
      if over || beyond { return nil }
      magnitude = sum
    }
    if isNegative {
      return magnitude <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
    }
    return Int64(exactly: magnitude)
  }

  /// Puts the digits at the end of `room`, 20 bytes at least.
  static func write(_ number: Int64, endOf room: UnsafeMutableRawBufferPointer) -> Bytes {
    var rest = number.magnitude
    var at = room.count
    repeat {
      at -= 1
      room[at] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    } while rest > 0
    if number < 0 {
      at -= 1
      room[at] = UInt8(ascii: "-")
    }
    return Bytes(room).part(at, room.count)
  }
}
