// The table of keys: open addressing with its entries in order of their hash. A key lies at its bucket or as
// near behind it as keys of smaller hash allow. So where keys lie follows from which keys there are, a search
// stops at the first larger hash, and walking the table gives the order in which snapshots are written and
// SCAN counts.

/// The upper half of the hash beside the record's number: most comparisons end here.
struct TableSlot {
  var tag: UInt32
  var record: UInt32
  static let empty = TableSlot(tag: 0, record: KeyStore.nowhere)
  var isEmpty: Bool { record == KeyStore.nowhere }
}

/// Where a key is, or would be.
struct KeyPlace {
  var hash: UInt64
  var slot: Int
  var record: UInt32?
}

/// Invariants: entries are in ascending order of (hash, key); an entry stands at its bucket or later, and
/// between the two there is no empty slot.
extension KeyStore {
  /// Slots behind the last bucket; entries pushed out of the last buckets stand there.
  ///
  /// More than these are pushed there by chosen keys only, which are then refused, by every replica alike.
  static let overflowSlots = 1_024

  /// At most half of the buckets are taken: runs stay short.
  static func bucketBits(_ keys: Int) -> UInt32 {
    var bits: UInt32 = 5
    while 1 << Int(bits) < 2 * keys { bits += 1 }
    return bits
  }

  private func bucket(_ tag: UInt32) -> Int { Int(tag >> (32 - bucketBits)) }

  /// Complexity: O(1) on average.
  func find(_ key: Bytes) -> KeyPlace {
    let hash = ContentHash.hash(key)
    let tag = UInt32(truncatingIfNeeded: hash >> 32)
    var slot = bucket(tag)
    while slot < slotCount {
      let found = slots[slot]
      if found.isEmpty || found.tag > tag { break }
      if found.tag == tag {
        switch order(found.record, hash, key) {
        case 0: return KeyPlace(hash: hash, slot: slot, record: found.record)
        case 1: return KeyPlace(hash: hash, slot: slot, record: nil)
        default: break
        }
      }
      slot += 1
    }
    return KeyPlace(hash: hash, slot: slot, record: nil)
  }

  /// -1, 0 or 1 as the record comes before, is, or comes after the key.
  func order(_ record: UInt32, _ hash: UInt64, _ key: Bytes) -> Int {
    let own = records[Int(record)].hash
    if own != hash { return own < hash ? -1 : 1 }
    return self.key(record).order(key)
  }

  /// Enters a record at the place where its key was not found; false when there is no empty slot behind it.
  mutating func openSlot(_ place: KeyPlace, for record: UInt32) -> Bool {
    var end = place.slot
    while end < slotCount && !slots[end].isEmpty { end += 1 }
    guard end < slotCount else { return false }
    let at = slots + place.slot
    (at + 1).update(from: at, count: end - place.slot)
    at.pointee = TableSlot(tag: UInt32(truncatingIfNeeded: place.hash >> 32), record: record)
    return true
  }

  /// Takes a record out; those pushed back by it move up.
  mutating func closeSlot(of record: UInt32) {
    var slot = bucket(UInt32(truncatingIfNeeded: records[Int(record)].hash >> 32))
    while slots[slot].record != record { slot += 1 }
    var end = slot + 1
    while end < slotCount && !slots[end].isEmpty && bucket(slots[end].tag) < end { end += 1 }
    let at = slots + slot
    at.update(from: at + 1, count: end - slot - 1)
    slots[end - 1] = .empty
  }

  /// The first slot at which an entry of this hash or a larger one can stand.
  func firstSlot(hash: UInt64) -> Int { bucket(UInt32(truncatingIfNeeded: hash >> 32)) }

  /// The smallest hash that an entry behind the empty slot can have; nil when there can be none.
  func hash(afterEmpty slot: Int) -> UInt64? {
    slot + 1 < 1 << Int(bucketBits) ? UInt64(slot + 1) << (64 - UInt64(bucketBits)) : nil
  }
}

extension UnsafeRawBufferPointer {
  /// -1, 0 or 1 as these bytes come before, equal or come after the others.
  func order(_ other: Bytes) -> Int {
    let common = Swift.min(count, other.count)
    var i = 0
    while i < common {
      if self[i] != other[i] { return self[i] < other[i] ? -1 : 1 }
      i += 1
    }
    return count == other.count ? 0 : count < other.count ? -1 : 1
  }
}
