// Why nothing is decided: the first of the causes, in an order in which each would hide those after it. A code and
// two numbers, so that it fits a frame; the words are the agent's.
import NodCore

package struct Reason: Sendable {
  package enum Cause: UInt8, Sendable {
    case none = 0
    /// A log entry of an unknown kind.
    case unknownEntry
    /// The journal is new, or has lost what it promised.
    case mayNotVote
    /// `first`: KiB that are free.
    case diskIsShort
    case diskFails
    /// `first` frames in `second` windows that say they are from `slot` do not open.
    case framesDoNotOpen
    /// The same, under another key epoch; of a version that is not known; from a slot that the roster has not.
    case otherEpoch
    case otherVersion
    case notAMember
    case noGrid
    /// `first`: milliseconds until a frame may go.
    case airtimeSpent
    /// `first` microseconds of guard where the period allows `second`.
    case clockInDoubt
    /// `first` peers were heard lately, `second` are needed.
    case noLeader
    case noQuorum
    /// A command has waited here for `first` windows.
    case notTaken
    /// Entry `first` has not been acknowledged by a quorum for `second` windows.
    case notAcknowledged
  }
  package var cause: Cause
  package var slot: UInt8 = 0
  package var first: Int64 = 0
  package var second: Int64 = 0

  package init(_ cause: Cause) { self.cause = cause }
  package var isNone: Bool { cause == .none }
}

extension Station where D: ~Copyable {
  /// Frames of a stranger that make it the cause, and for how many periods after the last of them.
  private static var strangerFrames: UInt32 { 3 }
  private static var strangerPeriods: Int { 24 }
  /// Windows in which what waits, or what is proposed, does not move: then it is stuck.
  private static var stuckWindows: UInt32 { 12 }

  package func reason(_ now: LocalTime) -> Reason {
    if node.isStopped { return Reason(.unknownEntry) }
    if !node.mayVote { return Reason(.mayNotVote) }
    if node.isUnfit {
      var reason = Reason(isShortOfSpace ? .diskIsShort : .diskFails)
      reason.first = Int64(clamping: freeBytes / 1024)
      return reason
    }
    let report = node.report(now)
    if report.leader != nil && report.hasQuorum { return stuck(now) }
    if report.peersHeard + 1 < report.quorum, let stranger = stranger(now) { return stranger }
    if report.isSearching { return Reason(.noGrid) }
    return trouble(report, now)
  }

  /// There is a grid, and no leader with a quorum.
  private func trouble(_ report: NodeReport, _ now: LocalTime) -> Reason {
    if let spent = spentAirtime(now) { return spent }
    if let doubt = doubtfulClock(now) { return doubt }
    guard report.leader == nil else { return Reason(.noQuorum) }
    var reason = Reason(.noLeader)
    reason.first = Int64(report.peersHeard)
    reason.second = Int64(report.quorum - 1)
    return reason
  }

  /// A leader and its quorum are there: does anything come through?
  private func stuck(_ now: LocalTime) -> Reason {
    let window = node.timeline.window
    if node.isLeader, node.acceptor.last > node.acceptor.commit,
      window &- witness.undecided.window > Self.stuckWindows, witness.events.isKept
    {
      var reason = Reason(.notAcknowledged)
      reason.first = Int64(clamping: node.acceptor.commit.raw + 1)
      reason.second = Int64(window &- witness.undecided.window)
      return reason
    }
    guard !node.pending.isEmpty, witness.events.isKept,
      window &- witness.waiting.window > Self.stuckWindows
    else { return Reason(.none) }
    if let spent = spentAirtime(now) { return spent }
    var reason = Reason(.notTaken)
    reason.first = Int64(window &- witness.waiting.window)
    return reason
  }

  private func spentAirtime(_ now: LocalTime) -> Reason? {
    guard framesDeferred > 0, node.timeline.window &- witness.deferredWindow <= Self.stuckWindows,
      let wait = airtimeWait(now), wait > .zero
    else { return nil }
    var reason = Reason(.airtimeSpent)
    reason.first = wait.raw / 1000
    return reason
  }

  private func doubtfulClock(_ now: LocalTime) -> Reason? {
    let terms = node.clock.guardTerms(at: now)
    guard terms.isAtLimit else { return nil }
    var reason = Reason(.clockInDoubt)
    reason.first = terms.unbounded.raw
    reason.second = terms.limit.raw
    return reason
  }

  /// The slot whose frames came last of those that cannot be opened, if they come now.
  private func stranger(_ now: LocalTime) -> Reason? {
    var worst: (slot: Int, frames: StrangeFrames)?
    for slot in 0..<NodeID.limit + 1 {
      let frames = witness.strangeFrames(from: slot)
      guard frames.count >= Self.strangerFrames,
        now - frames.lastAt <= node.settings.period * Self.strangerPeriods
      else { continue }
      if worst.map({ frames.count > $0.frames.count }) ?? true { worst = (slot, frames) }
    }
    guard let worst else { return nil }
    var reason = Reason(.framesDoNotOpen)
    switch worst.frames.last {
    case .wrongEpoch: reason.cause = .otherEpoch
    case .unknownVersion: reason.cause = .otherVersion
    case .notAMember: reason.cause = .notAMember
    default: break
    }
    reason.slot = UInt8(worst.slot)
    reason.first = Int64(worst.frames.count)
    reason.second = max(1, (worst.frames.lastAt - worst.frames.since).raw / node.settings.period.raw + 1)
    return reason
  }
}
