// One frame, authentic and decoded: its parts in a fixed order, to those who own them. What is merged by
// maximum may come
// from any frame, however old; time, presence, elections, reads and commands are taken only from a peer
// that quoted
// this start's salt (fresh), so that nobody can play them back.

extension Node {
  /// - Parameters:
  ///   - senderSalt: the start salt under which the frame was sealed.
  ///   - counter: of that frame; rises with every frame of one start.
  ///   - startedAt: when its transmission began, by this board's clock.
  package mutating func heard(
    _ frame: Frame, senderSalt: UInt64, counter: UInt32, startedAt: LocalTime, now: LocalTime
  ) {
    guard frame.sender != id, settings.isMember(frame.sender), settings.isMember(frame.prelude.promised.node),
      settings.isMember(frame.prelude.accepted.node), settings.isMember(frame.prelude.founder),
      frame.prelude.membershipVersion == settings.membershipVersion
    else {
      counters.malformedFrames += 1
      return
    }
    counters.framesHeard += 1
    counters.unknownSections += UInt64(frame.unknownSections)
    greet(frame, senderSalt, counter)
    heardNewerStarts(frame)
    let isFresh = peers[frame.sender].isFresh && counter >= peers[frame.sender].freshFloor
    takeTime(frame, startedAt: startedAt, now: now, isFresh: isFresh)
    let window = fullWindow(frame.prelude)
    if isFresh {
      notePresence(frame, window: window, now: now)
      noteLeader(frame, window: window, startedAt: startedAt, now: now)
    } else {
      counters.staleFrames += 1
    }
    merge(frame, window: window, now: now)
    if isFresh {
      takeFresh(frame, window: window, now: now)
      storeForOthers(frame)
    }
    settle(now)
    plan(now)
  }

  /// The window's whole number: frames outside full ones carry its low 16 bits.
  func fullWindow(_ p: Prelude) -> UInt32 {
    if p.has(Prelude.timed) { return p.window }
    let base = timeline.window
    let delta = Int16(bitPattern: UInt16(truncatingIfNeeded: p.window) &- UInt16(truncatingIfNeeded: base))
    return UInt32(truncatingIfNeeded: Int64(base) + Int64(delta))
  }

  // MARK: freshness

  private mutating func greet(_ frame: Frame, _ salt: UInt64, _ counter: UInt32) {
    let sender = frame.sender
    peers[sender].seenWindow = max(peers[sender].seenWindow, timeline.window)
    if peers[sender].salt != salt {
      peers[sender].salt = salt
      peers[sender].asks = true
      peers[sender].asksWindow = timeline.window
    }
    if frame.prelude.has(Prelude.leads) { peers[sender].ledWindow = max(1, timeline.window) }
    if frame.prelude.has(Prelude.started) { peers[sender].incarnation = frame.prelude.incarnation }
    if frame.prelude.has(Prelude.asks) {
      peers[sender].asks = true
      peers[sender].asksWindow = timeline.window
    }
    guard let bytes = frame.section(.greeting) else { return }
    var input = ByteReader(bytes)
    while input.remaining >= 5 {
      let slot = input.u8()
      let quoted = input.u32()
      if slot == id.raw && quoted == UInt32(truncatingIfNeeded: self.salt) && peers[sender].freshSalt != salt
      {
        peers[sender].freshSalt = salt
        peers[sender].freshFloor = counter
      }
    }
  }

  /// Peers whose start salt this node quotes in its next frames.
  func writeGreetings(to writer: inout FrameWriter) {
    var any = false
    var i = 0
    while i < settings.memberCount {
      if owesGreeting(NodeID(UInt8(i))) { any = true }
      i += 1
    }
    guard any, writer.remaining > 16 else { return }
    // As many as half of the room takes; those who are left out come first in another window.
    let room = max(7, writer.remaining / 2)
    writer.section(.greeting) { out in
      let start = out.count
      var i = 0
      while i < settings.memberCount {
        let peer = NodeID(
          UInt8((i + Int(timeline.window % UInt32(settings.memberCount))) % settings.memberCount))
        if owesGreeting(peer), out.count - start + 7 <= room {
          out.u8(peer.raw)
          out.u32(UInt32(truncatingIfNeeded: peers[peer].salt))
        }
        i += 1
      }
    }
  }
  /// Whoever leads here does not know this start yet, and sleeps when nobody brings it anything: it is told before its
  /// beacon, when it listens.
  var needsGreeting: Bool {
    guard !isLeader else { return false }
    var i = 0
    while i < settings.memberCount {
      let peer = NodeID(UInt8(i))
      if peer != id, peers[peer].salt != 0, !peers[peer].isFresh, peers[peer].ledWindow > 0,
        timeline.window &- min(peers[peer].ledWindow, timeline.window) <= 3
      {
        return true
      }
      i += 1
    }
    return false
  }
  private func owesGreeting(_ peer: NodeID) -> Bool {
    peer != id && peers[peer].asks && peers[peer].salt != 0 && timeline.window &- peers[peer].asksWindow <= 4
  }

  // MARK: presence

  private mutating func notePresence(_ frame: Frame, window: UInt32, now: LocalTime) {
    let sender = frame.sender
    if peers[sender].heardWindow < window { peers[sender].heardWindow = window }
    peers[sender].heardAt = now
    peers[sender].framesHeard += 1
    peers[sender].promised = frame.prelude.promised
    peers[sender].decided = frame.prelude.decided
    highestRound = max(highestRound, frame.prelude.promised.round)
    timeline.heardAnything = true
    if window == timeline.window {
      canvass.begin(in: window)
      canvass.heard.insert(id)
      canvass.heard.insert(sender)
    }
    if sender != leaderBallot.node && frame.has(.votes) { timeline.heardAnswerInCycle = true }
    if case .leader(var state) = role {
      state.heardThisWindow.insert(sender)
      peers[sender].heardDue = state.dueWindows + 1
      // First-hand only: a ballot that is merely gossiped never makes a leader outbid it.
      if frame.prelude.promised > state.ballot && frame.section(.prepare) == nil
        && !frame.prelude.has(Prelude.leads)
      {
        state.outbid = max(state.outbid, frame.prelude.promised)
      }
      role = .leader(state)
    }
  }

  /// Who leads, and when it last spoke: written only by the leader itself, passed on by everybody, merged
  /// by maximum.
  private mutating func noteLeader(_ frame: Frame, window: UInt32, startedAt: LocalTime, now: LocalTime) {
    let p = frame.prelude
    if p.has(Prelude.leads) && p.promised.node == frame.sender {
      if p.promised >= leaderBallot {
        acceptLeader(p.promised, window: window)
        leaderResigns = p.has(Prelude.resigning)
        heardLeaderFrame(frame, startedAt: startedAt, now: now)
      }
    } else if frame.sender == leaderBallot.node && leaderBallot > .zero && p.promised >= leaderBallot {
      if !isLeader { leaderIsKnown = false }  // its own word: it leads no more
    } else if p.leaderAge < 255, p.promised >= leaderBallot, p.promised.node != id || isLeader {
      let spoke = window &- UInt32(p.leaderAge)
      if p.promised > leaderBallot || spoke > leaderWindow { acceptLeader(p.promised, window: spoke) }
      noteRepeat(frame, window: window)
    }
  }

  private mutating func acceptLeader(_ ballot: Ballot, window: UInt32) {
    if ballot > leaderBallot {
      leaderBallot = ballot
      leaderWindow = window
      leaderResigns = false
      leaderIsKnown = true
      canvass = Canvass()
    } else if window > leaderWindow || !leaderIsKnown {
      leaderWindow = max(window, leaderWindow)
      leaderIsKnown = true
    }
    guard ballot.node != id else { return }
    windowsAlone = 0
    switch role {
    case .leader(let state) where ballot > state.ballot: stepDown()
    case .candidate(let state) where ballot > state.ballot: stepDown()
    default: break
    }
  }

  // MARK: what is merged by maximum

  private mutating func merge(_ frame: Frame, window: UInt32, now: LocalTime) {
    let p = frame.prelude
    guard !isStopped else { return }
    // Who sends a log accepted in a ballot proves that its leader was elected: promising it is always safe.
    if p.accepted > acceptor.promised && p.accepted.node != id {
      _ = acceptor.promise(p.accepted, &effects.records)
      if isLeader || isCandidate { stepDown() }
    }
    if let bytes = frame.section(.votes), p.accepted > .zero {
      mergeVotes(bytes, p.accepted, from: frame.sender)
    }
    followAlignment(p)
    if p.accepted == targetBallot { noteTarget(p.accepted, p.decided) }
    if p.accepted == acceptor.accepted && p.decided > acceptor.last { windowsSinceTraffic = 0 }
    takeEntries(frame, p)
    _ = acceptor.learn(p.decided, in: p.accepted)
  }

  private mutating func mergeVotes(_ bytes: Bytes, _ ballot: Ballot, from sender: NodeID) {
    guard heardVotes.read(bytes, ballot: ballot) else {
      counters.malformedFrames += 1
      return
    }
    let told = heardVotes[id]
    if mayVote && told > .zero
      && (ballot > acceptor.accepted || (ballot == acceptor.accepted && told > acceptor.last))
    {
      disqualify()
    }
    if ballot > votes.ballot && ballot >= acceptor.accepted {
      votes.restart(in: ballot)
      raiseOwnVote()
    }
    guard ballot == votes.ballot else { return }
    votes.merge(heardVotes)
    if cycleVotes.ballot != ballot { cycleVotes.restart(in: ballot) }
    cycleVotes.merge(heardVotes)
    noteShown()
    if ballot == acceptor.promised { noteTarget(ballot, heardVotes.decided(quorum: 1)) }
  }

  /// Somebody holds a vote of this node beyond its own disk: the disk lost what it had promised to keep. It
  /// never votes
  /// again with this journal (design, section 3 rule 5).
  mutating func disqualify() {
    mayVote = false
    promiseOwed = nil
    effects.records.append(.disqualified) { _ in }
    effects.raise(.lostMemory)
    if isLeader || isCandidate { stepDown() }
  }

  /// The log of a newer leader is staged beside the accepted one.
  private mutating func followAlignment(_ p: Prelude) {
    guard p.accepted > acceptor.accepted, p.accepted == acceptor.promised, !isCandidate else { return }
    if !acceptor.isStaging || acceptor.stageBallot != p.accepted {
      acceptor.beginStage(of: p.accepted, base: acceptor.commit, &effects.records)
    }
  }

  /// The ballot whose log this node wants to hold.
  var targetBallot: Ballot {
    acceptor.isStaging ? acceptor.stageBallot : acceptor.accepted
  }
  mutating func noteTarget(_ ballot: Ballot, _ end: LogIndex) {
    if ballot > targetEnd.ballot {
      targetEnd = (ballot, end)
    } else if ballot == targetEnd.ballot && end > targetEnd.index {
      targetEnd.index = end
    }
  }

  /// Layout: first index (varint), stamp that the entries' stamps are counted from (varint), number
  /// (varint), entries.
  private mutating func takeEntries(_ frame: Frame, _ p: Prelude) {
    frame.all(.entries) { bytes in
      takeEntries(bytes, p.accepted)
      timeline.entryCopies += 1
    }
  }
  private mutating func takeEntries(_ bytes: Bytes, _ ballot: Ballot) {
    var input = ByteReader(bytes)
    var index = LogIndex(input.varint(atMost: UInt64(Int64.max) - 65536))
    let base = ClusterTime(milliseconds: input.varint())
    var left = input.varint(atMost: 65536)
    var unknown = false
    while left > 0 && !input.failed {
      guard
        let (head, payload) = EntryCodec.read(
          &input, base: base, payloadLimit: settings.entryPayloadLimit, unknownKind: &unknown)
      else { break }
      let before = acceptor.last
      if acceptor.accept(index, head, payload, in: ballot, &effects.records) { noteAppended(from: before) }
      noteTarget(ballot, index)
      index = index + 1
      left -= 1
    }
    if unknown {
      isStopped = true
      effects.raise(.unknownKind)
    } else if input.failed {
      counters.malformedFrames += 1
    }
  }

  /// Entries that the accepted log grew by.
  mutating func noteAppended(from before: LogIndex) {
    var i = before + 1
    while i <= acceptor.last {
      let head = acceptor.log.head(i)
      if head.kind == .command { inFlight.insert(head.token.id, at: i) }
      i = i + 1
    }
  }

  // MARK: what only a fresh peer may say

  private mutating func takeFresh(_ frame: Frame, window: UInt32, now: LocalTime) {
    let sender = frame.sender
    if let bytes = frame.section(.prepare) { heardPrepare(bytes, frame, now: now) }
    if let bytes = frame.section(.promise) { heardPromise(bytes, frame, now: now) }
    if frame.has(.plea) && !isLeader { standIn(for: sender) }
    if let bytes = frame.section(.canvass) { heardCanvass(bytes, frame, window: window) }
    if let bytes = frame.section(.support) { heardSupport(bytes, from: sender, window: window, now: now) }
    if let bytes = frame.section(.alive) { heardAlive(bytes, from: sender, window: window) }
    frame.all(.commands) { bytes in heardCommands(bytes) }
    // So that the accept can carry the leader's own vote.
    if timeline.phase == .request && frame.has(.commands) { propose(now) }
    if let bytes = frame.section(.pull) { heardPull(bytes, from: sender, window: window) }
    if let bytes = frame.section(.snapshotPull) { heardSnapshotPull(bytes, from: sender, window: window) }
    if let bytes = frame.section(.snapshotChunk) { heardChunk(bytes, now: now) }
    if let bytes = frame.section(.readRound) { heardReadRound(bytes, frame) }
    frame.all(.readRequest) { bytes in heardReadRequest(bytes) }
    frame.all(.readGrant) { bytes in heardReadGrant(bytes) }
    if frame.kinds.contains(.ask) { frame.all(.ask) { bytes in heardAsk(bytes, from: sender) } }
    if frame.kinds.contains(.tell) { frame.all(.tell) { bytes in heardTell(bytes, from: sender) } }
  }
}
