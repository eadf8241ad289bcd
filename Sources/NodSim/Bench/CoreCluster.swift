// Members of a cluster in memory: the real core and its real frames, encoded and decoded; no cipher, no disk.
// For what is about the core alone: how fast it is, and how many frames its rules of speaking cost with more voters
// than a roster can name. Everything else is measured in a World.
import NodCore

/// What such a cluster is like.
package struct CoreOptions: Sendable {
  package var memberCount = 3
  package var period = Microseconds.seconds(10)
  package var profile = RadioProfile.loopback
  package var mtu = 1_280
  package var cycleLimit = 8
  package var fullEvery: UInt32 = 1 << 20
  /// Independent loss of each frame at each receiver, in thousandths.
  package var lossPermille = 0
  package var syncLatency = Microseconds(500)
  package var syncGap = Microseconds.milliseconds(1)
  package var registry = RegistryLimits()
  package var logEntries = 8_192
  package var logBytes = 2 << 20
  package var rule = ElectionRule.paxos
  package var seed: UInt64 = 1
  package init() {}
}

/// Deterministic: everything follows from the options.
package final class CoreCluster {
  package let options: CoreOptions
  package let settings: ClusterSettings
  package private(set) var now: Int64 = 1_000_000
  private let nodes: UnsafeMutablePointer<Node>
  private let buffer: UnsafeMutableRawBufferPointer
  private var random: Random
  /// Frames in the air and syncs under way.
  private var coming: [Coming] = []
  private var comingBytes: [UInt8] = []
  private var syncing: [(at: Int64, records: UInt64)?]
  package private(set) var framesOnAir = 0
  package private(set) var framesBy: [Int]
  /// Sealed bytes, as they would be.
  package private(set) var bytesOnAir = 0
  package private(set) var completed = 0
  package private(set) var failed = 0
  package private(set) var recordBytes = 0
  package var lossPermille: Int
  /// Called after anything that happened to a member.
  package var afterTurn: ((Int) -> Void)?

  private struct Coming {
    var at: Int64
    var from: Int
    var bytes: Range<Int>
    var airtime: Int64
    /// As sealing would number it.
    var counter: UInt32
  }

  package init(_ options: CoreOptions) {
    self.options = options
    let n = options.memberCount
    let profile = options.profile
    let mtu = min(options.mtu, profile.mtu)
    var settings = ClusterSettings(
      memberCount: n, period: options.period, slot: profile.slotLength(for: mtu), syncGap: options.syncGap,
      framePace: profile.airTime(mtu) + profile.turnaround, mtu: mtu)
    settings.fullEvery = options.fullEvery
    settings.cycleLimit = options.cycleLimit
    settings.registry = options.registry
    settings.rule = options.rule
    self.settings = settings
    lossPermille = options.lossPermille
    random = Random(seed: options.seed)
    buffer = .allocate(byteCount: mtu, alignment: 8)
    syncing = [(at: Int64, records: UInt64)?](repeating: nil, count: n)
    framesBy = [Int](repeating: 0, count: n)
    nodes = .allocate(capacity: n)
    for i in 0..<n {
      var p = NodeParameters(settings: settings, id: NodeID(UInt8(i)))
      p.seed = random.next()
      p.salt = random.next() | 1
      p.logEntries = options.logEntries
      p.logBytes = options.logBytes
      p.holes = 64
      (nodes + i).initialize(to: Node(p))
    }
    acquaint()
    for i in 0..<n {
      nodes[i].start(LocalTime(microseconds: now))
      turn(i)
    }
  }

  deinit {
    nodes.deinitialize(count: options.memberCount)
    nodes.deallocate()
    buffer.deallocate()
  }

  /// As after days together: everybody has quoted everybody's start salt.
  private func acquaint() {
    for i in 0..<options.memberCount {
      for j in 0..<options.memberCount where j != i {
        let peer = NodeID(UInt8(j))
        nodes[i].peers[peer].salt = nodes[j].salt
        nodes[i].peers[peer].freshSalt = nodes[j].salt
      }
    }
  }

  /// Asks about a member's node.
  package func node<T>(_ i: Int, _ body: (borrowing Node) -> T) -> T { body(nodes[i]) }
  package var leaders: [Int] { (0..<options.memberCount).filter { nodes[$0].isLeader } }

  // MARK: the loop

  /// Goes on until `time`, in microseconds.
  package func run(until time: Int64) {
    while let at = nextEvent(), at <= time { step(at) }
    now = max(now, time)
  }
  package func run(windows: Int) { run(until: now + Int64(windows) * options.period.raw) }

  /// Goes on to the next thing that happens.
  package func step() { if let at = nextEvent() { step(at) } }

  private func nextEvent() -> Int64? {
    var at = Int64.max
    for i in 0..<options.memberCount {
      at = min(at, nodes[i].timeline.wakeAt.microseconds, syncing[i]?.at ?? .max)
    }
    for frame in coming { at = min(at, frame.at) }
    return at == .max ? nil : at
  }

  private func step(_ at: Int64) {
    now = max(now, at)
    deliver()
    for i in 0..<options.memberCount {
      if let done = syncing[i], done.at <= now {
        syncing[i] = nil
        nodes[i].synced(done.records, now: LocalTime(microseconds: now))
        turn(i)
      }
      if nodes[i].timeline.wakeAt.microseconds <= now {
        nodes[i].wake(LocalTime(microseconds: now))
        turn(i)
      }
    }
  }

  private func deliver() {
    var k = 0
    while k < coming.count {
      guard coming[k].at <= now else {
        k += 1
        continue
      }
      let frame = coming.remove(at: k)
      hear(frame)
    }
    if coming.isEmpty { comingBytes.removeAll(keepingCapacity: true) }
  }

  private func hear(_ frame: Coming) {
    let bytes = Array(comingBytes[frame.bytes])
    bytes.withUnsafeBytes { raw in
      let startedAt = LocalTime(microseconds: now - frame.airtime)
      for i in 0..<options.memberCount where i != frame.from && nodes[i].timeline.radioOn {
        if lossPermille > 0 && random.happens(permille: lossPermille) { continue }
        guard let decoded = try? Frame(decoding: Bytes(raw), from: NodeID(UInt8(frame.from))) else {
          preconditionFailure("a frame of this very version is decoded")
        }
        nodes[i].heard(
          decoded, senderSalt: nodes[frame.from].salt, counter: frame.counter, startedAt: startedAt,
          now: LocalTime(microseconds: now))
        turn(i)
      }
    }
  }

  /// After anything that happened to a member: what it wants done.
  private func turn(_ i: Int) {
    let time = LocalTime(microseconds: now)
    persist(i)
    while nodes[i].timeline.speech != nil {  // each turn sends a frame or ends the speech
      let room = UnsafeMutableRawBufferPointer(
        rebasing: buffer[..<(settings.mtu - Limits.frameOverhead)])
      let (count, withSalt) = nodes[i].compose(into: room, now: time)
      if count > 0 { send(i, count, withSalt) }
      nodes[i].spoke(time)
      persist(i)
    }
    take(i)
    afterTurn?(i)
  }

  private func send(_ i: Int, _ count: Int, _ withSalt: Bool) {
    let size = count + Limits.frameOverhead - (withSalt ? 0 : 8)
    framesOnAir += 1
    framesBy[i] += 1
    bytesOnAir += size
    let begin = comingBytes.count
    comingBytes.append(contentsOf: buffer[..<count])
    let airtime = options.profile.airTime(size).raw
    coming.append(
      Coming(
        at: now + airtime, from: i, bytes: begin..<begin + count, airtime: airtime,
        counter: UInt32(truncatingIfNeeded: framesBy[i])))
  }

  /// Records are durable when the latency is over; snapshots at once.
  private func persist(_ i: Int) {
    drain(i)
    if nodes[i].snapshots.isBusy || nodes[i].wantsRotation {
      nodes[i].trimLog()
      nodes[i].wantsRotation = false
      nodes[i].snapshotIsDurable()
    }
    guard nodes[i].durability.records < nodes[i].effects.records.written else { return }
    if options.syncLatency.raw == 0 {
      nodes[i].synced(nodes[i].effects.records.written, now: LocalTime(microseconds: now))
      drain(i)
    } else if syncing[i] == nil {
      syncing[i] = (now + options.syncLatency.raw, nodes[i].effects.records.written)
    }
  }
  private func drain(_ i: Int) {
    guard !nodes[i].effects.records.isEmpty else { return }
    var bytes = 0
    nodes[i].effects.records.drain { (_, payload) in bytes += payload.count }
    recordBytes += bytes
  }

  private func take(_ i: Int) {
    guard !nodes[i].effects.completions.isEmpty else { return }
    for completion in nodes[i].effects.completions {
      if case .ok = completion.result.outcome { completed += 1 } else { failed += 1 }
    }
    nodes[i].effects.removeCompletions()
  }

  // MARK: commands

  /// Gives member `i` a command; false: it has too many.
  package func submit(_ command: Bytes, at i: Int, ticket: UInt64) -> Bool {
    let verdict = nodes[i].submit(
      command, token: nil, ticket: Ticket(ticket), now: LocalTime(microseconds: now))
    turn(i)
    guard case .accepted = verdict else { return false }
    return true
  }

  /// Goes on until there is one leader and everybody holds and knows all that it holds.
  ///
  /// - Returns: whether that came within so many windows.
  package func settle(windows: Int) -> Bool {
    for _ in 0..<windows {
      if let leader = leaders.first, leaders.count == 1, everybodyKnows(nodes[leader].acceptor.last) {
        return true
      }
      run(windows: 1)
    }
    return false
  }

  package func everybodyKnows(_ index: LogIndex) -> Bool {
    for i in 0..<options.memberCount where nodes[i].acceptor.commit < index { return false }
    return true
  }
}
