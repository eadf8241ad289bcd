// How much the registry may hold. These numbers are alike on every member: which command is refused for want
// of room is part of the replicated result, so nothing here may depend on a machine or on the layout of its
// memory.

/// The bounds of the replicated state machine; part of the roster.
package struct RegistryLimits: Hashable, Sendable {
  /// Bytes of all keys and values, with `keyOverhead` for each key: 1,024 to 64 Mi.
  package var storeBytes = 262_144
  /// Keys at once: 16 to 1,000,000.
  package var storeKeys = 4_096
  /// Bytes of one key: 16 to 1,024.
  package var keyBytes = 128
  /// Bytes of one value: 16 to 65,536.
  package var valueBytes = 4_096
  /// W: over how many log positions a command is remembered by its name: 16 to 65,536.
  package var tokenWindow = 1_024

  package init() {}
  package init(storeBytes: Int, storeKeys: Int, keyBytes: Int, valueBytes: Int, tokenWindow: Int) {
    self.storeBytes = storeBytes
    self.storeKeys = storeKeys
    self.keyBytes = keyBytes
    self.valueBytes = valueBytes
    self.tokenWindow = tokenWindow
  }

  package var areWithinBounds: Bool {
    storeBytes >= 1_024 && storeBytes <= 64 << 20 && storeKeys >= 16 && storeKeys <= 1_000_000
      && keyBytes >= 16
      && keyBytes <= 1_024 && valueBytes >= 16 && valueBytes <= 65_536 && tokenWindow >= 16
      && tokenWindow <= 65_536
  }

  // MARK: Fixed numbers

  /// What a key costs besides its bytes and its value's, whatever the layout in memory.
  package static let keyOverhead = 64
  /// The largest old value that is remembered with the result of its command.
  package static let keptValueBytes = 256
  /// Expired keys that one log position removes at most.
  package static let expiriesPerPosition = 8
  /// The longest time to live, in milliseconds: 35,000 years.
  package static let longestTTL: UInt64 = 1 << 50

  // MARK: Derived

  /// What a key with a value of this size takes of `storeBytes`.
  package static func cost(key: Int, value: Int) -> Int { key + value + keyOverhead }
  /// Bytes of all remembered old values together.
  package var keptValuesBytes: Int { min(1 << 20, max(4_096, tokenWindow * 64)) }
  /// The largest command of one key: `SET key value IFEQ compare` with everything at its limit.
  package var largestCommand: Int { 32 + keyBytes + 2 * valueBytes }
}
