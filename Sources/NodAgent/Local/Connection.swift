// What one client's connection is at a moment. It knows no socket: bytes are put in and taken out by whoever
// has one.
import NodCore

struct Connection {
  enum Phase {
    case free
    case open
    /// The bytes were no requests: what is written goes out, then the rest of the input is thrown away for a
    /// moment, so that the client can read why.
    case refused
    /// QUIT: what is written goes out, then the end.
    case quitting
    /// Cut now; what is written is lost.
    case dropped
  }

  var phase = Phase.free
  var input: InputBuffer
  var output: OutputBuffer
  var scanner = RequestScanner()
  var isRESP3 = false
  /// The client's number since the agent started.
  var number: UInt64 = 0
  var nameLength = 0
  /// Log index of the last write that was acknowledged here: a fencing token.
  var lastWrite = LogIndex.zero
  var subscriptionCount = 0

  // The queue of requests whose replies are owed.
  var firstWaiting: Int32 = -1
  var lastWaiting: Int32 = -1
  var waitingCount = 0
  /// The write that was handed to the cluster last; its place may be somebody else's by now.
  var lastSubmitted: Int32 = -1
  /// How many of them still need their bytes in the input.
  var keepingCount = 0
  /// Requests refused behind the last one of the queue, because too many were outstanding.
  var refusedAtEnd = 0

  /// The client will send no more.
  var hasInputEnded = false
  /// A reply had no room: nothing more is read until the client takes some.
  var isOutputFull = false
  var isUnflushed = false
  /// When patience with this client ends.
  var deadline = LocalTime.never

  init(input: InputBuffer, output: OutputBuffer) {
    self.input = input
    self.output = output
  }

  /// Nothing is owed: a request can be answered at once.
  var isQueueEmpty: Bool { firstWaiting < 0 && refusedAtEnd == 0 }
  var isEnding: Bool { phase == .refused || phase == .quitting }
  /// In RESP2 a subscriber can say little else.
  var isSubscriberOnly: Bool { subscriptionCount > 0 && !isRESP3 }

  /// Ready for a new client, in the same memory.
  mutating func open(number: UInt64) {
    precondition(phase == .free && firstWaiting < 0)
    input.discardAll()
    output.discardAll()
    // The list of connections to flush may still name this place.
    let isListed = isUnflushed
    self = Connection(input: input, output: output)
    isUnflushed = isListed
    self.number = number
    phase = .open
  }

  /// Longest name that CLIENT SETNAME takes.
  static let nameBytes = 64
}
