// A cluster in memory: real stations on simulated radios, clocks and disks, one event queue, one seed. The
// loop of a
// member is the agent's: ask the plan, do it, say what came of it.
import NodCore
import NodJournal
import NodSecurity
import NodStation

/// Reproducible: everything that happens follows from the options, their seed included.
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
  var air: [Int: Transmission] = [:]
  var channel = Channel()
  var links: Links
  var ledger: AirtimeLedger
  /// The exchange in words, if somebody wants to read it.
  package var exchange: Trace?
  /// Loses what a scenario wants lost: asked for each receiver (from, to).
  package var drops: ((Int, Int, Frame) -> Bool)?
  /// Is shown every frame as it goes out, sealed.
  package var overheard: ((Int, [UInt8]) -> Void)?
  /// A member whose power goes has it again so much later; nil for never, unless somebody gives it.
  package var returnsAfterCut: Microseconds?
  /// How far clocks have been set ahead, all together.
  var jumpedAhead: Int64 = 0
  /// Changes of links that are to come.
  var plannedLinks: [LinkChange] = []
  var nextDatagram = 0
  var nextQuestion: UInt64 = 0
  package private(set) var eventsHandled = 0
  package internal(set) var framesOnAir = 0
  package internal(set) var bytesOnAir = 0
  /// Frames by sender.
  package internal(set) var framesBy: [Int]
  package internal(set) var bytesBy: [Int]
  /// Called after anything that happened to a member.
  var afterTurn: ((Int) -> Void)?
  /// Is told of everything that happens.
  package var events: ((WorldEvent) -> Void)?
  /// Links cut now; a test may change them between runs.
  package var cut: [UInt32]
  package var lossPermille: Int
  package var trace: ((String) -> Void)?
  /// What each member has last said of itself: must survive every power cut.
  var spoken = PerMember<(promised: Ballot, accepted: Ballot)>()
  var spokenVotes = PerMember<(ballot: Ballot, last: LogIndex)>()
  /// Faults happen; otherwise only loss and delay do.
  package internal(set) var isFaulty = true
  /// Every frame that was ever sealed, as who, under which salt, with which counter.
  var nonces: Set<UsedNonce> = []
  /// A hash of every frame that went out and when: two runs of one seed have the same.
  package internal(set) var fingerprint: UInt64 = 0xcbf2_9ce4_8422_2325
  var epochKey: [UInt8] = []
  var rosterHash: [UInt8] = []
  package let profile: RadioProfile
  /// Members whose disk was replaced by an empty one.
  var lostDisks: Set<Int> = []
  private(set) var eavesdropper: Eavesdropper?

  package init(_ options: WorldOptions) {
    self.options = options
    random = Random(seed: options.seed)
    cut = options.cut
    lossPermille = options.lossPermille
    framesBy = [Int](repeating: 0, count: options.memberCount)
    bytesBy = [Int](repeating: 0, count: options.memberCount)
    profile = options.radio ?? .loopback
    settings = options.clusterSettings
    links = Links(seed: options.seed)
    ledger = AirtimeLedger(profile, memberCount: options.memberCount)
    settings.rule = options.rule
    settings.snapshotEvery = options.snapshotEvery
    settings.cycleLimit = options.cycleLimit
    settings.fullEvery = options.fullEvery
    if let bytes = options.storeBytes { settings.registry.storeBytes = bytes }
    epochKey = (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    rosterHash = (0..<16).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    settings.registry.tokenWindow = options.tokenWindow
    checker.ledger = Ledger(memberCount: options.memberCount)
    traffic.clients = RecordedClients(seed: options.seed)
    eavesdropper = Eavesdropper(self)
    for i in 0..<options.memberCount {
      let member = Member(NodeID(UInt8(i)), seed: random.next())
      member.clock.ratePPB = Int64(random.below(options.driftPPM * 2000 + 1) - options.driftPPM * 1000)
      member.disk.sectorsTear = options.tears
      member.meter = EnergyMeter(profile, host: options.host, at: LocalTime(microseconds: 0))
      provision(member)
      members.append(member)
      queue.plan(.powerOn(member: i), at: Int64(random.below(Int(options.period.raw))))
    }
    if let topology = options.links { apply(topology) }
    if let every = options.suspendEvery {
      for i in 0..<options.memberCount { queue.plan(.suspend(member: i), at: mean(every)) }
    }
    if options.commandEvery != nil { queue.plan(.client, at: options.period.raw * 4) }
    if options.readEvery != nil { queue.plan(.reader, at: options.period.raw * 5) }
    if let every = options.partitionEvery { queue.plan(.partition, at: mean(every)) }
    if let every = options.diskTroubleEvery {
      for i in 0..<options.memberCount { queue.plan(.diskTrouble(member: i), at: mean(every)) }
    }
  }

  deinit { for member in members { release(member) } }

  func genesis(_ member: Member) -> Genesis {
    Genesis(clusterLow: 7, clusterHigh: 9, node: member.id, membershipVersion: 1, mayVote: true)
  }
  private func provision(_ member: Member) {
    var journal = Journal(
      disk: member.disk, owner: JournalOwner(clusterLow: 7, clusterHigh: 9, node: member.id),
      limits: JournalLimits())
    do {
      guard case .empty = try journal.recover({ _, _ in false }) else {
        preconditionFailure("a new disk is empty")
      }
      try Station.create(&journal, genesis(member), identity: random.next())
    } catch {
      preconditionFailure("a new disk takes a journal: \(error)")
    }
  }
  func release(_ member: Member) {
    if let station = member.station {
      station.deinitialize(count: 1)
      station.deallocate()
      member.station = nil
    }
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
      eventsHandled += 1
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
      guard member.generation == generation, member.isUp, member.suspendedUntil == nil else { return }
      // Only the wake that was planned last counts: what an earlier plan left in the queue would plan on beside it.
      guard member.wakePlannedAt == now else { return }
      member.wakePlannedAt = .max
      member.station!.pointee.wake(member.local(now))
      turn(i)
    case .arrive(let i, let number):
      arrive(i, number)
    case .synced(let i, let generation):
      synced(i, generation)
    case .powerOn(let i):
      powerOn(i)
      if !members[i].isUp {
        queue.plan(.powerOn(member: i), at: now + 1 + mean(options.darkness))
      } else if let every = options.powerCutEvery {
        queue.plan(.powerCut(member: i), at: now + mean(every))
      }
    case .powerCut(let i):
      guard isFaulty else { return }
      if random.below(3) == 0 {
        members[i].disk.operationsUntilPowerCut = random.below(6)
      } else {
        cutPower(i)
      }
      queue.plan(.powerOn(member: i), at: now + mean(options.darkness))
    case .client:
      if isFaulty { traffic.step(self) }
      if let every = options.commandEvery { queue.plan(.client, at: now + 1 + mean(every)) }
    case .reader:
      if isFaulty { traffic.read(self) }
      if let every = options.readEvery { queue.plan(.reader, at: now + 1 + mean(every)) }
    case .partition:
      changeLinks()
      if let every = options.partitionEvery, isFaulty { queue.plan(.partition, at: now + 1 + mean(every)) }
    case .diskTrouble(let i):
      if isFaulty { troubleDisk(i) }
    case .diskHeals(let i):
      healDisk(i)
      if let every = options.diskTroubleEvery, isFaulty {
        queue.plan(.diskTrouble(member: i), at: now + 1 + mean(every))
      }
    case .suspend(let i):
      if isFaulty { suspend(i, for: Microseconds(1 + mean(options.darkness))) }
      if let every = options.suspendEvery, isFaulty {
        queue.plan(.suspend(member: i), at: now + 1 + mean(every))
      }
    case .cut(let i): cutPower(i)
    case .battery(let i): lookAtBattery(i)
    case .links(let number): if isFaulty { changeLink(plannedLinks[number]) }
    case .resume(let i, let generation): resume(i, generation)
    }
  }

  /// After anything that happened to a member: what it wants done, until it wants nothing more now.
  func turn(_ i: Int) {
    let member = members[i]
    guard let station = member.station, member.suspendedUntil == nil else { return }
    var steps = 0
    while steps < 64 {
      steps += 1
      // Before the log is cut behind a snapshot: what was decided in between would never be seen.
      checker.look(self, i)
      let time = member.local(now)
      persist(i, time)
      if member.disk.isPowerCut {
        cutPower(i)
        return
      }
      noteRadio(member, on: station.pointee.node.timeline.radioOn)
      if station.pointee.node.timeline.speech != nil {
        speak(i, time)
        continue
      }
      let wakeAt = station.pointee.node.timeline.wakeAt
      if wakeAt <= time {
        station.pointee.wake(time)
        continue
      }
      // As the agent's alarm: a disk that failed is tried again when its time has come.
      let wanted = min(wakeAt, station.pointee.retryDiskAt)
      let at = max(now + 1, member.world(wanted) + 1 + wakeDelay())
      if at < member.wakePlannedAt {
        member.wakePlannedAt = at
        queue.plan(.wake(member: i, generation: member.generation), at: at)
      }
      break
    }
    traffic.collect(self, i)
    checker.look(self, i)
    exchange?.look(self, i)
    tellChanges(i)
    afterTurn?(i)
  }

  /// Asks the station for what is to be written, unless nothing can have changed since it last had nothing.
  private func persist(_ i: Int, _ time: LocalTime) {
    let member = members[i]
    let station = member.station!
    guard
      station.pointee.node.effects.records.written != member.settledRecords || station.pointee.node.isUnfit
        || station.pointee.node.snapshots.isBusy || station.pointee.node.wantsRotation
    else { return }
    if let target = station.pointee.persist(time) {
      member.syncTarget = target
      queue.plan(.synced(member: i, generation: member.generation), at: now + syncLatency())
    } else if member.syncTarget == nil {
      member.settledRecords = station.pointee.node.effects.records.written
    }
  }

  /// A random span of this mean.
  func mean(_ span: Microseconds) -> Int64 { Int64(random.below(Int(span.raw) * 2)) }

  private func synced(_ i: Int, _ generation: Int) {
    let member = members[i]
    guard member.generation == generation, let station = member.station, let target = member.syncTarget else {
      return
    }
    if let until = member.suspendedUntil {  // the sync thread stands still as well
      queue.plan(.synced(member: i, generation: generation), at: until + 1)
      return
    }
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
    tell(i, .synced)
    if let next = station.pointee.synced(member.local(now)) {
      member.syncTarget = next
      queue.plan(.synced(member: i, generation: member.generation), at: now + syncLatency())
    }
    turn(i)
  }

  // MARK: what a test may ask

  /// Asks about a member's node; nil while it has no power. Nothing of it may be changed: `inout` only because a node
  /// borrowed through a pointer is copied bit by bit each time.
  package func node<T>(_ i: Int, _ body: (inout Node) -> T) -> T? {
    guard let station = members[i].station else { return nil }
    return body(&station.pointee.node)
  }
  package func isUp(_ i: Int) -> Bool { members[i].isUp }
  package func refusal(of i: Int) -> String? { members[i].refusal }
  /// How long the radio was on until now, in microseconds.
  package func radioOnTotal(_ i: Int) -> Int64 {
    members[i].radioOnTotal + (members[i].radioOnSince.map { now - $0 } ?? 0)
  }
  package func disk(of i: Int) -> SimDisk { members[i].disk }
  /// The members that lead, in their own view.
  package var leaders: [Int] { (0..<members.count).filter { node($0) { $0.isLeader } == true } }

  func describe(_ i: Int) -> String {
    node(i) { n in
      let a = n.acceptor.accepted
      let p = n.acceptor.promised
      return "\(now) n\(i) \(n.role.name) w\(n.timeline.window).\(n.timeline.cycle) "
        + "promised \(p.round).\(p.node.raw) accepted \(a.round).\(a.node.raw) "
        + "last \(n.acceptor.last.raw) commit \(n.acceptor.commit.raw)"
    } ?? ""
  }
}
