// Elections: canvass (would I win?), prepare, promise, adopt. Two rules meet here: under both a winner
// adopts the most
// up-to-date log among its promises, its own included; `raft` only lets a voter refuse who is behind it.

extension Node {
  /// Whether no working leader is known: none was ever heard, it resigns, or it has been silent for longer
  /// than loss
  /// explains.
  @inline(never)
  package var suspectsLeader: Bool {
    if isLeader { return false }
    guard leaderIsKnown, leaderBallot.node != id else { return true }
    if leaderResigns { return true }
    return windowsOfSilence >= UInt32(isJoined ? missesBeforeSupport : missesBeforeSuspicion)
  }

  /// Windows since its leader spoke, as far as this node could have known.
  var windowsOfSilence: UInt32 { timeline.window &- min(max(leaderWindow, graceWindow), timeline.window) }

  /// Somebody else looks for a leader in this window: fewer misses of one's own are enough then.
  private var isJoined: Bool { canvass.window == timeline.window && canvass.othersSuspect }
  private var missesBeforeSupport: Int {
    Detector.missesBeforeSupport(lossPermille: lossForSuspicion)
  }
  @inline(never)
  package var missesBeforeSuspicion: Int {
    Detector.missesBeforeSuspicion(lossPermille: lossForSuspicion)
  }
  private var lossForSuspicion: Int {
    leaderIsKnown && leaderBallot.node != id ? leaderLoss : LossEstimate.assumedPermille
  }

  var wantsElection: Bool { suspectsLeader && !isLeader && !isCandidate }

  private var mayLead: Bool { mayVote && !isUnfit && !isStopped }

  // MARK: canvass

  /// In a leaderless window: the first in turn canvasses, others who suspect support it in their slots.
  mutating func writeElection(to writer: inout FrameWriter) {
    guard wantsElection else { return }
    canvass.begin(in: timeline.window)
    if let other = canvass.supported, other != id, !shouldStandItself {
      if mayVote { writer.section(.support) { out in out.u8(other.raw) } }
    } else if mayStand {
      if canvass.supported != id { canvass.stand(id) }
      writer.section(.canvass) { out in
        out.varint(acceptor.last.raw)
        out.u8(UInt8(canvass.heard.count))
      }
    }
    winIfSupported()
  }

  private var mayStand: Bool {
    mayLead && timeline.window > restsUntil && windowsAlone >= reluctance && !standsBack
  }

  /// Whoever it supports is heard by few, and this node by a quorum: those do not hear each other, only it.
  private var shouldStandItself: Bool {
    mayStand && timeline.cycle > 0 && canvass.heard.count >= quorum && canvass.supportedHears < quorum
  }

  mutating func heardCanvass(_ bytes: Bytes, _ frame: Frame, window: UInt32) {
    var input = ByteReader(bytes)
    let last = LogIndex(input.varint())
    let hears = Int(input.u8())
    guard !input.failed, window == timeline.window else { return }
    if case .leader(var state) = role {
      state.isDue = true  // somebody does not hear this leader: an answer from a quorum is due
      role = .leader(state)
    }
    canvass.begin(in: window)
    canvass.othersSuspect = true
    guard suspectsLeader else {
      // It does not hear the leader, this node does: repeat the beacon for it before anybody is elected.
      standIn(for: frame.sender)
      return
    }
    guard !isLeader, !isCandidate else { return }
    if !timeline.isLeaderless && timeline.phase == .acknowledge {
      timeline.isLeaderless = true
      placeAnswers(from: timeline.ackStart)
    }
    if settings.rule == .raft && isBehind(frame.prelude.accepted, last) { return }
    if canvass.supported == nil || canvass.supported == frame.sender || comesFirst(frame, last, hears) {
      canvass.supported = frame.sender
      canvass.supportedHears = hears
    }
  }

  /// Whether the canvass of another goes before the one that this node supports or makes: it is heard by a quorum and
  /// that one is not, or by a rule that all apply it comes before this node's own, that nobody else supports.
  private func comesFirst(_ frame: Frame, _ last: LogIndex, _ hears: Int) -> Bool {
    if canvass.supported != id { return hears >= quorum && canvass.supportedHears < quorum }
    let hereHears = canvass.heard.count
    if (hears >= quorum) != (hereHears >= quorum) { return hears >= quorum }
    guard canvass.supporters.count <= 1 else { return false }
    if settings.rule == .raft && (frame.prelude.accepted, last) != (acceptor.accepted, acceptor.last) {
      return true  // the other's log is the longer one, or it would have been refused
    }
    return turn(of: frame.sender) < turn(of: id)
  }

  /// Whether a log is less up-to-date than this node's.
  func isBehind(_ accepted: Ballot, _ last: LogIndex) -> Bool {
    accepted < acceptor.accepted || (accepted == acceptor.accepted && last < acceptor.last)
  }

  mutating func heardSupport(_ bytes: Bytes, from sender: NodeID, window: UInt32, now: LocalTime) {
    var input = ByteReader(bytes)
    let whom = input.u8()
    guard !input.failed, window == timeline.window, canvass.window == window else { return }
    canvass.othersSuspect = true
    guard whom == id.raw, canvass.supported == id else { return }
    canvass.supporters.insert(sender)
    winIfSupported()
  }

  private mutating func winIfSupported() {
    guard canvass.supported == id, canvass.supporters.count >= quorum, wantsElection, mayLead else { return }
    campaign()
  }

  // MARK: prepare

  /// Prepares a ballot above all that were heard of.
  mutating func campaign() {
    guard mayLead else { return }
    counters.electionsStarted += 1
    let round = max(highestRound, acceptor.promised.round, leaderBallot.round) + 1
    highestRound = round
    let ballot = Ballot(round: round, node: id)
    let promised = acceptor.promise(ballot, &effects.records)
    precondition(promised, "S07: an own ballot is above every promise")
    acceptor.abandonStage()
    var promises = PromiseSet(own: id)
    promises.add(id, accepted: acceptor.accepted, last: acceptor.last)
    role = .candidate(
      CandidateState(
        ballot: ballot, mark: effects.records.written, promises: promises, sinceWindow: timeline.window))
    reads.failConfirmations(&effects)
    leaderIsKnown = false
    countPromises()
  }

  mutating func giveUpIfFruitless() {
    guard case .candidate(let state) = role else { return }
    let windows = timeline.window &- state.sinceWindow
    let limit = state.isRecovering ? Limits.candidateWindows * 16 : Limits.candidateWindows
    if windows > limit + UInt32(random(below: 3)) {
      acceptor.abandonStage()
      stepDown()
    }
  }

  func writePrepare(to writer: inout FrameWriter) {
    writer.section(.prepare) { out in out.varint(acceptor.last.raw) }
  }

  /// The prelude names the ballot: what a candidate prepares is what it promised itself.
  mutating func heardPrepare(_ bytes: Bytes, _ frame: Frame, now: LocalTime) {
    var input = ByteReader(bytes)
    let last = LogIndex(input.varint())
    let ballot = frame.prelude.promised
    guard !input.failed, ballot.node == frame.sender, mayVote, !isStopped else { return }
    guard ballot >= acceptor.promised else { return }
    if settings.rule == .raft && isBehind(frame.prelude.accepted, last) { return }
    if ballot > acceptor.promised {
      _ = acceptor.promise(ballot, &effects.records)
      acceptor.abandonStage()
      if isLeader || isCandidate { stepDown() }
    }
    promiseOwed = (ballot, effects.records.written)
    canvass.supported = frame.sender
    canvass.supportedHears = settings.memberCount  // a quorum supported it: nobody stands against it
    followDriver(frame, now: now)
  }

  /// A candidate drives its window as a leader does.
  private mutating func followDriver(_ frame: Frame, now: LocalTime) {
    guard let bytes = frame.section(.cycle), timeline.phase != .searching, timeline.phase != .asleep else {
      return
    }
    var input = ByteReader(bytes)
    let delay = Microseconds(Int64(input.varint(atMost: 1 << 30)) * 16)
    timeline.cycle = Int(input.u8())
    if input.failed { return }
    timeline.isLeaderless = true
    timeline.ownSlotDone = false
    timeline.phase = .acknowledge
    placeAnswers(from: now + delay)
  }

  // MARK: promise

  /// Spoken only when it is on disk, with everything that was accepted before it.
  var promiseIsDue: Bool {
    guard mayVote, let owed = promiseOwed, owed.ballot == acceptor.promised, acceptor.accepted < owed.ballot
    else {
      return false
    }
    // A snapshot that was fetched counts as told, too: its checkpoint comes first.
    return durability.records >= owed.mark && !snapshots.isBusy
  }

  mutating func writePromise(to writer: inout FrameWriter) {
    guard promiseIsDue else { return }
    spokePromise = acceptor.promised
    writer.section(.promise) { out in
      out.varint(acceptor.last.raw)
      out.varint(acceptor.log.first.raw)
    }
  }

  mutating func heardPromise(_ bytes: Bytes, _ frame: Frame, now: LocalTime) {
    var input = ByteReader(bytes)
    let last = LogIndex(input.varint())
    _ = input.varint()
    guard !input.failed, case .candidate(var state) = role, frame.prelude.promised == state.ballot else {
      return
    }
    guard !state.isRecovering else { return }
    state.promises.add(frame.sender, accepted: frame.prelude.accepted, last: last)
    role = .candidate(state)
    countPromises()
  }

  /// With a quorum of promises: adopt the best of their logs.
  mutating func countPromises() {
    guard case .candidate(var state) = role, !state.isRecovering, state.promises.members.count >= quorum
    else { return }
    state.isRecovering = true
    role = .candidate(state)
    let p = state.promises
    if p.best != id && !(p.bestAccepted == acceptor.accepted && p.bestLast == acceptor.last) {
      // Two logs of one ballot are prefixes of one log; otherwise only what is decided is surely shared.
      let base = p.bestAccepted == acceptor.accepted ? acceptor.last : acceptor.commit
      acceptor.beginStage(of: p.bestAccepted, base: base, &effects.records)
      noteTarget(p.bestAccepted, p.bestLast)
    }
  }

  /// Leads once the adopted log is complete; the own promise must be durable first, as everybody's.
  mutating func adoptIfRecovered(_ now: LocalTime) {
    guard case .candidate(let state) = role, state.isRecovering, durability.records >= state.mark else {
      return
    }
    let best = state.promises
    if acceptor.isStaging {
      if acceptor.commit >= best.bestLast && acceptor.staged.last < acceptor.commit {
        // All of the best log is decided and here; what this log holds beyond it is not adopted.
        acceptor.beginStage(of: acceptor.stageBallot, base: acceptor.commit, &effects.records)
      }
      guard acceptor.staged.last >= best.bestLast else { return }
      guard acceptor.align(to: state.ballot, &effects.records) else { return }
    } else {
      acceptor.alignOwn(to: state.ballot, &effects.records)
    }
    rebuildInFlight()
    lead(state.ballot, adopted: best.bestAccepted, now)
  }

  /// The first entry of the ballot says whose log was adopted; decided by counting, it decides all below it
  /// too.
  private mutating func lead(_ ballot: Ballot, adopted: Ballot, _ now: LocalTime) {
    counters.timesLeader += 1
    votes.restart(in: ballot)
    cycleVotes.restart(in: ballot)
    let time = clusterTime(now)
    noteStamp(time, now)
    let appended = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { scratch in
      var out = ByteWriter(scratch)
      BallotStart(ballot: ballot, adopted: adopted).write(to: &out)
      let head = EntryHead(kind: .begin, hasMore: false, stamp: time, token: EntryHead.noToken)
      return acceptor.append(head, out.written, &effects.records)
    }
    guard appended else {  // the log is full: lead when a snapshot has made room
      stepDown()
      return
    }
    leaderBallot = ballot
    leaderWindow = timeline.window
    leaderIsKnown = true
    leaderResigns = false
    windowsAlone = 0
    promiseOwed = nil
    canvass = Canvass()
    intake.restart(memberCount: settings.memberCount)
    role = .leader(
      LeaderState(
        ballot: ballot, begin: acceptor.last, sentThrough: acceptor.last + (-1), isDue: true,
        quorumWindow: timeline.window))
    var i = 0
    while i < settings.memberCount {
      peers[NodeID(UInt8(i))].heardDue = 0
      i += 1
    }
    timeline.isLeaderless = false
    timeline.heardLeaderInWindow = true
    windowsSinceTraffic = 0
  }
}
