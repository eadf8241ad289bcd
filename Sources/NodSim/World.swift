// A cluster in memory: real stations on simulated radios, clocks and disks, one event queue, one seed. The loop of a
// member is the agent's: ask the plan, do it, say what came of it.
import NodCore
import NodJournal
import NodSecurity
import NodStation

/// A member: its disk lives for ever, its station as long as it has power.
final class Member {
  let id: NodeID
  let disk: SimDisk
  /// The station, in memory taken for it: it is replaced when the power comes back.
  var station: UnsafeMutablePointer<Station<SimDisk>>?
  var generation = 0
  var starts = 0
  /// Boot time of this start, and how fast its clock runs, in parts per 1e9.
  var bootedAt: Int64 = 0
  var ratePPB: Int64 = 0
  var wakePlannedAt: Int64 = .max
  var refusal: String?
  var radioOnSince: Int64?
  var radioOnTotal: Int64 = 0
  var syncTarget: SyncTarget?

  init(_ id: NodeID, seed: UInt64) {
    self.id = id
    disk = SimDisk(seed: seed)
  }
  var isUp: Bool { station != nil }
  func local(_ now: Int64) -> LocalTime {
    let elapsed = now - bootedAt
    return LocalTime(microseconds: 1_000_000 + elapsed + elapsed / 1000 * ratePPB / 1_000_000)
  }
  func world(_ local: LocalTime) -> Int64 {
    let elapsed = local.microseconds - 1_000_000
    if elapsed > .max / 8 { return .max / 4 }
    return bootedAt + elapsed - elapsed / 1000 * ratePPB / 1_000_000
  }
}

package final class World {
  package let options: WorldOptions
  package internal(set) var now: Int64 = 0
  var queue = EventQueue()
  var random: Random
  package internal(set) var settings: ClusterSettings
  var members: [Member] = []
  package internal(set) var checker = Checker()
  package let traffic = Traffic()
  /// Sealed frames in the air, by number, until their last copy has arrived.
  var air: [Int: (bytes: [UInt8], copies: Int, from: Int)] = [:]
  var nextDatagram = 0
  package internal(set) var framesOnAir = 0
  package internal(set) var bytesOnAir = 0
  /// Links cut now; a test may change them between runs.
  package var cut: [UInt32]
  package var lossPermille: Int
  package var trace: ((String) -> Void)?
  /// What each member has last said of itself: must survive every power cut.
  var spoken: [Int: (promised: Ballot, accepted: Ballot)] = [:]
  var spokenVotes: [Int: (ballot: Ballot, last: LogIndex)] = [:]
  private var epochKey: [UInt8] = []
  private var rosterHash: [UInt8] = []
  let profile = RadioProfile.loopback

  package init(_ options: WorldOptions) {
    self.options = options
    random = Random(seed: options.seed)
    cut = options.cut
    lossPermille = options.lossPermille
    settings = ClusterSettings(
      memberCount: options.memberCount, period: options.period, slot: .milliseconds(2), syncGap: .milliseconds(4),
      framePace: Microseconds(200), mtu: 1280)
    settings.rule = options.rule
    settings.snapshotEvery = options.snapshotEvery
    settings.cycleLimit = options.cycleLimit
    settings.fullEvery = options.fullEvery
    epochKey = (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    rosterHash = (0..<16).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for i in 0..<options.memberCount {
      let member = Member(NodeID(UInt8(i)), seed: random.next())
      member.ratePPB = Int64(random.below(options.driftPPM * 2000 + 1) - options.driftPPM * 1000)
      member.disk.sectorsTear = options.tears
      provision(member)
      members.append(member)
      queue.plan(.powerOn(member: i), at: Int64(random.below(Int(options.period.raw))))
    }
    if options.commandEvery != nil { queue.plan(.client, at: options.period.raw * 4) }
  }

  deinit { for member in members { release(member) } }

  private func genesis(_ member: Member) -> Genesis {
    Genesis(clusterLow: 7, clusterHigh: 9, node: member.id, membershipVersion: 1, mayVote: true)
  }
  private func provision(_ member: Member) {
    var journal = Journal(
      disk: member.disk, owner: JournalOwner(clusterLow: 7, clusterHigh: 9, node: member.id), limits: JournalLimits())
    do {
      guard case .empty = try journal.recover({ _, _ in false }) else { preconditionFailure("a new disk is empty") }
      try Station.create(&journal, genesis(member), identity: random.next())
    } catch {
      preconditionFailure("a new disk takes a journal: \(error)")
    }
  }
  private func release(_ member: Member) {
    if let station = member.station {
      station.deinitialize(count: 1)
      station.deallocate()
      member.station = nil
    }
  }

  // MARK: power

  package func powerOn(_ i: Int) {
    let member = members[i]
    guard !member.isUp else { return }
    member.bootedAt = now
    member.generation += 1
    member.starts += 1
    member.wakePlannedAt = .max
    var node = NodeParameters(settings: settings, id: member.id)
    node.seed = random.next()
    node.logEntries = options.logEntries
    node.logBytes = 1 << 18
    node.holes = 64
    node.pendingBytes = 1 << 16
    let salt = random.next()
    do {
      let memory = UnsafeMutablePointer<Station<SimDisk>>.allocate(capacity: 1)
      try epochKey.withUnsafeBytes { key in
        try rosterHash.withUnsafeBytes { hash in
          memory.initialize(
            to: try Station.open(
              StationParameters(node: node, profile: profile), disk: member.disk, genesis: genesis(member),
              journalLimits: JournalLimits(), epochKey: key, rosterHash: hash, randomSalt: salt, now: member.local(now)))
        }
      }
      member.station = memory
      checker.restarted(self, i)
      turn(i)
    } catch {
      member.refusal = "\(error)"
      checker.refused(i, "\(error)", at: now)
    }
  }

  /// The power goes now: un-synced writes are lost, in part.
  package func cutPower(_ i: Int) {
    let member = members[i]
    guard member.isUp else { return }
    traffic.lost(member: i)
    member.disk.cutPower()
    release(member)
    member.generation += 1
    noteRadio(member, on: false)
    trace?("\(now) n\(i) power cut")
  }

  // MARK: the loop

  /// Runs until `time`, in microseconds of the world's own clock.
  package func run(until time: Int64) {
    while let event = queue.next() {
      if event.at > time {
        queue.plan(event.kind, at: event.at)
        break
      }
      now = max(now, event.at)
      handle(event.kind)
      if checker.violation != nil { return }
    }
    now = max(now, time)
  }
  package func run(windows: Int) { run(until: now + Int64(windows) * options.period.raw) }

  private func handle(_ kind: Event.Kind) {
    switch kind {
    case .wake(let i, let generation):
      let member = members[i]
      guard member.generation == generation, member.isUp else { return }
      member.wakePlannedAt = .max
      member.station!.pointee.wake(member.local(now))
      turn(i)
    case .arrive(let i, let number):
      arrive(i, number)
    case .synced(let i, let generation):
      synced(i, generation)
    case .powerOn(let i):
      powerOn(i)
      if let every = options.powerCutEvery {
        queue.plan(.powerCut(member: i), at: now + Int64(random.below(Int(every.raw) * 2)))
      }
    case .powerCut(let i):
      if random.below(3) == 0 { members[i].disk.operationsUntilPowerCut = random.below(6) } else { cutPower(i) }
      queue.plan(.powerOn(member: i), at: now + Int64(random.below(Int(options.darkness.raw) * 2)))
    case .client:
      traffic.step(self)
      if let every = options.commandEvery { queue.plan(.client, at: now + Int64(random.below(Int(every.raw) * 2))) }
    case .check: break
    }
  }

  /// After anything that happened to a member: what it wants done, until it wants nothing more now.
  func turn(_ i: Int) {
    let member = members[i]
    guard let station = member.station else { return }
    var steps = 0
    while steps < 64 {
      steps += 1
      if member.disk.isPowerCut {
        cutPower(i)
        return
      }
      let time = member.local(now)
      if let target = station.pointee.persist(time) {
        member.syncTarget = target
        let latency = Int64(random.below(Int(options.diskLatency.raw) * 2) + 1)
        queue.plan(.synced(member: i, generation: member.generation), at: now + latency)
      }
      let plan = station.pointee.plan
      noteRadio(member, on: plan.radioOn)
      if plan.speaks {
        speak(i, time)
        continue
      }
      if plan.wakeAt <= time {
        station.pointee.wake(time)
        continue
      }
      let at = max(now + 1, member.world(plan.wakeAt) + 1)
      if at < member.wakePlannedAt {
        member.wakePlannedAt = at
        queue.plan(.wake(member: i, generation: member.generation), at: at)
      }
      break
    }
    traffic.collect(self, i)
    checker.look(self, i)
  }

  private func synced(_ i: Int, _ generation: Int) {
    let member = members[i]
    guard member.generation == generation, let station = member.station, let target = member.syncTarget else { return }
    do {
      try member.disk.sync(target)
    } catch {
      if member.disk.isPowerCut {
        cutPower(i)
        return
      }
      station.pointee.syncFailed(error, now: member.local(now))
      turn(i)
      return
    }
    member.syncTarget = nil
    if let next = station.pointee.synced(member.local(now)) {
      member.syncTarget = next
      queue.plan(
        .synced(member: i, generation: member.generation), at: now + Int64(random.below(Int(options.diskLatency.raw) * 2) + 1))
    }
    turn(i)
  }

  // MARK: the air

  private func speak(_ i: Int, _ time: LocalTime) {
    let member = members[i]
    var buffer = [UInt8](repeating: 0, count: settings.mtu)
    let count = buffer.withUnsafeMutableBytes { member.station!.pointee.transmit(into: $0, now: time) }
    guard count > 0 else { return }
    framesOnAir += 1
    bytesOnAir += count
    noteSpoken(i)
    trace?(describe(i))
    let number = nextDatagram
    nextDatagram += 1
    var copies = 0
    for j in 0..<members.count where j != i && cut[i] & (1 << UInt32(j)) == 0 {
      if random.happens(permille: lossPermille) { continue }
      let times = random.happens(permille: options.repeatPermille) ? 3 : 1
      for _ in 0..<times {
        copies += 1
        let delay = profile.airTime(count).raw + Int64(random.below(Int(options.jitter.raw) + 1))
        queue.plan(.arrive(member: j, datagram: number), at: now + delay)
      }
    }
    if copies > 0 { air[number] = (Array(buffer[..<count]), copies, i) }
  }

  /// What a frame says of its sender's own disk. Called after it was composed.
  private func noteSpoken(_ i: Int) {
    node(i) { n in
      // The prelude speaks of the promise and the accepted ballot as soon as they are in memory only through a promise
      // section or an own vote; those are held back until they are durable.
      if n.durability.ballot == n.acceptor.accepted, n.votes.ballot == n.acceptor.accepted, n.votes[n.id] > .zero {
        spokenVotes[i] = (n.votes.ballot, n.votes[n.id])
      }
      if n.spokePromise > .zero { spoken[i] = (n.spokePromise, n.durability.ballot) }
    }
  }

  /// On how many disks an entry of `ballot` lies, by the votes that are durable.
  func holders(of index: LogIndex, in ballot: Ballot, likeMember i: Int) -> Int {
    // Members without power keep their votes on disk: what they last spoke of counts.
    var count = 0
    for j in 0..<members.count {
      let durable = node(j) { n in n.durability.ballot >= ballot && (n.durability.last >= index || n.acceptor.commit >= index) } ?? false
      let spoken = spokenVotes[j].map { $0.ballot >= ballot && $0.last >= index } ?? false
      let compacted = node(j) { n in n.acceptor.commit >= index && n.snapshots.index >= index } ?? false
      if durable || spoken || compacted { count += 1 }
    }
    return count
  }

  private func arrive(_ i: Int, _ number: Int) {
    guard let frame = air[number] else { return }
    if frame.copies == 1 { air[number] = nil } else { air[number]!.copies -= 1 }
    let member = members[i]
    guard let station = member.station else { return }
    guard station.pointee.plan.radioOn else {
      station.pointee.discardedWhileOff(1)
      return
    }
    frame.bytes.withUnsafeBytes { station.pointee.receive($0, now: member.local(now)) }
    turn(i)
  }

  private func noteRadio(_ member: Member, on: Bool) {
    if on, member.radioOnSince == nil { member.radioOnSince = now }
    if !on, let since = member.radioOnSince {
      member.radioOnTotal += now - since
      member.radioOnSince = nil
    }
  }

  // MARK: what a test may ask

  /// Asks about a member's node; nil while it has no power.
  package func node<T>(_ i: Int, _ body: (borrowing Node) -> T) -> T? {
    guard let station = members[i].station else { return nil }
    return body(station.pointee.node)
  }
  package func isUp(_ i: Int) -> Bool { members[i].isUp }
  package func refusal(of i: Int) -> String? { members[i].refusal }
  package func radioOnTotal(_ i: Int) -> Int64 { members[i].radioOnTotal }
  package func disk(of i: Int) -> SimDisk { members[i].disk }
  /// The members that lead, in their own view.
  package var leaders: [Int] { (0..<members.count).filter { node($0) { $0.isLeader } == true } }

  private func describe(_ i: Int) -> String {
    node(i) { n in
      "\(now) n\(i) \(n.role.name) w\(n.timeline.window).\(n.timeline.cycle) promised \(n.acceptor.promised.round).\(n.acceptor.promised.node.raw) "
        + "accepted \(n.acceptor.accepted.round).\(n.acceptor.accepted.node.raw) last \(n.acceptor.last.raw) commit \(n.acceptor.commit.raw)"
    } ?? ""
  }
}
