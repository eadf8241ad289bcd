// When to wake, listen, speak and sleep. The timeline goes through one window at a time:
//
//   G               B = G + S slots      A = B + burst + gap                          cycle end
//   | request slots | who drives: burst | sync gap | answers, a slot each, in turn | next cycle or sleep
//     who has news    beacon, accept                 rotated by window number
//
// Whoever drives says in each frame when the answers begin, so nobody needs to have heard the first one.
// With no
// beacon the slots of the grid stand, and the window is used to elect (protocol review B11).

extension Node {
  /// Time has come, or something happened: goes on with the plan, then says when it wants to be asked again.
  package mutating func wake(_ now: LocalTime) {
    plan(now)
  }

  /// The world composed and sent (or found nothing to say): the plan goes on.
  package mutating func spoke(_ now: LocalTime) {
    timeline.speech = nil
    plan(now)
  }

  mutating func plan(_ now: LocalTime) {
    var steps = 0
    while timeline.speech == nil && steps < 16 && step(now) { steps += 1 }
    if steps == 16 { timeline.wakeAt = now }
  }

  /// Starts without a grid: listens.
  package mutating func start(_ now: LocalTime) {
    stampAt = now
    timeline.phase = .searching
    // Until a beacon would have been missed with a chance below 1e-3 at 30 % loss (protocol review B4), and a
    // random part, so that those who start together do not all found grids.
    let periods = settings.memberCount == 1 ? 0 : 7
    // Three of the longest periods are more microseconds than an Int of 32 bits counts.
    let spread = settings.memberCount == 1 ? 0 : Int(min(settings.period.raw * 3, Int64(Int32.max) - 1))
    timeline.searchUntil = now + settings.period * periods + Microseconds(Int64(random(below: spread + 1)))
    plan(now)
  }

  // MARK: one step

  private mutating func step(_ now: LocalTime) -> Bool {
    switch timeline.phase {
    case .searching: return search(now)
    case .asleep: return sleepOn(now)
    case .request: return request(now)
    case .awaiting: return awaitLeader(now)
    case .burst: return burst(now)
    case .acknowledge: return acknowledge(now)
    }
  }

  private mutating func rest(until time: LocalTime, radio: Bool) -> Bool {
    timeline.wakeAt = time
    timeline.radioOn = radio
    return false
  }

  private mutating func search(_ now: LocalTime) -> Bool {
    guard now >= timeline.searchUntil else { return rest(until: timeline.searchUntil, radio: true) }
    founder = id
    gridHops = 0
    clock.set(
      window: max(timeline.window, leaderWindow) &+ 1, gridPoint: now + settings.slot, uncertainty: .zero)
    timeline.window = max(timeline.window, leaderWindow)
    return fallAsleep(now)
  }

  /// The radio goes off until the next window that concerns this node.
  @inline(never)
  mutating func fallAsleep(_ now: LocalTime) -> Bool {
    timeline.phase = .asleep
    timeline.speech = nil
    if leader == nil && settings.memberCount > 1 && !isLeader && timeline.scanUntil < now
      && random(below: 5) == 0
    {
      // Without a working leader a whole period is listened to now and then: another grid may be in range
      // (review B3).
      timeline.scanUntil = now + settings.period + settings.slot * 4
    }
    return true
  }

  /// Alone for long: most windows are not listened to. It still calls in each of them, for that costs one short frame,
  /// and it is what another grid's member hears when it listens for a whole period.
  private func isCallOnly(_ window: UInt32) -> Bool {
    guard windowsAlone > Limits.lonelyWindows, !drives else { return false }
    let exponent = min(Limits.backOffExponent, Int((windowsAlone - Limits.lonelyWindows) / 16))
    return window % (1 << UInt32(exponent)) != 0
  }

  /// Speaks in its slot of a window, and is deaf but for that.
  private mutating func call(in window: UInt32) -> Bool {
    counters.windows += 1
    timeline.window = window
    timeline.isAttended = false
    timeline.gridPoint = clock.gridPoint(of: window)
    timeline.isLeaderless = true
    timeline.slotFrames = 0
    timeline.framesLeft = 1
    canvass.begin(in: window)
    timeline.speech = .answer
    return true
  }

  private func callTime(in window: UInt32) -> LocalTime {
    let start = clock.gridPoint(of: window) + settings.slot * (settings.requestSlots + 1) + settings.syncGap
    return start + settings.slot * turn(of: id, in: window)
  }

  private var drives: Bool { isLeader || isCandidate }

  private mutating func sleepOn(_ now: LocalTime) -> Bool {
    // Long after its time (a pause, a suspend) a window is over: the present one counts.
    let next = max(timeline.window &+ 1, isCallOnly(timeline.window &+ 1) ? clock.window(at: now) : 0)
    if isCallOnly(next) {
      let at = callTime(in: next)
      return now >= at ? call(in: next) : rest(until: at, radio: now < timeline.scanUntil)
    }
    let grid = clock.gridPoint(of: next)
    let early = drives || hasNews || needsGreeting || asksBeforeBeacon
    let guardTime = clock.guardTime(at: grid)
    let start = (early ? grid : grid + settings.slot * settings.requestSlots) - guardTime
    if now >= start || (early && now >= grid - guardTime) {
      enter(next, now)
      return true
    }
    // A leader writes what waits so early that its accept can carry its own vote.
    let writeAt = start - settings.syncGap
    if isLeader && !pending.isEmpty && now < writeAt {
      return rest(until: writeAt, radio: now < timeline.scanUntil)
    }
    if isLeader { propose(now) }
    return rest(until: start, radio: now < timeline.scanUntil)
  }

  private mutating func enter(_ window: UInt32, _ now: LocalTime) {
    counters.windows += 1
    noteFullWindow()
    timeline.isAttended = true
    timeline.window = window
    // Long after its time (a pause, a suspend): this one is over, the present one counts.
    let current = clock.window(at: now)
    if current > window { timeline.window = current }
    timeline.gridPoint = clock.gridPoint(of: timeline.window)
    timeline.lastCycles = timeline.cycle
    timeline.cycle = 0
    timeline.heardLeaderInWindow = false
    timeline.heardAnything = false
    timeline.isLeaderless = false
    timeline.silentLeaderSlots = 0
    timeline.fruitlessCycles = 0
    timeline.saidAlive = false
    timeline.announces = false
    timeline.entryCopies = 0
    timeline.repeatedBy = NodeSet()
    noteDependents()
    windowsSinceTraffic &+= 1
    timeline.isBusy = windowsSinceTraffic < Limits.busyWindows
    if leader == nil { windowsAlone &+= 1 } else { windowsAlone = 0 }
    if canvass.window != timeline.window { canvass = Canvass() }
    if !bringsNews { broughtWindow = timeline.window }
    beginCycle(timeline.gridPoint + settings.slot * settings.requestSlots)
    checkQuorumAtWindowStart()
    giveUpIfFruitless()
    timeline.requestsLeft = drives ? 0 : requestTries
    timeline.requestMask = requestMask()
    timeline.phase = .request
  }

  mutating func beginCycle(_ leaderSlot: LocalTime) {
    timeline.leaderSlotAt = leaderSlot
    timeline.ownSlotDone = false
    forgetCycle()
    placeAnswers(from: leaderSlot + settings.slot + settings.syncGap)
  }

  /// What the frames of a cycle showed counts in that cycle only.
  private mutating func forgetCycle() {
    timeline.heardLeaderInCycle = false
    timeline.heardAnswerInCycle = false
    timeline.quorumShown = .zero
    timeline.quorumsShown = 0
    cycleVotes.restart(in: votes.ballot)
  }

  /// Answer slots in turn, rotated by window number; who drives needs none.
  mutating func placeAnswers(from start: LocalTime) {
    timeline.ackStart = start
    let n = settings.memberCount
    let driver = timeline.isLeaderless ? nil : leader
    var position = turn(of: id)
    if let driver, driver != id, turn(of: driver) < position { position -= 1 }
    timeline.ownSlotAt = start + settings.slot * position
    timeline.cycleEnd = start + settings.slot * (driver == nil ? n : max(1, n - 1))
  }

  /// The place of a member in this window's answers, from 0.
  func turn(of node: NodeID) -> Int { turn(of: node, in: timeline.window) }
  private func turn(of node: NodeID, in window: UInt32) -> Int {
    let n = settings.memberCount
    return (Int(node.raw) + n - Int(window % UInt32(n))) % n
  }

  /// The last moment of this window that may be used.
  var windowLimit: LocalTime {
    clock.gridPoint(of: timeline.window &+ 1) - clock.guardTime(at: timeline.gridPoint) - settings.slot
  }

  private mutating func request(_ now: LocalTime) -> Bool {
    if drives {
      guard now >= timeline.leaderSlotAt else { return rest(until: timeline.leaderSlotAt, radio: true) }
      startBurst(now)
      return true
    }
    let until = timeline.leaderSlotAt - clock.guardTime(at: timeline.leaderSlotAt)
    if timeline.requestsLeft > 0 {
      let turn = settings.requestSlots - timeline.requestsLeft
      let at = timeline.gridPoint + settings.slot * turn
      if now >= at {
        timeline.requestsLeft -= 1
        timeline.slotFrames = 0
        if now < timeline.leaderSlotAt && timeline.requestMask & (1 << UInt32(turn)) != 0 {
          timeline.speech = .request
        }
        return true
      }
      return rest(until: at, radio: true)
    }
    guard now >= until else { return rest(until: until, radio: false) }
    timeline.phase = .awaiting
    return true
  }

  // MARK: the leader's slot, from outside

  private mutating func awaitLeader(_ now: LocalTime) -> Bool {
    if timeline.announces {  // "I lead no more", when everybody listens
      guard now >= timeline.leaderSlotAt else { return rest(until: timeline.leaderSlotAt, radio: true) }
      timeline.speech = .answer
      return true
    }
    // Who has given its leader up needs not wait for how late it may be: others are up for the same slots.
    let guardTime = wasLeaderless ? .zero : clock.guardTime(at: timeline.leaderSlotAt)
    let slack = timeline.cycle == 0 ? guardTime : settings.slot
    let deadline = timeline.leaderSlotAt + settings.slot + slack
    guard now >= deadline else { return rest(until: deadline, radio: true) }
    if timeline.cycle == 0 { missedBeacon(now) } else { silentLeader(now) }
    return true
  }

  /// Whether the leader was suspected before this window.
  private var wasLeaderless: Bool {
    guard leaderIsKnown else { return true }
    return windowsOfSilence > UInt32(missesBeforeSuspicion)
  }

  private mutating func missedBeacon(_ now: LocalTime) {
    counters.beaconsMissed += 1
    timeline.missedInARow += 1
    timeline.phase = .acknowledge
    if leaderIsKnown, leaderBallot.node != id {
      peers[leaderBallot.node].missed = min(255, peers[leaderBallot.node].missed + 1)
    }
    if suspectsLeader {
      timeline.isLeaderless = true
      placeAnswers(from: timeline.leaderSlotAt + settings.slot + settings.syncGap)
    } else if timeline.missedInARow == 1 && !hasNews && !hasUndecided && !timeline.isBusy {
      timeline.cycleEnd = min(timeline.cycleEnd, timeline.ackStart + settings.slot * 2)
    }
  }

  private mutating func silentLeader(_ now: LocalTime) {
    timeline.silentLeaderSlots += 1
    if timeline.silentLeaderSlots >= patience && !timeline.isLeaderless {
      _ = fallAsleep(now)
    } else {
      timeline.phase = .acknowledge
    }
  }

  /// Beacons that were missed count as lost only when their leader shows that it was there all the time: the silence
  /// of a dead one says nothing of the link.
  mutating func countMisses(of leader: NodeID) {
    var missed = peers[leader].missed
    peers[leader].missed = 0
    guard missed < missesBeforeSuspicion else { return }
    while missed > 0 {
      peers[leader].loss.missed()
      missed -= 1
    }
  }

  /// A frame of the leader itself: time, and when the answers begin.
  mutating func heardLeaderFrame(_ frame: Frame, startedAt: LocalTime, now: LocalTime) {
    guard timeline.phase != .searching, !isLeader, fullWindow(frame.prelude) == timeline.window else {
      return
    }
    if !timeline.heardLeaderInWindow {
      countMisses(of: frame.sender)
      peers[frame.sender].loss.heard()
    }
    timeline.heardLeaderInWindow = true
    timeline.missedInARow = 0
    timeline.silentLeaderSlots = 0
    timeline.isLeaderless = false
    guard let bytes = frame.section(.cycle), timeline.phase != .asleep else { return }
    var input = ByteReader(bytes)
    let delay = Microseconds(Int64(input.varint(atMost: 1 << 30)) * 16)
    let cycle = Int(input.u8())
    if input.failed { return }
    if timeline.phase == .awaiting || cycle > timeline.cycle || timeline.phase == .request {
      timeline.ownSlotDone = false
      if cycle != timeline.cycle { forgetCycle() }
    }
    timeline.heardLeaderInCycle = true
    timeline.cycle = cycle
    timeline.leaderSlotAt = startedAt
    timeline.phase = .acknowledge
    placeAnswers(from: startedAt + delay)
  }

  // MARK: answers

  private mutating func acknowledge(_ now: LocalTime) -> Bool {
    if isLeader { return listenToAnswers(now) }
    if !timeline.ownSlotDone && now >= timeline.ownSlotAt {
      timeline.ownSlotDone = true
      timeline.slotFrames = 0
      let mayAnswer =
        timeline.heardLeaderInCycle || timeline.heardAnswerInCycle || timeline.isLeaderless || isCandidate
        || timeline.cycle == 0
      // In an election the slots are the grid's own: a call that comes too late would stand in another's.
      let isLate =
        timeline.isLeaderless && !isCandidate
        && now > timeline.ownSlotAt + Microseconds(settings.slot.raw / 2)
      if mayAnswer && !isLate && wantsToAnswer() {
        timeline.framesLeft = max(1, min(8, Int(settings.slot.raw / max(1, settings.framePace.raw * 2))))
        timeline.speech = .answer
        return true
      }
    }
    if timeline.framesLeft > 0 && timeline.ownSlotDone {
      guard now >= timeline.nextFrameAt else { return rest(until: timeline.nextFrameAt, radio: true) }
      timeline.speech = .answer
      return true
    }
    if !staysAwake && (timeline.ownSlotDone || !mayHaveToAnswer) {
      return fallAsleep(now)
    }
    if now >= timeline.cycleEnd { return endCycle(now) }
    return rest(
      until: timeline.ownSlotDone ? timeline.cycleEnd : min(timeline.ownSlotAt, timeline.cycleEnd),
      radio: true)
  }

  private mutating func endCycle(_ now: LocalTime) -> Bool {
    timeline.framesLeft = 0
    let next = timeline.cycleEnd
    let fits = next + settings.cycleLength <= windowLimit && timeline.cycle + 1 < settings.cycleLimit
    let goesOn =
      isCandidate || timeline.isLeaderless && mayElect
      || (staysAwake && (timeline.heardLeaderInWindow || timeline.heardAnything || timeline.isBusy))
    guard fits && goesOn else { return fallAsleep(now) }
    timeline.cycle += 1
    beginCycle(next)
    if isCandidate {
      startBurst(now)
    } else {
      timeline.phase = timeline.isLeaderless ? .acknowledge : .awaiting
      if timeline.isLeaderless { placeAnswers(from: next + settings.slot + settings.syncGap) }
    }
    return true
  }

  /// Alone in looking for a leader, a few calls are enough: who did not hear them may hear the next window's.
  private var mayElect: Bool {
    canvass.othersSuspect || !leaderIsKnown || windowsAlone > Limits.lonelyWindows
      || timeline.cycle + 1 < SpeakingRule.callsAlone(lossPermille: leaderLoss)
  }

  // MARK: driving

  mutating func startBurst(_ now: LocalTime) {
    if isLeader {
      clock.holdAsReference(now: now)
      gridHops = 0  // what the others follow is this node's own time, however it came by it
      propose(now)
    }
    timeline.phase = .burst
    timeline.slotFrames = 0
    let frames = planBurst()
    timeline.framesLeft = frames
    timeline.nextFrameAt = now
    placeAnswers(
      from: now + settings.framePace * frames + settings.syncGap + (settings.slot - settings.framePace))
    if cycleVotes.ballot != votes.ballot { cycleVotes.restart(in: votes.ballot) }
  }

  private mutating func burst(_ now: LocalTime) -> Bool {
    if timeline.framesLeft > 0 {
      guard now >= timeline.nextFrameAt else { return rest(until: timeline.nextFrameAt, radio: false) }
      timeline.speech = .drive
      return true
    }
    timeline.phase = .acknowledge
    timeline.ownSlotDone = true
    timeline.heardAnything = timeline.cycle == 0 && timeline.heardAnything
    if isLeader && !expectsAnswers { return fallAsleep(now) }
    return true
  }

  private mutating func listenToAnswers(_ now: LocalTime) -> Bool {
    guard now >= timeline.cycleEnd else { return rest(until: timeline.cycleEnd, radio: true) }
    timeline.fruitlessCycles = timeline.heardAnything ? 0 : timeline.fruitlessCycles + 1
    let fits = now + settings.cycleLength <= windowLimit && timeline.cycle + 1 < settings.cycleLimit
    guard fits, timeline.fruitlessCycles < (timeline.isBusy ? Limits.fruitlessCycles : 2), hasWork else {
      return fallAsleep(now)
    }
    timeline.cycle += 1
    timeline.heardAnything = false
    timeline.leaderSlotAt = now
    timeline.ownSlotDone = false
    forgetCycle()
    startBurst(now)
    return true
  }

  /// Every K-th window everybody stays for all slots and says who it hears.
  package var isFull: Bool { timeline.window % settings.fullEvery == 0 }

  /// Half way between full windows everybody stays for the answers, though few have any: who hears no leader, or is not
  /// heard by it, calls in each window, and is heard then at the latest.
  var isListening: Bool { timeline.window % settings.fullEvery == settings.fullEvery / 2 }

  /// Entries in this log that are not known to be decided.
  var hasUndecided: Bool { acceptor.last > acceptor.commit || acceptor.isStaging }
}
