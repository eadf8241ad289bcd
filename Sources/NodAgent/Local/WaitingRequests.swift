// Requests that wait: for the cluster, or for their turn behind others of the same connection. One table for
// all connections; each connection's requests form a list in the order in which they came, which is the order
// of replies.
import NodCore

/// Which reply a write's outcome becomes.
enum ReplyForm: UInt8 {
  /// SET: OK, or null when the condition was not met.
  case status
  /// SET ... GET: the old value or null.
  case oldValue
  /// A count, or 1 and 0 for done and not done.
  case integer
}

/// What a request is told when its turn comes.
enum Answer {
  case done
  case integer(Int64)
  case none
  /// An old value, kept in one of the shared blocks.
  case held(block: UInt8, count: Int)
  case valueNotKept
  case failed(RegistryFailure)
  case staleToken
  /// The wait ran out; the command may still take effect under this token.
  case unknown(CommandToken)
  /// The wait ran out before anything was sent.
  case notSent
  case readTimedOut
  /// Another member told over the radio what was asked, or did not.
  case told(Ticket)
  case notTold
  case readPoint
  case readFailed(StaticString)
  case busy(StaticString, retryAfterMilliseconds: UInt32)
  case refused(StaticString)
}

struct WaitingRequest {
  enum State {
    /// A write or a read point that the cluster owes an answer.
    case waiting
    case answered(Answer)
    /// Looked at when its turn comes: a local read, or a request that is wrong.
    case deferred
  }
  var state: State
  var command: Command
  var form = ReplyForm.status
  /// Sent with a token of the client: an earlier attempt may have taken effect.
  var isRetry = false
  /// Waits for a read point, not for a write.
  var isRead = false
  /// Waits for what another member tells over the radio.
  var isVia = false
  /// Where the write stands in the log.
  var appliedAt = LogIndex.zero
  var connection: UInt16
  /// Where the request lies in the stream, while `length` is not 0.
  var position: UInt64 = 0
  var length = 0
  /// Requests refused just before this one because too many were outstanding; their replies go first.
  var refusedBefore = 0
  var deadline = LocalTime.never
  /// Counts the uses of this place, so that a late answer meets nobody else.
  var generation: UInt32
  /// The request behind this one on its connection.
  var next: Int32 = -1
  /// Neighbours in the list of all waiting requests by deadline.
  var earlier: Int32 = -1
  var later: Int32 = -1

  var isKeepingInput: Bool { length > 0 }
}

/// A table of places, taken and given back; and the waiting ones in the order of their deadlines.
struct WaitingRequests: ~Copyable {
  private let places: UnsafeMutablePointer<WaitingRequest>
  private let capacity: Int
  /// Places that were used at least once; the others have never been touched.
  private var used = 0
  private var firstFree: Int32 = -1
  private(set) var count = 0
  /// Every wait is equally long, so the list in order of arrival is the list in order of deadlines.
  private(set) var firstDeadline: Int32 = -1
  private var lastDeadline: Int32 = -1

  init(capacity: Int) {
    self.capacity = capacity
    places = .allocate(capacity: capacity)
  }
  deinit { places.deallocate() }

  var hasRoom: Bool { count < capacity }

  subscript(_ index: Int32) -> WaitingRequest {
    _read { yield places[Int(index)] }
    nonmutating _modify { yield &places[Int(index)] }
  }

  /// Takes a place. The caller has asked `hasRoom`.
  mutating func take(_ state: WaitingRequest.State, command: Command, connection: Int) -> Int32 {
    precondition(hasRoom)
    count += 1
    var index = firstFree
    var generation: UInt32 = 1
    if index >= 0 {
      firstFree = places[Int(index)].next
      generation = places[Int(index)].generation &+ 1
    } else {
      index = Int32(used)
      used += 1
    }
    (places + Int(index)).initialize(
      to: WaitingRequest(
        state: state, command: command, connection: UInt16(connection), generation: generation))
    return index
  }

  mutating func give(back index: Int32) {
    stopWaiting(index)
    places[Int(index)].generation &+= 1
    places[Int(index)].next = firstFree
    firstFree = index
    count -= 1
  }

  func ticket(_ index: Int32) -> Ticket {
    Ticket(UInt64(places[Int(index)].generation) << 32 | UInt64(UInt32(index)))
  }
  /// The place that waits for this ticket; nil when it was abandoned, answered, or never ours.
  func waiting(for ticket: Ticket) -> Int32? {
    let index = ticket.raw & 0xffff_ffff
    guard index < UInt64(used) else { return nil }
    let place = places[Int(index)]
    guard place.generation == UInt32(ticket.raw >> 32), case .waiting = place.state else { return nil }
    return Int32(index)
  }

  mutating func startWaiting(_ index: Int32, until deadline: LocalTime) {
    places[Int(index)].state = .waiting
    places[Int(index)].deadline = deadline
    places[Int(index)].earlier = lastDeadline
    places[Int(index)].later = -1
    if lastDeadline >= 0 { places[Int(lastDeadline)].later = index } else { firstDeadline = index }
    lastDeadline = index
  }
  /// Takes the request out of the list by deadline, if it is there.
  mutating func stopWaiting(_ index: Int32) {
    let place = places[Int(index)]
    guard place.deadline != .never else { return }
    if place.earlier >= 0 {
      places[Int(place.earlier)].later = place.later
    } else {
      firstDeadline = place.later
    }
    if place.later >= 0 {
      places[Int(place.later)].earlier = place.earlier
    } else {
      lastDeadline = place.earlier
    }
    places[Int(index)].deadline = .never
  }
}

/// Memory for old values whose reply has to wait for earlier ones.
struct HeldValues: ~Copyable {
  private let memory: UnsafeMutableRawPointer
  private let blockBytes: Int
  private let blocks: Int
  private let isTaken: UnsafeMutablePointer<Bool>

  init(blocks: Int, blockBytes: Int) {
    self.blocks = blocks
    self.blockBytes = blockBytes
    memory = .allocate(byteCount: blocks * blockBytes, alignment: 16)
    isTaken = .allocate(capacity: blocks)
    isTaken.initialize(repeating: false, count: blocks)
  }
  deinit {
    memory.deallocate()
    isTaken.deallocate()
  }

  mutating func keep(_ value: Bytes) -> Answer {
    guard value.count <= blockBytes else { return .valueNotKept }
    for block in 0..<blocks where !isTaken[block] {
      isTaken[block] = true
      if let source = value.baseAddress {
        (memory + block * blockBytes).copyMemory(from: source, byteCount: value.count)
      }
      return .held(block: UInt8(block), count: value.count)
    }
    return .valueNotKept
  }
  func value(_ block: UInt8, _ count: Int) -> Bytes {
    Bytes(start: memory + Int(block) * blockBytes, count: count)
  }
  mutating func release(_ answer: Answer) {
    if case .held(let block, _) = answer { isTaken[Int(block)] = false }
  }
}
