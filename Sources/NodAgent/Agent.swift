// The agent's loop: one thread that waits for whatever happens first, and one helper that only syncs.
//   what is ready -> Receive | Sync | Local | Stop   ->   turn: persist, speak, wake   ->   answers   ->
//   Sleep
// Everything that decides is in the station; here is only the world.
import CBoard
import NodCore
import NodJournal
import NodStation

package enum AgentError: Error {
  case board(BoardFailure)
  case local(String)

  package var description: String {
    switch self {
    case .board(let failure): failure.description
    case .local(let text): text
    }
  }
}

package struct Agent: ~Copyable {
  enum Token {
    static let radio: UInt64 = 1
    static let sync: UInt64 = 2
    static let alarm: UInt64 = 3
    static let signals: UInt64 = 4
  }

  var cluster: Cluster
  var server: LocalServer
  var radio: UDPRadio
  var poll: Poll
  var alarm: Alarm
  var syncThread: SyncThread
  var signals: StopSignals
  var watchdog = Watchdog()
  var meter: EnergyMeter
  let log: LogLine
  let buffer: UnsafeMutableRawBufferPointer
  let keyBuffer: UnsafeMutableRawBufferPointer
  var isStopping = false
  var lastLeader: NodeID?
  var toldAlarms: UInt8 = 0
  var hadDiskTrouble = false
  /// Snapshots and lost changes after which hooks have looked at everything.
  var toldGaps: UInt64 = 0
  var metrics: MetricsListener

  init(
    cluster: consuming Cluster, server: consuming LocalServer, radio: consuming UDPRadio,
    poll: consuming Poll,
    alarm: consuming Alarm, syncThread: consuming SyncThread, signals: consuming StopSignals,
    metrics: consuming MetricsListener, log: LogLine
  ) {
    meter = EnergyMeter(cluster.files.profile, at: cluster.now)
    self.cluster = cluster
    self.server = server
    self.radio = radio
    self.poll = poll
    self.alarm = alarm
    self.syncThread = syncThread
    self.signals = signals
    self.metrics = metrics
    self.log = log
    buffer = .allocate(byteCount: 2048, alignment: 16)
    keyBuffer = .allocate(byteCount: 2048, alignment: 16)
    self.cluster.figures.startedAt = self.cluster.now
  }

  deinit {
    buffer.deallocate()
    keyBuffer.deallocate()
  }

  /// Runs until somebody asks it to stop, or the board fails in a way that nothing here can mend.
  package mutating func run() throws(AgentError) {
    do throws(BoardFailure) {
      try poll.add(radio.descriptor, token: Token.radio, for: .nothing)
      try poll.add(syncThread.descriptor, token: Token.sync)
      try poll.add(alarm.descriptor, token: Token.alarm)
      try poll.add(signals.descriptor, token: Token.signals)
      watchdog.ready("listening for the cluster")
      while !isStopping {
        cluster.now = BoardClock.now
        cluster.figures.loops += 1
        try turn()
        try sleep()
      }
      watchdog.stopping()
      try finishHooks()
      try finishSync()
    } catch {
      throw .board(error)
    }
  }

  /// Goes on with the plan until it wants nothing more now.
  private mutating func turn() throws(BoardFailure) {
    var steps = 0
    while steps < 256 {
      steps += 1
      try persist()
      let plan = cluster.station.plan
      try turnRadio(on: plan.radioOn)
      if plan.speaks {
        try speak()
      } else if plan.wakeAt <= cluster.now {
        cluster.station.wake(cluster.now)
      } else {
        break
      }
      cluster.now = BoardClock.now
    }
    while answer() { try persist() }  // ends with what is decided
    tell()
    runHooks()
  }

  // MARK: the radio

  mutating func turnRadio(on: Bool) throws(BoardFailure) {
    guard on != radio.isOn else { return }
    let missed = radio.figures.framesMissed
    try radio.turn(on: on)
    cluster.station.missedWhileOff(radio.figures.framesMissed - missed, cluster.now)
    cluster.station.radioTurned(on: on, cluster.now)
    try poll.change(radio.descriptor, token: Token.radio, to: on ? .reading : .nothing)
    meter.radio(on ? .receiving : .sleeping, at: cluster.now)
  }

  private mutating func speak() throws(BoardFailure) {
    let size = cluster.station.transmit(into: buffer, now: cluster.now)
    guard size > 0 else { return }
    meter.transmitted(cluster.station.profile.airTime(size), at: cluster.now)
    try radio.transmit(Bytes(rebasing: buffer[..<size]))
  }

  private mutating func receive() throws(BoardFailure) {
    for _ in 0..<UDPRadio.looksPerReceive {
      let arrival = try radio.next(into: buffer)
      cluster.now = BoardClock.now
      switch arrival {
      case .nothing: return
      case .oversized: continue
      case .dropped(let size): cluster.station.lostOnPurpose(Bytes(rebasing: buffer[..<size]), cluster.now)
      case .frame(let size):
        cluster.station.receive(Bytes(rebasing: buffer[..<size]), now: cluster.now)
        // What was heard may end the listening: what comes after that was never on the air for us.
        let plan = cluster.station.plan
        if !plan.radioOn || plan.speaks { return }
      }
    }
  }

  // MARK: waiting

  private mutating func sleep() throws(BoardFailure) {
    let beside = min(metrics.nextDeadline, max(cluster.hooks.nextDeadline, cluster.now))
    let wanted = min(
      min(cluster.station.plan.wakeAt, server.nextDeadline),
      min(min(watchdog.due, cluster.station.retryDiskAt), beside))
    try alarm.set(at: wanted)
    let ready = try poll.wait()
    let now = BoardClock.now
    noticePause(wanted: wanted, now: now)
    cluster.now = now
    for i in 0..<ready {
      let event = poll.event(i)
      switch event.token {
      case Token.radio: try receive()
      case Token.sync: try syncEnded()
      case Token.alarm: _ = try alarm.acknowledge()
      case Token.signals: if let wish = signals.next(), wish == .stop { isStopping = true }
      default:
        if LocalServer.owns(event.token) {
          server.handle(event.token, readiness: event.readiness, now: cluster.now, port: &cluster)
        } else if MetricsListener.owns(event.token) {
          answerMetrics(event.token)
        }
      }
    }
    if server.nextDeadline <= cluster.now { server.expire(now: cluster.now, port: &cluster) }
    metrics.expire(now: cluster.now)
    watchdog.pat(now: cluster.now)
  }

  /// Much later than it asked for: the process was paused, or the board suspended. It doubts itself first.
  private mutating func noticePause(wanted: LocalTime, now: LocalTime) {
    guard wanted < .never else { return }
    let late = now - wanted
    guard late > max(.seconds(2), cluster.files.roster.period * 3) else { return }
    cluster.figures.pauses += 1
    log.warn("paused for \(late.raw / 1000) ms: listening before anything else")
    cluster.station.paused(for: late, now)
    cluster.station.slept(since: wanted, now: now)
  }
}
