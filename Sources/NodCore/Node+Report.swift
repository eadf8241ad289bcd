// Every figure of a node that a person may ask for, in one struct.

package struct NodeReport {
  package var role: String
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
      role: "\(role.name)", leader: leader, members: settings.memberCount, quorum: quorum,
      hasQuorum: hasQuorum,
      peersHeard: heard, mayVote: mayVote, isUnfit: isUnfit, isStopped: isStopped,
      isSearching: timeline.phase == .searching, promised: acceptor.promised, accepted: acceptor.accepted,
      incarnation: incarnation, first: acceptor.log.first, last: acceptor.last, decided: acceptor.commit,
      applied: applied, snapshot: snapshots.index, digest: registry.digest,
      pending: pending.next - pending.oldest,
      window: timeline.window, wakeAt: timeline.wakeAt, missesBeforeSuspicion: missesBeforeSuspicion,
      counters: counters)
  }
}
