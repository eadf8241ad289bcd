// What can go wrong with a journal, with everything that a person needs: which file, where, what was
// expected, what was found, and the way back. An acceptor that may have forgotten must not vote: doubt is
// an error here.
import NodCore

/// What the journal was doing to its disk.
package enum DiskOperation: UInt8, Sendable {
  case list, open, create, write, read, size, truncate, rename, sync

  package var text: String {
    switch self {
    case .list: "list"
    case .open: "open"
    case .create: "create"
    case .write: "write"
    case .read: "read"
    case .size: "get the size of"
    case .truncate: "truncate"
    case .rename: "rename"
    case .sync: "sync"
    }
  }
}

package enum JournalError<Failure: DiskFailure>: Error {
  /// The disk refused; no file means the directory.
  case disk(Failure, DiskOperation, FileName?)
  /// Bytes that were once durable are not what they were, or that cannot be ruled out.
  case damaged(FileName, offset: UInt64, expected: String, found: String)
  case wrongCluster(FileName)
  case wrongNode(FileName, expected: NodeID, found: NodeID)
  case unknownVersion(FileName, found: UInt16)
  /// There is a journal already: `create` never replaces one.
  case alreadyExists(FileName)
  /// The caller did not take a record: it cannot be left out, for it may be a promise.
  case refused(FileName, offset: UInt64, kind: UInt8)
  /// More was appended than may wait for the disk. A rotation mends it.
  case pendingFull(byteCount: Int)
  /// The segment has twice its size, because rotations failed. A rotation mends it.
  case segmentFull(FileName, byteCount: UInt64)

  /// Waiting, or giving space back, can make the next attempt succeed.
  package var isFull: Bool {
    switch self {
    case .disk(let failure, _, _): failure.isFull
    case .pendingFull, .segmentFull: true
    default: false
    }
  }

  package var description: String {
    switch self {
    case .disk(let failure, let operation, let file):
      "cannot \(operation.text) \(file?.text ?? "the journal directory"): \(failure.explanation). "
        + (failure.isFull
          ? "Nothing more is promised to others until there is space; free some, the node goes on by itself"
          : "Nothing more is promised to others until the disk works; check it and the way it is mounted")
    case .damaged(let file, let offset, let expected, let found):
      "\(file.text) is damaged at byte \(offset): expected \(expected), found \(found). "
        + "What this node promised may be lost, so it must not vote with this journal. "
        + "Keep the file for diagnosis, do not restore a copy; let the board rejoin in a new slot"
    case .wrongCluster(let file):
      "\(file.text) belongs to another cluster: check the state directory in the configuration"
    case .wrongNode(let file, let expected, let found):
      "\(file.text) belongs to node \(found.raw), this is node \(expected.raw): check the state directory; "
        + "two boards must never share a journal"
    case .unknownVersion(let file, let found):
      "\(file.text) has format version \(found), this program knows \(SegmentHeader.version): "
        + "install the version that wrote it"
    case .alreadyExists(let file):
      "\(file.text) is there already: a journal is made once and never replaced"
    case .refused(let file, let offset, let kind):
      "\(file.text), byte \(offset): the record of kind \(kind) was not understood; "
        + "install the version that wrote it"
    case .pendingFull(let byteCount):
      "\(byteCount) bytes wait for the disk, which does not keep up: the journal is written anew"
    case .segmentFull(let file, let byteCount):
      "\(file.text) has grown to \(byteCount) bytes and no new segment could be written: "
        + "free space in the journal's directory"
    }
  }
}
