// What became of a command, as every replica tells it alike; the caller's node passes it on.

/// Why a command was refused by the state machine. Nothing was changed by it.
package enum RegistryFailure: UInt8, Error, Hashable, Sendable {
  /// Keys and values together would exceed `RegistryLimits.storeBytes`.
  case storeFull = 1
  /// There are `RegistryLimits.storeKeys` keys already.
  case tooManyKeys
  case keyTooLong
  case valueTooLong
  /// `increment` of a value that is no 64-bit decimal number.
  case notAnInteger
  /// A sum beyond 64 bits, or a time to live beyond `RegistryLimits.longestTTL`.
  case overflow
  /// The bytes are no command.
  case malformed
  /// An operation that this version does not know.
  case wrongOp
}

/// Where a value lies in the registry's result buffer; valid until `Registry.clearValues`.
package struct ValueRange: Hashable, Sendable {
  package var offset: Int
  package var count: Int
}

package enum ApplyOutcome: Hashable, Sendable {
  /// A `set` without GET that took effect; `noop`.
  case ok
  /// `delete`, `deleteIfEqual`: keys removed. `increment`: the sum. `expire`, `persist`: 1 when done, 0 when
  /// not.
  case integer(Int64)
  /// A `set` whose condition was not met, without effect; with GET: there was no old value.
  case none
  /// `set` with GET: the value before it, whether or not the condition was met (as in Redis).
  case value(ValueRange)
  /// There was an old value, but it is no longer, or was never, kept: the command itself was applied as ever.
  case valueNotKept
  case failed(RegistryFailure)
  /// The token's log position lies outside the token window, so nobody can tell whether it was applied
  /// before. Not applied now.
  case staleToken
}

package struct ApplyResult: Hashable, Sendable {
  package var outcome: ApplyOutcome
  /// Where the command was applied, the first time if it came again; where it was refused, if it was stale.
  package var index: LogIndex
  /// It had been applied before; `outcome` is what it gave then, and nothing was changed now.
  package var isDuplicate: Bool

  package init(outcome: ApplyOutcome, index: LogIndex, isDuplicate: Bool = false) {
    self.outcome = outcome
    self.index = index
    self.isDuplicate = isDuplicate
  }
}
