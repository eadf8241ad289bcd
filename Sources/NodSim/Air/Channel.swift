// The channel: which frames are on the air when, so that at the end of each it can be said who could have read it.
// Times are the world's, in microseconds.
import NodCore

/// One frame on its way.
struct Transmission {
  let number: Int
  let from: Int
  let bytes: [UInt8]
  let start: Int64
  let end: Int64
  /// Receivers at which its signal arrives, read or not: what destroys other frames.
  var reach: UInt32 = 0
  /// Copies that are still to arrive.
  var copies = 0
  /// Its line in the trace.
  var line: Int?
  /// What it says.
  var says = SectionKinds()
}

/// Why a frame was not heard, or that it was.
package enum Hearing: String, Sendable {
  case heard = "ok"
  /// By chance, or because something in the way took it.
  case lost
  /// No link from there to here.
  case cut
  /// The receiver was off, or came on while the frame was on the air.
  case off
  /// It was transmitting.
  case busy
  case collided
  case dark
}

struct Channel {
  /// Frames that may still overlap with others, in the order in which they were sent.
  private var recent: [Transmission] = []
  /// Beyond so many, those that are long over are forgotten.
  private static let remembered = 64

  mutating func add(_ transmission: Transmission) {
    if recent.count >= Channel.remembered {
      let oldest = transmission.start - 2 * longest
      recent.removeAll { $0.end < oldest }
    }
    longest = max(longest, transmission.end - transmission.start)
    recent.append(transmission)
  }
  /// The longest frame so far.
  private var longest: Int64 = 0

  /// Whether this member transmitted while `frame` was on the air.
  func isBusy(_ member: Int, during frame: Transmission) -> Bool {
    recent.contains { $0.from == member && $0.start < frame.end && $0.end > frame.start }
  }

  /// Those of other senders that overlap with `frame` at a receiver.
  ///
  /// - Returns: whether there are any, and whether all of them began later.
  func overlap(with frame: Transmission, at receiver: Int) -> (any: Bool, isFirst: Bool) {
    var result = (any: false, isFirst: true)
    for other in recent
    where other.number != frame.number && other.from != receiver && other.from != frame.from
      && other.reach & (1 << UInt32(receiver)) != 0 && other.start < frame.end && other.end > frame.start
    {
      result.any = true
      if other.start <= frame.start { result.isFirst = false }
    }
    return result
  }

  /// When a member's transmissions are over.
  func quietAfter(_ member: Int) -> Int64 { recent.last { $0.from == member }?.end ?? .min }
}
