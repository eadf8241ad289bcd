// The journal's steps one after the other, for callers that may wait for the disk: provisioning, tools,
// tests.
import NodCore

extension Journal where D: ~Copyable {
  /// Syncs what was handed out, and all that follows from it.
  @inline(never)
  package mutating func settle(_ first: SyncTarget) throws(Failure) {
    var next: SyncTarget? = first
    while let target = next {  // a file, then perhaps the directory
      do throws(D.Failure) {
        try disk.sync(target)
      } catch {
        throw syncFailed(error)
      }
      next = try synced()
    }
  }

  /// Makes everything appended durable, a batch at a time.
  package mutating func flush() throws(Failure) {
    if let failure { throw failure }
    while let target = try write() { try settle(target) }
  }

  /// Makes the journal: its first segment, with these records as the checkpoint.
  package mutating func create(
    identity: UInt64, _ records: (inout Journal<D>) throws(Failure) -> Void
  ) throws(Failure) {
    try beginCreation(identity: identity)
    try records(&self)
    try settle(finishCheckpoint())
  }

  /// A new segment in place of the current one; `records` hands all that is remembered to `checkpoint`.
  package mutating func rotate(_ records: (inout Journal<D>) throws(Failure) -> Void) throws(Failure) {
    try beginRotation()
    try records(&self)
    try settle(finishCheckpoint())
  }
}
