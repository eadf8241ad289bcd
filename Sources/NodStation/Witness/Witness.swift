// Looks at a node after everything that happened to it, and notes what changed: for NOD TRACE, NOD LOG and the line
// that says why nothing is decided. The core knows nothing of it, so watching changes nothing. With an event ring of
// no capacity (the simulator, which tells its own events) nothing is kept.
import NodCore

/// Everything in memory that is taken at start. `public`, since Embedded Swift finds the deinit of any other type
/// within its own module only.
public struct Witness: ~Copyable {
  package var events: EventRing
  package internal(set) var windows = EntryWindows()
  /// By the slot that frames say they are from, its low five bits.
  private let strangers: UnsafeMutablePointer<StrangeFrames>
  private static let strangerCount = 32
  let votes: UnsafeMutablePointer<LogIndex>
  private let memberCount: Int
  var votesBallot = Ballot.zero
  var role: UInt8 = 0
  var accepted = Ballot.zero
  var last = LogIndex.zero
  var commit = LogIndex.zero
  var isUnfit = false
  /// The oldest command that waits here, the index known to be decided, and since which window each has been so.
  var waiting = (number: 0, window: UInt32(0))
  var undecided = (index: LogIndex.zero, window: UInt32(0))
  /// When callers asked, by the low bits of their tickets.
  private let asked: UnsafeMutablePointer<(ticket: UInt64, at: LocalTime)>
  private static let askedCount = 256
  /// The newest window in which a frame had to wait for air time.
  var deferredWindow: UInt32 = 0

  init(eventCapacity: Int, memberCount: Int) {
    events = EventRing(capacity: eventCapacity)
    self.memberCount = memberCount
    strangers = .allocate(capacity: Witness.strangerCount)
    strangers.initialize(repeating: StrangeFrames(), count: Witness.strangerCount)
    votes = .allocate(capacity: memberCount)
    votes.initialize(repeating: .zero, count: memberCount)
    asked = .allocate(capacity: Witness.askedCount)
    asked.initialize(repeating: (0, .zero), count: Witness.askedCount)
  }
  deinit {
    strangers.deallocate()
    votes.deallocate()
    asked.deallocate()
  }

  mutating func forgetVotes(in ballot: Ballot) {
    votesBallot = ballot
    votes.update(repeating: .zero, count: memberCount)
  }

  mutating func asks(_ ticket: Ticket, at now: LocalTime) {
    asked[Int(ticket.raw % UInt64(Witness.askedCount))] = (ticket.raw, now)
  }
  /// When the caller of this ticket asked; nil when others of the same place have asked since.
  func askedAt(_ ticket: Ticket) -> LocalTime? {
    let found = asked[Int(ticket.raw % UInt64(Witness.askedCount))]
    return found.ticket == ticket.raw && found.at > .zero ? found.at : nil
  }

  // MARK: frames that do not open

  package func strangeFrames(from slot: Int) -> StrangeFrames { strangers[slot % Witness.strangerCount] }

  mutating func noteStranger(_ slot: UInt8, _ why: Rejection, at now: LocalTime) {
    let place = Int(slot) % Witness.strangerCount
    if strangers[place].count == 0 { strangers[place].since = now }
    strangers[place].count &+= 1
    strangers[place].lastAt = now
    strangers[place].last = why
  }
  mutating func opened(_ slot: NodeID) { strangers[Int(slot.raw) % Witness.strangerCount].count = 0 }
}

extension Station where D: ~Copyable {
  func event(_ kind: StationEvent.Kind, _ now: LocalTime) -> StationEvent {
    StationEvent(kind, at: now, window: node.timeline.window)
  }
  mutating func note(_ kind: StationEvent.Kind, _ number: UInt64 = 0, _ now: LocalTime) {
    guard witness.events.isKept else { return }
    var event = event(kind, now)
    event.number = number
    witness.events.note(event)
  }
  mutating func note(_ kind: StationEvent.Kind, isOn: Bool, _ now: LocalTime) {
    guard witness.events.isKept else { return }
    var event = event(kind, now)
    event.detail = isOn ? 1 : 0
    witness.events.note(event)
  }

  /// After anything that may have moved the node: what is new.
  mutating func look(_ now: LocalTime) {
    guard witness.events.isKept else { return }
    lookAtRole(now)
    lookAtLog(now)
    lookAtVotes(now)
    if node.isUnfit != witness.isUnfit {
      witness.isUnfit = node.isUnfit
      note(.disk, isOn: !node.isUnfit, now)
    }
    if node.pending.oldest != witness.waiting.number || node.pending.isEmpty {
      witness.waiting = (node.pending.oldest, node.timeline.window)
    }
    if node.acceptor.commit != witness.undecided.index || node.acceptor.last <= node.acceptor.commit {
      witness.undecided = (node.acceptor.commit, node.timeline.window)
    }
  }

  private mutating func lookAtRole(_ now: LocalTime) {
    let role: UInt8 = node.isLeader ? 2 : node.isCandidate ? 1 : 0
    guard role != witness.role else { return }
    witness.role = role
    var event = event(.role, now)
    event.detail = role
    event.number = packed(node.acceptor.accepted)
    witness.events.note(event)
  }

  private mutating func lookAtLog(_ now: LocalTime) {
    let (accepted, last, commit) = (node.acceptor.accepted, node.acceptor.last, node.acceptor.commit)
    if last != witness.last || accepted != witness.accepted {
      if last > witness.last {
        witness.windows.saw(witness.last + 1, through: last, in: node.timeline.window)
      }
      witness.last = last
      witness.accepted = accepted
      note(.accepted, last.raw, now)
    }
    if commit > witness.commit {
      witness.windows.decided(witness.commit + 1, through: commit, in: node.timeline.window)
      witness.commit = commit
      note(.decided, commit.raw, now)
    }
  }

  private mutating func lookAtVotes(_ now: LocalTime) {
    if node.votes.ballot != witness.votesBallot { witness.forgetVotes(in: node.votes.ballot) }
    var i = 0
    while i < node.settings.memberCount {
      let index = node.votes[NodeID(UInt8(i))]
      if index > witness.votes[i] {
        witness.votes[i] = index
        var event = event(.vote, now)
        event.member = UInt8(i)
        event.number = index.raw
        witness.events.note(event)
      }
      i += 1
    }
  }

  /// A ballot within one number.
  private func packed(_ ballot: Ballot) -> UInt64 { UInt64(ballot.round) << 8 | UInt64(ballot.node.raw) }

  // MARK: what only the world knows

  package mutating func radioTurned(on: Bool, _ now: LocalTime) { note(.radio, isOn: on, now) }

  /// The process stood still until now.
  package mutating func paused(for span: Microseconds, _ now: LocalTime) {
    note(.pause, UInt64(max(0, span.raw)), now)
  }

  /// Datagrams came while the receiver was off.
  package mutating func missedWhileOff(_ count: UInt64, _ now: LocalTime) {
    if count > 0 { note(.missed, count, now) }
  }

  /// A datagram was thrown away on purpose before anything looked at it.
  package mutating func lostOnPurpose(_ datagram: Bytes, _ now: LocalTime) {
    guard witness.events.isKept, let (sender, number) = frame(in: datagram) else { return }
    var event = event(.lost, now)
    event.member = sender
    event.number = number
    event.size = UInt16(clamping: datagram.count)
    witness.events.note(event)
  }

  package mutating func answered(_ ticket: Ticket, _ now: LocalTime) {
    guard witness.events.isKept else { return }
    var event = event(.answered, now)
    event.number = ticket.raw
    let waited = witness.askedAt(ticket).map { (now - $0).raw / node.settings.period.raw }
    event.size = waited.map { UInt16(clamping: $0) } ?? .max
    witness.events.note(event)
  }
}
