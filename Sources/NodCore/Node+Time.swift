// Whose time is taken, and which grid gives way when two meet (protocol review B1, B3).

extension Node {
  /// Time is taken from the leader; from another member only when it quotes a newer window of the leader
  /// than this node
  /// knows; from anybody when there is no grid at all.
  mutating func takeTime(_ frame: Frame, startedAt: LocalTime, now: LocalTime, isFresh: Bool) {
    let p = frame.prelude
    guard p.has(Prelude.timed) else { return }
    let gridPoint = startedAt - p.offset
    let uncertainty = Microseconds(200 + 300 * Int64(p.hops))
    if timeline.phase == .searching {
      adoptGrid(p, gridPoint, uncertainty, now)
      return
    }
    guard isFresh || leader == nil else { return }
    let leads = p.has(Prelude.leads) && p.promised.node == frame.sender
    let apart = abs((clock.gridPoint(of: p.window) - gridPoint).raw)
    // Give or take an eighth of a period it is this node's own grid; a stranger's only to half a slot, for two that are
    // further apart may speak and sleep past each other for ever.
    if apart <= (isFresh ? settings.period.raw / 8 : settings.slot.raw / 2) {
      let quotesNewer = p.leaderAge < 255 && p.window &- UInt32(p.leaderAge) > leaderWindow
      if isFresh && !isLeader && (leads ? p.promised >= leaderBallot : quotesNewer) {
        gridHops = p.hops &+ 1
        founder = p.founder
        let sample = clock.observe(
          window: p.window, gridPoint: gridPoint, uncertainty: uncertainty, peerAccuracyPPM: 50, now: now)
        // One sample far off moves nothing; the leader's own word three times in a row does.
        if case .jump = sample, leads, clock.jumpsInARow >= 3 {
          clock.set(window: p.window, gridPoint: gridPoint, uncertainty: uncertainty)
        }
      }
      return
    }
    if (isFresh || leader == nil) && givesWay(to: p) { adoptGrid(p, gridPoint, uncertainty, now) }
  }

  /// A grid with a working leader never moves; any other gives way to it, then to the higher (ballot, founder,
  /// window): of one that came apart to the part that is further on.
  private func givesWay(to p: Prelude) -> Bool {
    let mine = leader != nil
    let theirs = p.has(Prelude.backed)
    if mine != theirs { return theirs }
    if p.promised != acceptor.promised { return p.promised > acceptor.promised }
    if p.founder != founder { return p.founder > founder }
    return p.window > timeline.window
  }

  private mutating func adoptGrid(
    _ p: Prelude, _ gridPoint: LocalTime, _ uncertainty: Microseconds, _ now: LocalTime
  ) {
    clock.set(window: p.window, gridPoint: gridPoint, uncertainty: uncertainty)
    founder = p.founder
    gridHops = p.hops &+ 1
    timeline.window = p.window
    timeline.isAttended = false
    timeline.gridPoint = gridPoint
    timeline.missedInARow = 0
    windowsAlone = 0
    _ = fallAsleep(now)
  }

  /// The board was suspended or the process paused: whatever this node believed about now is doubtful,
  /// itself first.
  package mutating func slept(since: LocalTime, now: LocalTime) {
    guard timeline.phase != .searching else { return }
    if isLeader || isCandidate { stepDown() }
    let missed = (now - since).raw / settings.period.raw
    leaderIsKnown = false
    if missed > 4096 {
      timeline.phase = .searching
      timeline.searchUntil = now + settings.period * 7
    } else {
      timeline.window = max(timeline.window, clock.window(at: now))
      // A working leader gets as long to be heard as one that has just been lost.
      graceWindow = timeline.window
      leaderIsKnown = leaderBallot > .zero && leaderBallot.node != id
      _ = fallAsleep(now)
    }
    plan(now)
  }

  /// Cluster time as well as this node can tell it: the newest stamp, and what went by since.
  package func clusterTime(_ now: LocalTime) -> ClusterTime {
    let elapsed = max(0, (now - stampAt).raw) / 1000
    return ClusterTime(milliseconds: stamp.milliseconds + UInt64(elapsed))
  }
  mutating func noteStamp(_ time: ClusterTime, _ now: LocalTime) {
    if time > clusterTime(now) {
      stamp = time
      stampAt = now
    }
  }
}
