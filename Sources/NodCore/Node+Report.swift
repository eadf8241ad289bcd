// Every figure of a node that a person may ask for, in one struct.

/// What kind of window a node wakes for next.
package enum WindowKind: UInt8, Sendable {
  /// The leader's beacon, and whoever has something new.
  case ordinary = 0
  /// Everybody stays for all slots and says who it hears.
  case full
  /// Nobody leads: the window elects.
  case leaderless
  /// No grid: the receiver is on.
  case searching

  package var name: StaticString {
    switch self {
    case .ordinary: "ordinary"
    case .full: "full"
    case .leaderless: "leaderless"
    case .searching: "searching"
    }
  }
}

package struct NodeReport {
  package var role: StaticString
  package var leader: NodeID?
  package var members: Int
  package var quorum: Int
  /// As a leader: a quorum was heard when it was due. As a follower: the leader works.
  package var hasQuorum: Bool
  package var peersHeard: Int
  package var mayVote: Bool
  package var isUnfit: Bool
  package var isStopped: Bool
  package var isSearching: Bool
  package var promised: Ballot
  package var accepted: Ballot
  package var incarnation: UInt32
  package var first: LogIndex
  package var last: LogIndex
  package var decided: LogIndex
  package var applied: LogIndex
  package var snapshot: LogIndex
  package var digest: UInt64
  package var pending: Int
  package var window: UInt32
  package var wakeAt: LocalTime
  package var nextKind: WindowKind
  package var missesBeforeSuspicion: Int
  package var counters: NodeCounters
}

extension Node {
  package func report(_ now: LocalTime) -> NodeReport {
    var heard = 0
    var i = 0
    while i < settings.memberCount {
      if NodeID(UInt8(i)) != id && heardLately(NodeID(UInt8(i)), within: settings.fullEvery * 2) {
        heard += 1
      }
      i += 1
    }
    var hasQuorum = leader != nil
    if case .leader(let state) = role { hasQuorum = state.quorumAge == 0 }
    return NodeReport(
      role: role.name, leader: leader, members: settings.memberCount, quorum: quorum,
      hasQuorum: hasQuorum,
      peersHeard: heard, mayVote: mayVote, isUnfit: isUnfit, isStopped: isStopped,
      isSearching: timeline.phase == .searching, promised: acceptor.promised, accepted: acceptor.accepted,
      incarnation: incarnation, first: acceptor.log.first, last: acceptor.last, decided: acceptor.commit,
      applied: applied, snapshot: snapshots.index, digest: registry.digest,
      pending: pending.next - pending.oldest,
      window: timeline.window, wakeAt: timeline.wakeAt, nextKind: nextWindowKind,
      missesBeforeSuspicion: missesBeforeSuspicion,
      counters: counters)
  }

  /// Of the window that it wakes for; awake, of the present one.
  private var nextWindowKind: WindowKind {
    if timeline.phase == .searching { return .searching }
    if leader == nil || timeline.isLeaderless && timeline.phase != .asleep { return .leaderless }
    let window = timeline.phase == .asleep ? timeline.window &+ 1 : timeline.window
    return window % settings.fullEvery == 0 ? .full : .ordinary
  }

  /// Microseconds since the grid's window 0, alike on all members to within their clocks' error; nil without a grid.
  package func gridTime(_ time: LocalTime) -> Int64? {
    guard clock.isSet else { return nil }
    let window = clock.window(at: time)
    return Int64(window) * settings.period.raw + (time - clock.gridPoint(of: window)).raw
  }

  /// The leader whose ballot an entry was proposed in: that of the nearest `begin` at or below it.
  package func proposer(of index: LogIndex) -> NodeID? {
    var i = index
    while i >= acceptor.log.first && i > .zero {  // bounded by the log's capacity
      if acceptor.log.head(i).kind == .begin { return BallotStart(acceptor.log.payload(i))?.ballot.node }
      i = i + -1
    }
    return acceptor.baseBegin > .zero ? acceptor.baseBegin.node : nil
  }
}
