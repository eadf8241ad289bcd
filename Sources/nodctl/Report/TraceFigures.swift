// The figures of a trace: how long each radio transmitted, listened and slept and what that drew, how many frames each
// link carried of those that it could have, and how long callers waited.
import NodCore

struct TraceFigures {
  struct Radio {
    var frames = 0
    var bytes: Int64 = 0
    var transmitting: Int64 = 0
    var listening: Int64 = 0
    var sleeping: Int64 = 0
    var powered: Int64 = 0
    /// nil: the radio is not known.
    var microcoulombs: Double?
  }

  /// Of frames that one member sent while another listened.
  struct Link {
    var heard = 0
    var lost = 0
    var collided = 0
    /// Sent while the other's radio was off; no loss.
    var asleep = 0
    var listened: Int { heard + lost + collided }
  }

  struct Waits {
    /// In whole periods: how many callers waited so many.
    var byWindows: [Int64: Int] = [:]
    /// Of those that were answered, in microseconds, rising.
    var times: [Int64] = []
    var unanswered = 0

    func percentile(_ share: Double) -> Int64? {
      times.isEmpty ? nil : times[min(times.count - 1, Int((Double(times.count) * share).rounded(.down)))]
    }
  }

  private(set) var radios: [Radio]
  /// From the first index to the second.
  private(set) var links: [[Link]]
  private(set) var waits = Waits()
  private(set) var decided: Int64 = 0
  private(set) var framesSent = 0
  private(set) var framesLostSomewhere = 0

  /// - Parameter profile: the currents of the radio; nil when it is not known which one it was.
  init(_ trace: Trace, profile: RadioProfile?) {
    let count = trace.members.count
    radios = Array(repeating: Radio(), count: count)
    links = Array(repeating: Array(repeating: Link(), count: count), count: count)
    for frame in trace.frames { add(frame) }
    for (slot, member) in trace.members.enumerated() { add(slot, member, profile) }
    for command in trace.commands { add(command) }
    waits.times.sort()
    decided = trace.members.flatMap(\.decided).map(\.index).max() ?? 0
  }

  private mutating func add(_ frame: Trace.Frame) {
    framesSent += 1
    radios[frame.from].frames += 1
    radios[frame.from].bytes += frame.bytes
    radios[frame.from].transmitting += frame.air
    var isLost = false
    for (slot, outcome) in frame.outcomes.enumerated() {
      switch outcome {
      case .heard: links[frame.from][slot].heard += 1
      case .lost: links[frame.from][slot].lost += 1
      case .collided, .busy, .rejected: links[frame.from][slot].collided += 1
      case .asleep: links[frame.from][slot].asleep += 1
      case .unknown, .dark: break
      }
      isLost = isLost || outcome.isLoss
    }
    if isLost { framesLostSomewhere += 1 }
  }

  private mutating func add(_ slot: Int, _ member: Trace.Member, _ profile: RadioProfile?) {
    func total(_ spans: [Trace.Span]) -> Int64 { spans.reduce(0) { $0 + max(0, $1.to - $1.from) } }
    let transmitting = radios[slot].transmitting
    radios[slot].powered = total(member.power)
    // A radio transmits with its receiver off, or in between: what is left of the time on is listening.
    radios[slot].listening = total(member.radio)
    radios[slot].sleeping = max(0, radios[slot].powered - radios[slot].listening - transmitting)
    guard let profile, member.isTold else { return }
    func charge(_ time: Int64, _ current: Current) -> Double {
      Double(time) / 1e6 * Double(current.nanoamperes) / 1e3
    }
    radios[slot].microcoulombs =
      charge(transmitting, profile.transmitCurrent) + charge(radios[slot].listening, profile.receiveCurrent)
      + charge(radios[slot].sleeping, profile.sleepCurrent)
  }

  private mutating func add(_ command: Trace.Command) {
    guard let answered = command.answered else {
      waits.unanswered += 1
      return
    }
    waits.byWindows[command.windows, default: 0] += 1
    waits.times.append(answered - command.submitted)
  }
}
