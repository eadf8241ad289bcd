// The leader: proposes what waits, plans what each burst says, counts who answers, hands over, steps down.

/// Ranges of entries that one burst sends, in order; each entry once.
package struct SendPlan: Sendable {
  static let limit = 12
  private var from = InlineArray<12, LogIndex>(repeating: .zero)
  private var to = InlineArray<12, LogIndex>(repeating: .zero)
  private(set) var count = 0
  private(set) var current = 0
  /// The highest index of new entries that went out.
  var sentThrough = LogIndex.zero
  /// Chunks of the snapshot to send: the next, and how many are left.
  var chunk: UInt32 = 0
  var chunksLeft = 0
  var chunkSkip: UInt64 = 0
  var chunkBase: UInt32 = 0

  package init() {}
  mutating func removeAll() {
    count = 0
    current = 0
    sentThrough = .zero
    chunksLeft = 0
  }
  /// Adds `first ... last`, less what is planned already.
  mutating func add(_ first: LogIndex, _ last: LogIndex) {
    var a = first
    var b = last
    var i = 0
    while i < count {
      if a >= from[i] && a <= to[i] { a = to[i] + 1 }
      if b >= from[i] && b <= to[i] { b = from[i] + (-1) }
      i += 1
    }
    guard a <= b, count < SendPlan.limit else { return }
    from[count] = a
    to[count] = b
    count += 1
  }
  var isDone: Bool { current == count && chunksLeft == 0 }
  var next: (from: LogIndex, to: LogIndex)? { current < count ? (from[current], to[current]) : nil }
  /// Says that everything below `index` of the current range went out.
  mutating func advance(to index: LogIndex) {
    if index > to[current] { current += 1 } else { from[current] = index }
  }
  func range(_ i: Int) -> (from: LogIndex, to: LogIndex) { (from[i], to[i]) }
}

extension Node {
  // MARK: propose

  /// Appends what waits: own commands in the order they came, then those forwarded by others.
  mutating func propose(_ now: LocalTime) {
    guard case .leader(let state) = role, acceptor.promised == state.ballot, !isUnfit, !isStopped else {
      return
    }
    let before = acceptor.last
    var number = pending.oldest
    while number < pending.next {
      if pending.isThere(number), !isInLogOrApplied(pending.item(number).id) {
        pending.issue(number, at: issuePosition)
        let item = pending.item(number)
        guard proposeCommand(item.id, item.issuedAt, pending.command(number), now) else { break }
      }
      number += 1
    }
    number = forwarded.oldest
    while number < forwarded.next {
      if forwarded.isThere(number) {
        let item = forwarded.item(number)
        if !isInLogOrApplied(item.id) {
          guard proposeCommand(item.id, item.issuedAt, forwarded.command(number), now) else { break }
        }
        forwarded.remove(number)
      }
      number += 1
    }
    if acceptor.last > before {
      windowsSinceTraffic = 0
      settle(now)
    }
  }

  func isInLogOrApplied(_ id: CommandID) -> Bool {
    inFlight.index(of: id) != .zero || registry.remembers(id)
  }

  /// A command larger than an entry becomes consecutive entries.
  private mutating func proposeCommand(
    _ id: CommandID, _ issuedAt: LogIndex, _ command: Bytes, _ now: LocalTime
  ) -> Bool {
    let size = settings.entryPayloadLimit
    let parts = max(1, (command.count + size - 1) / size)
    guard effects.records.free > command.count + parts * 64 + 2 * Limits.recordReserve else { return false }
    guard acceptor.log.count + parts + acceptor.log.capacity / Limits.logReserveShare <= acceptor.log.capacity
    else {
      acceptor.lacksRoom = true
      return false
    }
    let time = clusterTime(now)
    noteStamp(time, now)
    let token = CommandToken(id: id, issuedAt: issuedAt)
    var part = 0
    while part < parts {
      let head = EntryHead(
        kind: part == 0 ? .command : .part, hasMore: part + 1 < parts, stamp: time,
        token: part == 0 ? token : EntryHead.noToken)
      guard
        acceptor.append(
          head, command.part(part * size, min(command.count, (part + 1) * size)), &effects.records)
      else { return false }  // an unfinished command has no effect; its caller's retry brings it whole
      if part == 0 { inFlight.insert(id, at: acceptor.last) }
      part += 1
    }
    return true
  }

  // MARK: plan a burst

  /// - Returns: how many frames the leader's slot takes, at least one: the beacon.
  mutating func planBurst() -> Int {
    sendPlan.removeAll()
    guard case .leader(let state) = role else { return 1 }
    if acceptor.last > state.sentThrough {
      sendPlan.add(max(state.sentThrough + 1, acceptor.log.first), acceptor.last)
    }
    // Who says what it misses is served first: a long repair that begins anew in each cycle would never let
    // it through.
    var i = 0
    while i < settings.memberCount {
      planPull(of: NodeID(UInt8(i)))
      i += 1
    }
    if acceptor.commit < state.sentThrough {
      planRepair(through: min(state.sentThrough, acceptor.last))
    }
    planRepeats(state)
    return framesNeeded()
  }

  /// In frames that are sent anyway, if there is room: what was asked for lately and may have been lost again, and
  /// while frames do get lost what somebody may lack. Spares them their asking.
  private mutating func planRepeats(_ state: LeaderState) {
    var i = 0
    while i < settings.memberCount {
      let pull = peers[NodeID(UInt8(i))].pull
      if !pull.isOpen, pull.ballot == acceptor.accepted, pull.next >= acceptor.log.first,
        timeline.window &- min(pull.window, timeline.window) <= 2, votes[NodeID(UInt8(i))] < pull.next
      {
        let plan = sendPlan
        planRanges(pull)
        keepIfFree(plan)
      }
      i += 1
    }
    // When no more commands come, those who slept through the last ones are still to get them.
    let repeatsNow = timeline.window <= (windowsSinceTraffic <= 2 ? state.repeatsUntil : state.lossyUntil)
    guard timeline.cycle > 0 || repeatsNow && windowsSinceTraffic <= Limits.tailWindows else { return }
    let last = min(state.sentThrough, acceptor.last)
    let first = max(lowestVote(below: last, known: true) + 1, acceptor.log.first)
    guard first <= last && last.distance(from: first) < Limits.gapOfOneWindow else { return }
    let plan = sendPlan
    sendPlan.add(first, last)
    keepIfFree(plan)
  }

  /// Goes back to the plan as it was, if what was added since takes another frame.
  private mutating func keepIfFree(_ plan: SendPlan) {
    let frames = framesNeeded()
    let longer = sendPlan
    sendPlan = plan
    if frames <= framesNeeded() { sendPlan = longer }
  }

  /// The lowest vote of those who were heard lately; `known`: of those who voted in this ballot.
  private func lowestVote(below last: LogIndex, known: Bool = false) -> LogIndex {
    var low = last
    var i = 0
    while i < settings.memberCount {
      let peer = NodeID(UInt8(i))
      if peer != id, heardLately(peer, within: Limits.heardLatelyWindows), votes[peer] < low,
        !known || votes[peer] > .zero
      {
        low = votes[peer]
      }
      i += 1
    }
    return low
  }

  /// Undecided entries that were sent before and that members heard lately are not known to have.
  private mutating func planRepair(through sent: LogIndex) {
    let first = max(max(lowestVote(below: sent), acceptor.commit) + 1, acceptor.log.first)
    if first <= sent {
      sendPlan.add(first, sent)
      counters.entriesResent += UInt64(sent.distance(from: first) + 1)
    }
  }

  private mutating func planPull(of peer: NodeID) {
    let pull = peers[peer].pull
    if pull.isOpen, pull.ballot == acceptor.accepted,
      timeline.window &- min(pull.window, timeline.window) <= 1
    {
      peers[peer].pull.isOpen = false
      planRanges(pull)
    }
    planSnapshot(for: peer)
  }

  /// Only what is missing: the bitmap says what lies behind the hole.
  mutating func planRanges(_ pull: Pull) {
    guard pull.next >= acceptor.log.first else {
      planChunks(from: 0, held: 0)
      return
    }
    let end = min(acceptor.last, pull.next + 255)
    var from = pull.next
    while from <= end {
      var to = from
      // Runs of missing entries within the bitmap; beyond it, all.
      while to < end, !holds(pull, to + 1) { to = to + 1 }
      sendPlan.add(from, to)
      counters.entriesResent += UInt64(to.distance(from: from) + 1)
      from = to + 1
      while from <= end, holds(pull, from) { from = from + 1 }
    }
  }
  private func holds(_ pull: Pull, _ index: LogIndex) -> Bool {
    let bit = index.distance(from: pull.next) - 1
    return bit >= 0 && bit < 64 && pull.held & (1 << UInt64(bit)) != 0
  }

  /// Estimates from the bytes, frame by frame; what does not fit waits for the next cycle.
  private func framesNeeded() -> Int {
    let room = settings.entryRoom
    // Small frames carry the votes once, and among many members those leave little.
    var left = settings.hasSmallFrames ? room - Limits.votesReserve - settings.memberCount / 8 : room
    var frames = 1
    var r = 0
    while r < sendPlan.count {
      let (from, to) = sendPlan.range(r)
      var i = from
      while i <= to && frames < Limits.burstFrames {
        let head = acceptor.log.head(i)
        let bytes = EntryCodec.size(head, payload: acceptor.log.payload(i).count, base: head.stamp)
        if bytes > left {
          frames += 1
          left = room
        }
        left -= bytes
        i = i + 1
      }
      r += 1
    }
    let chunks =
      sendPlan.chunksLeft > 0 && sendPlan.count == 0 ? sendPlan.chunksLeft - 1 : sendPlan.chunksLeft
    return min(Limits.burstFrames, frames + chunks)
  }

  /// Every other frame of a burst is for chunks first, and every frame when no entries are planned.
  var isChunkTurn: Bool {
    sendPlan.chunksLeft > 0 && (sendPlan.next == nil || (timeline.slotFrames + timeline.cycle) % 2 == 1)
  }

  /// Entries of the plan, as many as fit.
  mutating func writePlanned(to writer: inout FrameWriter) {
    // Whoever waits for a snapshot can do nothing with entries: neither may keep the other from the air.
    if isChunkTurn { writeChunks(to: &writer) }
    while let range = sendPlan.next {
      let before = sendPlan.current
      let next = writeEntries(from: range.from, through: range.to, to: &writer)
      if next > range.from {
        sendPlan.sentThrough = max(sendPlan.sentThrough, next + (-1))
        sendPlan.advance(to: next)
      }
      if sendPlan.current == before { return }
    }
    writeChunks(to: &writer)
  }

  /// - Returns: the first index that did not fit.
  mutating func writeEntries(from first: LogIndex, through last: LogIndex, to writer: inout FrameWriter)
    -> LogIndex
  {
    let start = max(first, acceptor.log.first)
    let last = min(last, acceptor.last)
    guard start <= last else { return first }
    let base = acceptor.log.head(start).stamp
    var count = 0
    var room = writer.remaining - Limits.entriesHead
    var i = start
    while i <= last {
      room -= EntryCodec.size(acceptor.log.head(i), payload: acceptor.log.payload(i).count, base: base)
      if room < 0 { break }
      count += 1
      i = i + 1
    }
    guard count > 0 else { return first }
    let done = writer.section(.entries) { out in
      out.varint(start.raw)
      out.varint(base.milliseconds)
      out.varint(UInt64(count))
      var k = start
      while k < start + count {
        EntryCodec.write(acceptor.log.head(k), acceptor.log.payload(k), at: k, base: base, to: &out)
        k = k + 1
      }
    }
    if done { timeline.entryCopies += 1 }
    return done ? start + count : first
  }

  // MARK: answers

  /// Whether it is worth listening after a burst.
  var expectsAnswers: Bool {
    guard settings.memberCount > 1 else { return false }
    return hasUndecided || isFull || timeline.heardAnything || windowsSinceTraffic < Limits.busyWindows
      || reads.needsConfirmation
      || canvass.window == timeline.window || isInDialogue
  }

  /// Whether another cycle has something to say or to ask.
  var hasWork: Bool {
    if hasUndecided || reads.needsConfirmation || !pending.isEmpty || !forwarded.isEmpty || !sendPlan.isDone {
      return true
    }
    if hasOpenPull { return true }
    if case .leader(let state) = role {
      return isFull && state.heardThisWindow.count + 1 < quorum && timeline.cycle < 3
    }
    return false
  }

  private var hasOpenPull: Bool {
    var i = 0
    while i < settings.memberCount {
      let peer = NodeID(UInt8(i))
      if peers[peer].pull.isOpen && peers[peer].pull.window == timeline.window { return true }
      if peers[peer].snapshotPull.isOpen && peers[peer].snapshotPull.window == timeline.window { return true }
      i += 1
    }
    return false
  }

  // MARK: check-quorum, hand-over

  /// Counts the window that is over: was an answer due, and how long ago did a quorum give any? (Protocol review B2.)
  mutating func checkQuorumAtWindowStart() {
    guard case .leader(var state) = role else { return }
    if settings.memberCount > 1 {
      if state.isDue { state.dueWindows += 1 }
      state.quorumAge = quorumAge(state.dueWindows)
      if state.heardThisWindow.count + 1 >= quorum {
        state.quorumWindow = timeline.window
      }
      state.isDue = hasUndecided || isFull
      state.heardThisWindow = NodeSet()
      if timeline.lastCycles > 0 {
        state.repeatsUntil = timeline.window &+ SpeakingRule.repeatWindows(members: settings.memberCount)
        state.lossyUntil = timeline.window &+ Limits.lossyWindows
      }
    }
    let shouldGo = handsOver
    let isLeaving = shouldGo && state.farewells >= Shortage.farewells && !hasUndecided
    state.farewells = shouldGo ? state.farewells + 1 : 0
    role = .leader(state)
    leaderWindow = timeline.window
    if isLeaving || state.quorumAge >= dueLimit || isUnfit && state.quorumWindow < timeline.window &- 1 {
      stepDown()
      leaderIsKnown = false
      restsUntil = timeline.window &+ 1
      timeline.announces = true
      return
    }
    if state.outbid > state.ballot { campaign() }
  }

  /// Voices of relays are no evidence (review A8), and in one window not everybody speaks who is there: so
  /// it is windows with
  /// due answers that are counted, from the last first-hand word of each, to the one that completes a quorum.
  private func quorumAge(_ dueWindows: Int) -> Int {
    var age = 0
    while age < dueWindows {
      var heard = 1
      var i = 0
      while i < settings.memberCount {
        let peer = NodeID(UInt8(i))
        if peer != id, dueWindows - peers[peer].heardDue <= age { heard += 1 }
        i += 1
      }
      if heard >= quorum { return age }
      age += 1
    }
    return age
  }

  private var dueLimit: Int {
    var worst = 0
    var best = 1000
    var i = 0
    while i < settings.memberCount {
      let peer = NodeID(UInt8(i))
      if peer != id {
        best = min(best, peers[peer].loss.permille)
        worst = max(worst, peers[peer].loss.permille)
      }
      i += 1
    }
    // A window in which it was asked again and again says more than one beacon.
    if timeline.lastCycles >= 3 { return Limits.dueMisses }
    // Both ways must work for an answer; the detector's bounds hold for it as for beacons.
    return max(
      Limits.dueMisses,
      Detector.missesBeforeSuspicion(lossPermille: min(700, best * 2 - best * best / 1000)) / 2)
  }

  /// Leads no more; what was proposed stays in the log, what waits is forwarded to whoever leads next.
  mutating func stepDown() {
    role = .follower(FollowerState())
    reads.failConfirmations(&effects)
    if timeline.phase == .burst || timeline.phase == .acknowledge {
      timeline.framesLeft = 0
      timeline.speech = nil
    }
  }

  /// The disk refuses, or has recovered. A leader that cannot write hands over.
  package mutating func diskIs(fit: Bool) {
    isUnfit = !fit
    if !fit { effects.raise(.diskFailed) }
  }
}
