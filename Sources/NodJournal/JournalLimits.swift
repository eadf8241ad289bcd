// Whose a journal is, how large its parts may grow, and how far it has come.
import NodCore

/// Whose promises a journal holds. A journal of somebody else is refused.
package struct JournalOwner: Hashable, Sendable {
  package var clusterLow: UInt64
  package var clusterHigh: UInt64
  package var node: NodeID
  package init(clusterLow: UInt64, clusterHigh: UInt64, node: NodeID) {
    self.clusterLow = clusterLow
    self.clusterHigh = clusterHigh
    self.node = node
  }
}

/// How many records were appended since the journal was opened. What lies at or below `Journal.durable` may
/// be said.
package struct JournalPosition: Hashable, Comparable, Sendable {
  package var raw: UInt64
  package init(_ raw: UInt64) { self.raw = raw }
  package static let zero = JournalPosition(0)
  package static func < (a: JournalPosition, b: JournalPosition) -> Bool { a.raw < b.raw }
}

package struct JournalLimits: Sendable {
  /// Largest batch with its header, and the size of one mirror slot. A multiple of `Segment.pageBytes`, at
  /// most 1 MB.
  package var batchBytes: Int
  /// Records that may wait for the disk, framed.
  package var pendingBytes: Int
  /// Batches in a segment before it should be rotated; a checkpoint larger than this counts instead, so that
  /// rotations never write more than batches do.
  package var segmentBytes: Int

  package init(batchBytes: Int = 16_384, pendingBytes: Int = 327_680, segmentBytes: Int = 1 << 20) {
    precondition(batchBytes % Segment.pageBytes == 0 && batchBytes <= Segment.batchBytesLimit)
    precondition(batchBytes >= BatchHeader.byteCount + RecordFraming.largest)
    precondition(pendingBytes >= batchBytes && segmentBytes >= batchBytes)
    self.batchBytes = batchBytes
    self.pendingBytes = pendingBytes
    self.segmentBytes = segmentBytes
  }

  /// Largest payload of one record.
  package static let recordBytes = 4096
}
