// The registry once more, as simply as it can be written: a dictionary, and a list of all commands ever
// applied. The real one must give the same answers.
import NodCore

struct RegistryModel {
  struct Item: Equatable {
    var value: [UInt8]
    var version: UInt64
    var expiry: UInt64?
  }
  let limits: RegistryLimits
  var items: [[UInt8]: Item] = [:]
  var applied: [(id: CommandID, index: UInt64, told: Told)] = []
  var now: UInt64 = 0
  var used: Int { items.reduce(0) { $0 + $1.key.count + $1.value.value.count + 64 } }

  init(_ limits: RegistryLimits) { self.limits = limits }

  /// Removes up to `count` expired keys, those that expired first; among equals the order is the registry's
  /// own affair, so tests let no two keys expire together.
  private mutating func expire(_ count: Int) {
    let due = items.filter { $0.value.expiry ?? .max <= now }.sorted { $0.value.expiry! < $1.value.expiry! }
    for entry in due.prefix(count) { items[entry.key] = nil }
  }

  mutating func step(_ asked: Asked, _ token: CommandToken, _ index: UInt64, _ time: UInt64) -> (
    Told, UInt64, Bool
  ) {
    now = max(now, time)
    expire(8)
    if token.issuedAt.raw > index || index - token.issuedAt.raw > UInt64(limits.tokenWindow) {
      return (.staleToken, index, false)
    }
    if let before = applied.last(where: {
      $0.id == token.id && index - $0.index <= UInt64(limits.tokenWindow)
    }) {
      return (before.told, before.index, true)
    }
    let told = perform(asked, index)
    applied.append((token.id, index, told))
    return (told, index, false)
  }

  private mutating func live(_ key: [UInt8]) -> Item? {
    if let item = items[key], item.expiry ?? .max <= now { items[key] = nil }
    return items[key]
  }

  private mutating func store(_ key: [UInt8], _ item: Item) -> RegistryFailure? {
    while true {
      let isNew = items[key] == nil
      let used = used + item.value.count - (items[key].map { $0.value.count } ?? -(key.count + 64))
      let failure: RegistryFailure? =
        isNew && items.count >= limits.storeKeys ? .tooManyKeys : used > limits.storeBytes ? .storeFull : nil
      guard let failure else { break }
      let before = items.count
      expire(1)
      if items.count == before { return failure }
    }
    items[key] = item
    return nil
  }

  private mutating func perform(_ asked: Asked, _ index: UInt64) -> Told {
    switch asked {
    case .noop: return .ok
    case .set(let key, let value, let absent, let present, let equal, let ttl, let keeps, let get):
      if key.count > limits.keyBytes { return .failed(.keyTooLong) }
      if value.count > limits.valueBytes { return .failed(.valueTooLong) }
      let old = live(key)
      let oldTold = old.map { Told.value($0.value) } ?? .none
      let isMet = (!absent || old == nil) && (!present || old != nil) && (equal == nil || old?.value == equal)
      if !isMet { return get ? oldTold : .none }
      let expiry = ttl.map { now + $0 } ?? (keeps ? old?.expiry : nil)
      if let failure = store(key, Item(value: value, version: index, expiry: expiry)) {
        return .failed(failure)
      }
      return get ? oldTold : .ok
    case .delete(let keys):
      if keys.contains(where: { $0.count > limits.keyBytes }) { return .failed(.keyTooLong) }
      var count: Int64 = 0
      for key in keys where live(key) != nil {
        items[key] = nil
        count += 1
      }
      return .integer(count)
    case .deleteIfEqual(let key, let compare):
      if key.count > limits.keyBytes { return .failed(.keyTooLong) }
      guard live(key)?.value == compare else { return .integer(0) }
      items[key] = nil
      return .integer(1)
    case .increment(let key, let delta):
      if key.count > limits.keyBytes { return .failed(.keyTooLong) }
      let old = live(key)
      let text = old.map { String(decoding: $0.value, as: UTF8.self) } ?? "0"
      guard let number = Int64(text), String(number) == text else { return .failed(.notAnInteger) }
      let (sum, overflow) = number.addingReportingOverflow(delta)
      if overflow { return .failed(.overflow) }
      let failure = store(key, Item(value: String(sum).bytes, version: index, expiry: old?.expiry))
      return failure.map { .failed($0) } ?? .integer(sum)
    case .expire(let key, let ttl):
      if key.count > limits.keyBytes { return .failed(.keyTooLong) }
      guard live(key) != nil else { return .integer(0) }
      if ttl <= 0 { items[key] = nil } else { items[key]!.expiry = now + UInt64(ttl) }
      return .integer(1)
    case .persist(let key):
      if key.count > limits.keyBytes { return .failed(.keyTooLong) }
      guard live(key)?.expiry != nil else { return .integer(0) }
      items[key]!.expiry = nil
      return .integer(1)
    }
  }
}

/// Commands that meet each other: few keys, small numbers, everything now and then too long.
enum RandomCommands {
  static func key(_ random: inout SeededRandom) -> [UInt8] {
    if random.chance(2) { return [UInt8](repeating: 0x6b, count: 15 + random.below(4)) }
    return "k\(random.below(40))".bytes
  }
  static func value(_ random: inout SeededRandom) -> [UInt8] {
    switch random.below(4) {
    case 0: String(random.below(30) - 10).bytes
    case 1: [UInt8](repeating: UInt8(random.below(3)), count: random.below(70))
    case 2: String(Int64.max - Int64(random.below(3))).bytes
    default: "v\(random.below(3))".bytes
    }
  }
  static func command(_ random: inout SeededRandom) -> Asked {
    let key = key(&random)
    switch random.below(12) {
    case 0...5:
      let condition = random.below(6)
      let expiry = random.below(5)
      return .set(
        key, value(&random), ifAbsent: condition == 0, ifPresent: condition == 1,
        ifEqual: condition == 2 ? value(&random) : nil,
        ttl: expiry == 0 ? UInt64(1 + random.below(200)) : nil,
        keepsTTL: expiry == 1, get: random.chance(30))
    case 6: return .delete((0...random.below(4)).map { _ in RandomCommands.key(&random) })
    case 7: return .deleteIfEqual(key, value(&random))
    case 8: return .increment(key, random.chance(80) ? Int64(random.below(9) - 4) : .max)
    case 9, 10: return random.chance(70) ? .expire(key, Int64(random.below(200)) - 5) : .persist(key)
    default: return .noop
    }
  }
}
