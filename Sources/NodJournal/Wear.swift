// What the journal costs the flash, counted from the start of the process.

package struct Wear: Sendable, Equatable {
  /// Bytes handed to the disk: batches, their mirrors, headers and checkpoints.
  package var bytesWritten: UInt64 = 0
  /// Syncs that succeeded, of files and of the directory.
  package var syncs: UInt64 = 0
  package var records: UInt64 = 0
  package var batches: UInt64 = 0
  package var rotations: UInt64 = 0
  /// Writes and syncs that failed.
  package var failures: UInt64 = 0
  package init() {}
}
