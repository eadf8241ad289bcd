// What to say in a slot, composed when it begins so that it says the newest; or why silence is right.

extension Node {
  /// Writes the frame's body for the speech that the plan asks for.
  ///
  /// - Parameter buffer: at least `mtu - Limits.frameOverhead` bytes.
  /// - Returns: bytes written, 0 for silence, and whether the start salt is to go with it.
  package mutating func compose(into buffer: UnsafeMutableRawBufferPointer, now: LocalTime) -> (
    count: Int, withSalt: Bool
  ) {
    guard let speech = timeline.speech, !isStopped else { return (0, false) }
    timeline.framesLeft -= timeline.framesLeft > 0 ? 1 : 0
    timeline.nextFrameAt = now + settings.framePace
    guard isNumbered else {
      timeline.framesLeft = 0
      return (0, false)
    }
    let salted = tellsSalt
    var writer = FrameWriter(buffer, prelude(speech, now, salted: salted))
    let bare = writer.count
    switch speech {
    case .request: composeRequest(&writer)
    case .drive: composeDrive(&writer, now)
    case .answer: composeAnswer(&writer)
    }
    let isEmpty = writer.count == bare && speech != .drive && !(speech == .request && needsGreeting)
    let announces = timeline.announces
    timeline.announces = false
    if !announces && (isEmpty || (speech == .answer && writer.sections == 0)) {
      timeline.framesLeft = 0
      return (0, false)
    }
    if timeline.slotFrames == 0 { writeNewerStarts(to: &writer) }
    timeline.slotFrames += 1
    counters.framesSent += 1
    spokenKinds = writer.kinds
    writer.kinds.each { counters.framesWith[Int($0.rawValue)] += 1 }
    counters.bytesSent += UInt64(writer.count)
    return (writer.count, salted)
  }

  /// The salt goes along while peers may not know it: soon after the start, when somebody asks, in every
  /// fourth window,
  /// and whenever there is no leader.
  private var tellsSalt: Bool {
    counters.windows < 16 || timeline.window % 4 == 0 || timeline.isLeaderless || isCandidate || asks
  }
  private var asks: Bool {
    var i = 0
    while i < settings.memberCount {
      let peer = NodeID(UInt8(i))
      if peer != id, peers[peer].salt != 0, !peers[peer].isFresh,
        timeline.window &- peers[peer].seenWindow <= 8
      {
        return true
      }
      i += 1
    }
    return false
  }

  private func prelude(_ speech: Speech, _ now: LocalTime, salted: Bool) -> Prelude {
    var p = Prelude()
    p.membershipVersion = settings.membershipVersion
    p.promised = acceptor.promised
    p.accepted = acceptor.accepted
    p.window = timeline.window
    p.decided = acceptor.commit
    p.incarnation = incarnation
    if isLeader { p.flags |= Prelude.leads }
    if leader != nil { p.flags |= Prelude.backed }
    if isUnfit || handsOver { p.flags |= Prelude.resigning }
    if isFull { p.flags |= Prelude.full }
    if salted { p.flags |= Prelude.started }
    if asks { p.flags |= Prelude.asks }
    if leaderIsKnown && leaderBallot == acceptor.promised {
      p.leaderAge = UInt8(min(254, timeline.window &- min(leaderWindow, timeline.window)))
    }
    if speech == .drive || isFull || timeline.isLeaderless || timeline.announces || relays {
      p.flags |= Prelude.timed
      p.offset = now - timeline.gridPoint
      p.hops = gridHops
      p.founder = founder
    }
    return p
  }

  /// Whether what is said now may draw on the air time kept in reserve: beacons, elections, votes.
  package var speaksEssentially: Bool {
    isLeader || isCandidate || timeline.isLeaderless || promiseIsDue || hasVoteNews
  }

  // MARK: before the beacon

  private mutating func composeRequest(_ writer: inout FrameWriter) {
    writeGreetings(to: &writer)
    writePull(to: &writer)
    writeReadRequests(to: &writer)
    writeCommands(to: &writer)
    relayStore.write(to: &writer, window: timeline.window)
    writeVia(to: &writer, isAnswer: false)
  }

  // MARK: who drives

  private mutating func composeDrive(_ writer: inout FrameWriter, _ now: LocalTime) {
    writer.section(.cycle) { out in
      out.varint(UInt64(max(0, (timeline.ackStart - now).raw / 16)))
      out.u8(UInt8(min(255, timeline.cycle)))
    }
    if case .candidate(let state) = role {
      if durability.records >= state.mark { writePrepare(to: &writer) }
      writePull(to: &writer)
      writeGreetings(to: &writer)
      return
    }
    // Small frames say once what a large one may repeat: their room is for entries.
    if timeline.slotFrames == 0 || !settings.hasSmallFrames && !isChunkTurn {
      writeVotes(to: &writer)
      writeReadRound(to: &writer)
      writeReadGrants(to: &writer)
    }
    if timeline.slotFrames == 0 { writeGreetings(to: &writer) }
    writePlanned(to: &writer)
    if sendPlan.isDone { timeline.framesLeft = 0 }  // more frames would say nothing
    if case .leader(var state) = role {
      state.sentThrough = max(state.sentThrough, sendPlan.sentThrough)
      role = .leader(state)
    }
    writeVia(to: &writer, isAnswer: false)
  }

  // MARK: answers

  private mutating func composeAnswer(_ writer: inout FrameWriter) {
    // The first frame of the slot says all that is new; the others have their room for what did not fit.
    if timeline.slotFrames == 0 {
      if timeline.isLeaderless { writeElection(to: &writer) }
      writePromise(to: &writer)
      if hasVoteNews || isFull || relays || timeline.isLeaderless { writeVotes(to: &writer) }
      writeGreetings(to: &writer)
      writePull(to: &writer)
      writeReadEcho(to: &writer)
      writeReadRequests(to: &writer)
      if pleads { writer.section(.plea) { _ in } }
      relayStore.write(to: &writer, window: timeline.window)
      if isFull && !timeline.saidAlive {
        writeAlive(to: &writer)
        timeline.saidAlive = true
      }
    }
    serveAddressedPulls(to: &writer)
    let mark = writer.sections
    writeCommands(to: &writer)
    if writer.sections == mark && !hasMoreToServe { timeline.framesLeft = 0 }
    if timeline.slotFrames == 0 { writeVia(to: &writer, isAnswer: true) }
  }

  func writeVotes(to writer: inout FrameWriter) {
    guard votes.ballot == acceptor.accepted, votes.ballot > .zero else { return }
    writer.section(.votes) { out in votes.write(to: &out, floor: acceptor.commit, own: id) }
  }

  func heardLately(_ peer: NodeID, within windows: UInt32) -> Bool {
    peers[peer].heardWindow > 0 && timeline.window &- min(peers[peer].heardWindow, timeline.window) <= windows
  }
}
