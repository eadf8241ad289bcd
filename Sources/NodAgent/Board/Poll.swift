// Waiting for whatever happens first: a datagram, a client, the alarm, the end of a sync, a signal. One
// wait is one wake-up of the process; what is ready is then gone through in a fixed array.
import CBoard

// Public, since Embedded Swift finds the deinit of any other type within its own module only.
public struct Poll: ~Copyable {
  /// What has become ready: the token it was added with, and how.
  package struct Event {
    package let token: UInt64
    package let readiness: UInt32

    package var isReadable: Bool {
      readiness & (BOARD_SOCKET_READABLE | BOARD_SOCKET_ERROR | BOARD_SOCKET_HUNG_UP) != 0
    }
    package var isWritable: Bool { readiness & BOARD_SOCKET_WRITABLE != 0 }
  }

  package enum Interest {
    case reading, readingAndWriting, nothing

    var bits: UInt32 {
      switch self {
      case .reading: BOARD_SOCKET_READABLE
      case .readingAndWriting: BOARD_SOCKET_READABLE | BOARD_SOCKET_WRITABLE
      case .nothing: 0
      }
    }
  }

  /// Events of one wait at most.
  package static let capacity = Int(BOARD_POLL_LIMIT)

  /// The epoll descriptor, for those who add their own.
  package let descriptor: Int32
  private let tokens: UnsafeMutablePointer<UInt64>
  private let readiness: UnsafeMutablePointer<UInt32>

  package init() throws(BoardFailure) {
    descriptor = try checked(board_poll_create(), "create a poll")
    tokens = .allocate(capacity: Poll.capacity)
    readiness = .allocate(capacity: Poll.capacity)
    tokens.initialize(repeating: 0, count: Poll.capacity)
    readiness.initialize(repeating: 0, count: Poll.capacity)
  }

  deinit {
    board_close(descriptor)
    tokens.deallocate()
    readiness.deallocate()
  }

  package func add(_ fd: Int32, token: UInt64, for interest: Interest = .reading) throws(BoardFailure) {
    _ = try checked(board_poll_add(descriptor, fd, interest.bits, token), "poll")
  }
  package func change(_ fd: Int32, token: UInt64, to interest: Interest) throws(BoardFailure) {
    _ = try checked(board_poll_change(descriptor, fd, interest.bits, token), "poll")
  }
  package func remove(_ fd: Int32) throws(BoardFailure) {
    _ = try checked(board_poll_remove(descriptor, fd), "poll")
  }

  /// Waits until something is ready.
  ///
  /// - Parameter timeoutMilliseconds: how long at most; nil waits for ever, as when an `Alarm` is among the
  ///   descriptors.
  /// - Returns: how many events `event(_:)` tells of, 0 ... `capacity`.
  package mutating func wait(timeoutMilliseconds: Int32? = nil) throws(BoardFailure) -> Int {
    Int(
      try checked(
        board_poll_wait(descriptor, tokens, readiness, Int32(Poll.capacity), timeoutMilliseconds ?? -1),
        "poll"))
  }

  package func event(_ index: Int) -> Event {
    precondition(index >= 0 && index < Poll.capacity)
    return Event(token: tokens[index], readiness: readiness[index])
  }
}
