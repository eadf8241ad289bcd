// Catching up: what a node misses it pulls, from the leader or from whoever it hears; what is behind the
// start of the
// log comes as snapshot chunks. Who was away pulls; nobody resends for ever to a board that is gone.

extension Node {
  /// Whether the log of the ballot this node follows is known to go on behind what it has.
  var needsPull: Bool {
    if snapshots.isFetching { return false }
    let target = targetBallot
    guard target > .zero else { return leaderBallot > .zero && leader != nil && leader != id }
    if !acceptor.isStaging && acceptor.accepted < leaderBallot && leader != nil { return true }
    if acceptor.isStaging && !acceptor.stageIsComplete && !isCandidate { return true }
    return targetEnd.ballot == target && targetEnd.index >= acceptor.next(in: target)
  }

  /// Whether to ask for it now. A gap at the very end of the log is the business of the window in which it was first
  /// seen: repeats and relays mend most of them. What is left is asked for before the next beacon, which
  /// then carries it.
  var pullIsDue: Bool {
    guard needsPull else { return false }
    if isDeaf { return true }  // whom it asks is awake in the answers, not before the beacon
    switch timeline.phase {
    case .asleep: return true
    case .request:
      // Beacons may bring it too; who has a command in it does not wait for that.
      if isFarBehind { return true }
      let patience = pending.isEmpty ? SpeakingRule.pullPatience(lossPermille: leaderLoss) : 0
      let pause = SpeakingRule.pullPause(lossPermille: leaderLoss)
      return wholeWindow + patience < timeline.window
        && (pulledWindow == timeline.window || pulledWindow &+ pause < timeline.window)
    default: return isFarBehind
    }
  }
  private var isFarBehind: Bool {
    acceptor.isStaging || targetEnd.ballot != acceptor.accepted
      || targetEnd.index > acceptor.last + Limits.gapOfOneWindow || acceptor.accepted < leaderBallot
  }
  /// Taken after every input: how long the log has had a gap.
  mutating func noteWhole() {
    if !needsPull { wholeWindow = timeline.window }
  }

  /// Layout: who is asked (u8), ballot, first missing index (varint), bitmap of what is held behind it
  /// (varint).
  mutating func writePull(to writer: inout FrameWriter) {
    if snapshots.isFetching {
      writeSnapshotPull(to: &writer)
      return
    }
    guard pullIsDue else { return }
    let ballot = acceptor.isStaging ? targetBallot : max(targetBallot, leader == nil ? .zero : leaderBallot)
    let next = ballot == targetBallot ? acceptor.next(in: ballot) : acceptor.commit + 1
    let held = ballot == acceptor.holes.ballot ? acceptor.holes.bitmap(after: next) : 0
    guard let to = server(for: ballot) else { return }
    if timeline.phase == .request { pulledWindow = timeline.window }
    writer.section(.pull) { out in
      out.u8(to.raw)
      BallotCodec.write(ballot, to: &out)
      out.varint(next.raw)
      out.varint(held)
    }
  }

  /// The leader while it is heard; a candidate asks the best of its promises; otherwise whoever is heard
  /// and is furthest.
  private func server(for ballot: Ballot) -> NodeID? {
    if case .candidate(let state) = role { return state.isRecovering ? state.promises.best : nil }
    if ballot.node != id && heardLately(ballot.node, within: 2) { return ballot.node }
    var best: NodeID?
    var i = 0
    while i < settings.memberCount {
      let peer = NodeID(UInt8(i))
      if peer != id, heardLately(peer, within: 4), best == nil || peers[peer].decided > peers[best!].decided {
        best = peer
      }
      i += 1
    }
    return best ?? leader
  }

  mutating func heardPull(_ bytes: Bytes, from sender: NodeID, window: UInt32) {
    var input = ByteReader(bytes)
    var pull = Pull()
    pull.to = NodeID(input.u8())
    pull.ballot = BallotCodec.read(&input)
    pull.next = LogIndex(input.varint(atMost: UInt64(Int64.max) - 65536))
    pull.held = input.varint()
    pull.window = window
    pull.isOpen = true
    guard !input.failed, pull.next.raw > 0 else { return }
    if isLeader || pull.to == id { peers[sender].pull = pull }
  }

  var hasAddressedPull: Bool {
    guard !isLeader else { return false }
    var i = 0
    while i < settings.memberCount {
      let pull = peers[NodeID(UInt8(i))].pull
      if isServable(pull) || isServable(peers[NodeID(UInt8(i))].snapshotPull) { return true }
      i += 1
    }
    return false
  }
  /// A relay sends entries only under the ballot in which it accepted them (protocol review A14).
  private func isServable(_ pull: Pull) -> Bool {
    pull.isOpen && pull.to == id && pull.ballot == acceptor.accepted && timeline.window &- pull.window <= 1
  }
  private func isServable(_ pull: SnapshotPull) -> Bool {
    pull.isOpen && pull.index == snapshots.index && pull.hash == snapshots.hash
      && timeline.window &- pull.window <= 1
  }

  var hasMoreToServe: Bool { !isLeader && !sendPlan.isDone }

  /// A follower that was asked serves in its own slot.
  mutating func serveAddressedPulls(to writer: inout FrameWriter) {
    // What nobody asked for goes along in one frame, or not at all.
    var isUnasked = false
    // Planned anew in each slot: a plan that outlived its log, or never fits, must not stand in the way.
    if timeline.slotFrames == 0 {
      sendPlan.removeAll()
      var i = 0
      while i < settings.memberCount {
        let peer = NodeID(UInt8(i))
        if isServable(peers[peer].pull) {
          peers[peer].pull.isOpen = false
          planRanges(peers[peer].pull)
        }
        if isServable(peers[peer].snapshotPull) { planSnapshot(for: peer) }
        i += 1
      }
      isUnasked = sendPlan.isDone
      if relaysEntries {
        sendPlan.add(firstToRelay, acceptor.last)
      } else if relays && acceptor.last > acceptor.commit {
        sendPlan.add(acceptor.commit + 1, acceptor.last)
      }
    }
    writePlanned(to: &writer)
    if isUnasked { sendPlan.removeAll() }
  }

  // MARK: snapshots

  mutating func planSnapshot(for peer: NodeID) {
    let pull = peers[peer].snapshotPull
    guard pull.isOpen, timeline.window &- min(pull.window, timeline.window) <= 1 else { return }
    peers[peer].snapshotPull.isOpen = false
    if pull.index == snapshots.index && pull.hash == snapshots.hash {
      planChunks(from: pull.firstMissing, held: pull.held)
    } else {
      planChunks(from: 0, held: 0)  // it asks for one that is gone: any chunk names the present one
    }
  }

  mutating func planChunks(from first: UInt32, held: UInt64) {
    guard snapshots.count > 0 else { return }
    snapshots.servedWindow = timeline.window
    if sendPlan.chunksLeft > 0 && first > sendPlan.chunk { return }
    sendPlan.chunk = first
    sendPlan.chunkBase = first
    sendPlan.chunkSkip = held
    sendPlan.chunksLeft = min(Int(snapshots.chunkCount) - Int(first), 65)
  }

  /// Layout: index (varint), hash (u64), size of the whole (varint), chunk number (varint), bytes.
  mutating func writeChunks(to writer: inout FrameWriter) {
    while sendPlan.chunksLeft > 0 {
      let bit = Int(sendPlan.chunk) - Int(sendPlan.chunkBase) - 1
      if bit >= 0 && bit < 64 && sendPlan.chunkSkip & (1 << UInt64(bit)) != 0 {
        sendPlan.chunk += 1
        sendPlan.chunksLeft -= 1
        continue
      }
      let offset = Int(sendPlan.chunk) * snapshots.chunkSize
      let bytes = snapshots.bytes.part(offset, min(snapshots.count, offset + snapshots.chunkSize))
      let done = writer.section(.snapshotChunk) { out in
        out.varint(snapshots.index.raw)
        out.u64(snapshots.hash)
        out.varint(UInt64(snapshots.count))
        out.varint(UInt64(sendPlan.chunk))
        out.bytes(bytes)
      }
      guard done else { return }
      counters.chunksSent += 1
      sendPlan.chunk += 1
      sendPlan.chunksLeft -= 1
    }
  }

  /// Layout: index (varint), hash (u64), first missing chunk (varint), bitmap of those held behind it
  /// (varint).
  private func writeSnapshotPull(to writer: inout FrameWriter) {
    let (first, held) = snapshots.firstMissing()
    writer.section(.snapshotPull) { out in
      out.varint(snapshots.fetchIndex.raw)
      out.u64(snapshots.fetchHash)
      out.varint(UInt64(first))
      out.varint(held)
    }
  }

  mutating func heardSnapshotPull(_ bytes: Bytes, from sender: NodeID, window: UInt32) {
    var input = ByteReader(bytes)
    var pull = SnapshotPull()
    pull.index = LogIndex(input.varint())
    pull.hash = input.u64()
    pull.firstMissing = UInt32(input.varint(atMost: 1 << 30))
    pull.held = input.varint()
    pull.window = window
    pull.isOpen = true
    if !input.failed { peers[sender].snapshotPull = pull }
  }

  mutating func heardChunk(_ bytes: Bytes, now: LocalTime) {
    var input = ByteReader(bytes)
    let index = LogIndex(input.varint())
    let hash = input.u64()
    let size = Int(input.varint(atMost: 1 << 30))
    let chunk = Int(input.varint(atMost: 1 << 30))
    let body = input.bytes(input.remaining)
    guard !input.failed, index > acceptor.commit, !snapshots.isBusy,
      snapshots.expect(index, hash: hash, byteCount: size, window: timeline.window)
    else { return }
    if snapshots.put(chunk, body) { installFetched(now) }
  }

  /// All chunks are there: the registry becomes the snapshot's, the log goes on behind it (protocol review
  /// A7).
  private mutating func installFetched(_ now: LocalTime) {
    guard let bytes = snapshots.fetched, let head = Snapshots.head(bytes), head.index == snapshots.fetchIndex,
      head.index > acceptor.commit, restoreRegistry(head)
    else {
      snapshots.forgetFetch()
      return
    }
    _ = acceptor.install(snapshot: head.index, begin: head.begin)
    if votes.ballot < acceptor.accepted { votes.restart(in: acceptor.accepted) }
    applied = head.index
    appliedBegin = head.begin
    noteStamp(head.time, now)
    snapshots.adoptFetched()
    counters.snapshotsInstalled += 1
    rebuildInFlight()
    dropAppliedPending()
  }

  /// Callers whose command was applied inside the snapshot get its remembered result by the retry; it is in
  /// the tokens.
  private mutating func dropAppliedPending() {
    var number = pending.oldest
    while number < pending.next {
      if pending.isThere(number), let result = registry.result(of: pending.item(number).id, wantsValue: false)
      {
        let item = pending.item(number)
        if let ticket = item.ticket {
          effects.complete(
            Completion(
              ticket: ticket, result: result, token: CommandToken(id: item.id, issuedAt: item.issuedAt)))
        }
        pending.remove(number)
      }
      number += 1
    }
  }

  package mutating func restoreRegistry(_ head: Snapshots.Head) -> Bool {
    var input = ByteReader(head.body)
    join.read(&input)
    if input.failed { return false }
    do throws(SnapshotError) {
      try registry.restore(from: head.body.part(input.offset, head.body.count), of: head.index)
      return true
    } catch {
      return false
    }
  }
}
