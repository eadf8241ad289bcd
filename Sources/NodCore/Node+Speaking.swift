// When a follower speaks, stays silent, and goes to sleep: local rules, for nobody knows who heard what. They began as
// rules R1 to R5 of the protocol review; what each costs in frames, bytes and listening is in docs/performance.md.
// "Loss" here is that of the leader's beacons, as measured by this node.

/// The numbers behind the rules, by measured loss in thousandths and number of members.
package enum SpeakingRule {
  /// How often undecided entries should have been on the air in a window, as heard here, before a voter leaves them out
  /// of its own frame. At little loss the leader's own frame is enough; a gap is then cheaper to mend when it is there.
  package static func entryCopies(lossPermille p: Int) -> Int {
    if p < 50 { return 1 }
    if p < 200 { return 2 }
    return p < 400 ? 3 : 4
  }

  /// Chance, in thousandths, that a voter repeats a quorum which one frame of this cycle has shown already (R2).
  package static func repeatPermille(lossPermille p: Int, members n: Int) -> Int {
    if p < 200 { return 0 }
    if p < 400 { return n <= 3 ? 500 : n <= 5 ? 100 : 0 }
    return n >= 15 ? 250 : 1000
  }

  /// Windows after one that needed a second cycle in which beacons repeat what members may lack.
  package static func repeatWindows(members n: Int) -> UInt32 { n <= 3 ? 64 : 2 }

  /// Windows that a member waits for beacons to repeat what its log lacks at the end, before it asks; and windows that
  /// it waits for an answer, which is repeated as long, before it asks again.
  package static func pullPatience(lossPermille p: Int) -> UInt32 { p < 200 ? 2 : p < 400 ? 3 : 4 }
  package static func pullPause(lossPermille p: Int) -> UInt32 { p < 200 ? 0 : 2 }

  /// Chance, in thousandths, that a voter trusts the votes it did not hear to complete a quorum (R3).
  package static func trustPermille(lossPermille p: Int, members n: Int) -> Int {
    n >= 7 && p <= 300 ? 500 : 0
  }

  /// Cycles of a window in which a member that suspects its leader calls, though nobody else was heard to.
  package static func callsAlone(lossPermille p: Int) -> Int {
    if p < 50 { return 1 }
    if p < 200 { return 2 }
    return p < 400 ? 3 : 5
  }

  /// Silent leader slots after which a member that knows the decision sleeps for good (R5).
  package static func patienceDecided(lossPermille p: Int, members n: Int) -> Int {
    if p < 200 { return 1 }
    if p < 400 { return n <= 3 ? 3 : 2 }
    return n >= 15 ? 1 : n <= 3 ? 5 : 3
  }
}

extension Node {
  /// Loss of the leader's frames here, in thousandths.
  var leaderLoss: Int { leaderBallot.node == id ? 0 : peers[leaderBallot.node].loss.permille }

  // MARK: speak?

  /// Whether this node, which does not lead, has something that the frames of this cycle did not show.
  mutating func wantsToAnswer() -> Bool {
    if isCandidate || isUnfit && !timeline.isLeaderless && leader == nil { return false }
    if timeline.isLeaderless && wantsElection || promiseIsDue { return true }
    if isFull && !timeline.saidAlive { return true }
    if hasNews || relays || owesReadEcho || hasAddressedPull { return true }
    return hasVoteNews && speaksItsVote() || hasWordsForOthers
  }

  /// Whether its own slot is worth waiting for: an idle follower that heard the beacon sleeps at once.
  var mayHaveToAnswer: Bool {
    timeline.isLeaderless || isCandidate || promiseIsDue || isFull && !timeline.saidAlive || hasNews || relays
      || owesReadEcho || hasAddressedPull || hasVoteNews || lacksEntries || hasWordsForOthers
  }

  /// The log that this node follows is known to be longer than its own: what it lacks may follow in this burst.
  private var lacksEntries: Bool {
    targetEnd.ballot == targetBallot && targetEnd.index >= acceptor.next(in: targetBallot)
  }

  /// Its own vote reaches beyond what its leader was last heard to know as decided.
  var hasVoteNews: Bool {
    guard mayVote, votes.ballot == acceptor.accepted, votes.ballot > .zero, votes.ballot == leaderBallot
    else { return false }
    return votes[id] > peers[leaderBallot.node].decided
  }

  /// R1 to R4. A cycle in which neither the leader nor an answer was heard is none of this node's business: the leader
  /// may know already, and if it does not, it asks again.
  private mutating func speaksItsVote() -> Bool {
    guard timeline.heardLeaderInCycle || timeline.heardAnswerInCycle else { return false }
    let own = votes[id]
    if timeline.quorumShown >= own {
      return timeline.quorumsShown == 1
        && random(below: 1000)
          < SpeakingRule.repeatPermille(lossPermille: leaderLoss, members: settings.memberCount)
    }
    guard
      cycleVotes.ballot != votes.ballot
        || votes.shows(moreThan: cycleVotes, above: peers[leaderBallot.node].decided)
    else { return false }
    let trust = SpeakingRule.trustPermille(lossPermille: leaderLoss, members: settings.memberCount)
    if trust > 0, timeline.cycle == 0, unheardVotersCouldDecide(own), random(below: 1000) < trust {
      return false
    }
    return true
  }

  /// Members that voted for `index` as this cycle showed it, the leader counted as one who will vote for
  /// what it proposed.
  private func shown(_ index: LogIndex) -> NodeSet {
    var shown = cycleVotes.ballot == votes.ballot ? cycleVotes.members(at: index) : NodeSet()
    shown.insert(leaderBallot.node)
    return shown
  }

  /// A frame of this cycle was heard: up to where does it show a quorum?
  mutating func noteShown() {
    guard votes.ballot == leaderBallot, heardVotes.ballot == votes.ballot else { return }
    heardVotes.raise(leaderBallot.node, to: heardVotes.decided(quorum: 1))
    let index = heardVotes.decided(quorum: quorum)
    if index > timeline.quorumShown {
      timeline.quorumShown = index
      timeline.quorumsShown = 1
    } else if index == timeline.quorumShown {
      timeline.quorumsShown += 1
    }
  }

  /// Whether the slots that went by in silence could hold votes that complete a quorum.
  private func unheardVotersCouldDecide(_ index: LogIndex) -> Bool {
    var possible = shown(index)
    let n = settings.memberCount
    var k = 0
    while k < n {
      let node = NodeID(UInt8((k + Int(timeline.window % UInt32(n))) % n))
      if node == id { break }
      possible.insert(node)
      k += 1
    }
    return possible.count >= quorum
  }

  /// Whether the entries that its leader does not know to be decided go along with its vote.
  var relaysEntries: Bool {
    hasVoteNews && !acceptor.isStaging
      && timeline.entryCopies < SpeakingRule.entryCopies(lossPermille: leaderLoss)
  }
  /// The first of those entries.
  var firstToRelay: LogIndex { max(peers[leaderBallot.node].decided + 1, acceptor.log.first) }

  /// How many of the request slots before the beacon this node uses, the last ones. A pull that is lost
  /// comes again with
  /// the next window; a command that is lost costs its caller a window.
  var requestTries: Int {
    if needsGreeting { return settings.requestSlots }
    guard hasNews, !isDeaf else { return asksBeforeBeacon ? 1 : 0 }
    return bringsNews ? settings.requestSlots : 1
  }

  /// Two who bring something at once destroy each other's frames in every slot. Whose news were not taken in a window
  /// draws the slots of the next, so that one of them is soon alone in one.
  mutating func requestMask() -> UInt32 {
    guard settings.requestSlots > 1, bringsNews, broughtWindow &+ 2 <= timeline.window else { return .max }
    return 1 + UInt32(random(below: (1 << min(16, settings.requestSlots)) - 1))
  }

  // MARK: sleep?

  /// Silent leader slots before a follower sleeps. Who waits for an entry, while commands come, waits for the window.
  var patience: Int {
    let decided = SpeakingRule.patienceDecided(lossPermille: leaderLoss, members: settings.memberCount)
    if hasUndecided { return max(2, decided) }
    let lacksSomething = targetEnd.ballot == targetBallot && targetEnd.index > acceptor.last
    return windowsSinceTraffic < Limits.busyWindows && (lacksSomething || !timeline.heardLeaderInWindow)
      ? settings.cycleLimit : decided
  }

  /// Whether anything may still come in this window that concerns a follower.
  var staysAwake: Bool {
    if timeline.isLeaderless || isCandidate { return true }
    if timeline.cycle == 0 && (listensForOthers || isListening || isInDialogue) { return true }
    if isFull { return timeline.cycle == 0 || hasUndecided || hasNews }
    return hasUndecided || hasNews || windowsSinceTraffic < Limits.busyWindows
      || !timeline.heardLeaderInWindow
  }
}
