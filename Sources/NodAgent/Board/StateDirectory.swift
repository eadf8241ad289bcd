// The directory that holds what a node must not forget. It is locked for this process's life: two agents
// that vote from one memory would break every promise.
import CBoard
import NodCore

// Public, since Embedded Swift finds the deinit of any other type within its own module only.
public struct StateDirectory: ~Copyable {
  package enum Failure: Error, CustomStringConvertible {
    case board(BoardFailure)
    /// Another agent votes from this directory.
    case inUse(path: String)

    package var description: String {
      switch self {
      case .board(let failure): failure.description
      case .inUse(let path):
        "the state directory \(path) is in use by another nodd: "
          + "stop that one, or give this node a directory of its own"
      }
    }
  }

  /// The lock's file, beside the journal.
  package static let lockName = "lock"
  /// Only the agent may look in.
  package static let mode: UInt32 = 0o700

  package let path: String
  package let descriptor: Int32
  private let lock: Int32

  /// Opens and locks a directory that is there; an empty one is damage, which the journal judges.
  package init(path: String) throws(Failure) {
    let directory = path.withCString { board_directory_open($0) }
    if directory < 0 { throw .board(BoardFailure("open the state directory", path, verdict: directory)) }
    let held = StateDirectory.lockName.withCString { board_file_lock(directory, $0) }
    if held < 0 {
      board_close(directory)
      if held == BOARD_FILE_HELD { throw .inUse(path: path) }
      throw .board(BoardFailure("lock", "\(path)/\(StateDirectory.lockName)", verdict: held))
    }
    self.path = path
    descriptor = directory
    lock = held
  }

  deinit {
    board_close(lock)
    board_close(descriptor)
  }

  /// Makes the directory; fails when there is something of that name.
  package static func create(path: String) throws(BoardFailure) {
    _ = try checked(
      path.withCString { board_directory_create($0, mode) }, "create the state directory", path)
  }

  /// Bytes that may still be written to its file system; nil when the system does not say.
  package var freeBytes: Int64? {
    let free = board_directory_free_bytes(descriptor)
    return free < 0 ? nil : free
  }
}
