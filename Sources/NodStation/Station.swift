// READ THIS FIRST. The whole path of a frame without a system call:
//   datagram -> open, replay check -> decode -> Node.heard      (Station+Receive)
//   effects -> records -> journal -> synced -> may be said      (Station+Persist)
//   our slot -> compose -> seal -> datagram                     (Station+Transmit)
// That order is a safety property, so the agent and the simulator run this very code round two worlds.
import NodCore
import NodJournal
import NodSecurity

/// What a station is made from.
package struct StationParameters {
  package var node: NodeParameters
  package var epoch: UInt32 = 1
  package var profile: RadioProfile
  /// What is to stay free on the journal's file system; 0: nobody looks.
  package var minimumFreeBytes: UInt64 = 0
  /// Events that are kept for whoever asks what happened, a power of two; 0: none.
  package var eventCapacity = 0
  package init(node: NodeParameters, profile: RadioProfile) {
    self.node = node
    self.profile = profile
  }
}

/// Invariant: a frame is composed only from what is durable; a record is on disk before anything is said of
/// it.
package struct Station<D: Disk & ~Copyable>: ~Copyable {
  package var node: Node
  package var journal: Journal<D>
  package var keys: KeyRing
  package internal(set) var rejections = Rejections()
  package internal(set) var airtime: AirtimeBudget
  package let profile: RadioProfile
  /// Frames and bytes on the air, as sealed.
  package internal(set) var datagramsSent: UInt64 = 0
  package internal(set) var bytesSent: UInt64 = 0
  package internal(set) var datagramsHeard: UInt64 = 0
  package internal(set) var framesDeferred: UInt64 = 0
  package internal(set) var recovered: RecoveryReport?
  package internal(set) var witness: Witness
  /// What tells rosters and keys apart without giving anything away: for people who compare two nodes.
  package let fingerprints: Fingerprints

  private let plainMemory: OwnedBytes
  private let scratchMemory: OwnedBytes
  /// The body of a frame, and of a record: used within one call each.
  var plain: UnsafeMutableRawBufferPointer { plainMemory.all }
  var scratch: UnsafeMutableRawBufferPointer { scratchMemory.all }
  let genesis: Genesis
  var isDisqualified = false
  /// The journal's position when this start's first record is 0.
  var journalBase: UInt64 = 0
  /// The checkpoint that is being written holds the newest snapshot.
  var checkpointHoldsSnapshot = false
  var decidedWritten = LogIndex.zero
  var saltBudgetWindow: UInt32 = 0
  /// A sync is under way in the world.
  package internal(set) var awaitsSync = false
  /// A disk that did not do what it was asked, or has too little room: since when, and when it is tried again.
  var trouble = DiskTrouble()
  /// What the disk said when it last refused; a rotation that fails leaves the journal itself without failure.
  package internal(set) var lastDiskFailure: JournalError<D.Failure>?
  var space: FreeSpace
  var notes: AirtimeNotes

  /// Opens the journal, makes the node out of it, writes this start's incarnation. Blocks for the disk;
  /// nothing has been
  /// said yet.
  ///
  /// - Parameters:
  ///   - genesis: who the journal must belong to; a directory without one gets one that may not vote.
  ///   - epochKey, rosterHash: 32 and 16 bytes, borrowed.
  ///   - randomSalt: drawn for this start; it is what makes every (key, nonce) pair new.
  package static func open(
    _ parameters: StationParameters, disk: consuming D, genesis: Genesis, journalLimits: JournalLimits,
    epochKey: Bytes, rosterHash: Bytes, randomSalt: UInt64, now: LocalTime
  ) throws(StationError<D.Failure>) -> Station<D> {
    var journal = Journal(
      disk: disk,
      owner: JournalOwner(
        clusterLow: genesis.clusterLow, clusterHigh: genesis.clusterHigh, node: genesis.node),
      limits: journalLimits)
    var restoring = Restoring(parameters.node, genesis)
    var report: RecoveryReport?
    do throws(JournalError<D.Failure>) {
      switch try journal.recover({ kind, payload in restoring.take(kind, payload) }) {
      case .found(let found): report = found
      case .empty:
        var learner = genesis
        learner.mayVote = false
        try Station.create(&journal, learner, identity: randomSalt)
        restoring.mayVote = false
        restoring.numberAnew(randomSalt)
      }
    } catch {
      if let failure = restoring.failure { throw .record(failure) }
      if let text = restoring.genesisTrouble { throw .wrongGenesis(text) }
      throw .journal(error)
    }
    let past = restoring.past
    let start = StartOfNode(
      incarnation: past.incarnation + 1, salt: randomSalt, mayVote: past.mayVote && !past.isDisqualified)
    let node: Node
    do throws(RecordError) { node = try restoring.finish(start) } catch { throw .record(error) }
    let keys = KeyRing(
      own: parameters.node.id, members: parameters.node.settings.members, epoch: parameters.epoch,
      epochKey: epochKey,
      rosterHash: rosterHash, randomSalt: randomSalt)
    var station = Station(
      parameters, node: node, journal: journal, keys: keys, past: past, genesis: genesis,
      fingerprints: Fingerprints(epochKey: epochKey, rosterHash: rosterHash), now: now)
    station.recovered = report
    do throws(JournalError<D.Failure>) { try station.begin(now) } catch { throw .journal(error) }
    return station
  }

  private init(
    _ parameters: StationParameters, node: consuming Node, journal: consuming Journal<D>,
    keys: consuming KeyRing,
    past: Past, genesis: Genesis, fingerprints: Fingerprints, now: LocalTime
  ) {
    plainMemory = OwnedBytes(count: parameters.node.settings.mtu + 64)
    scratchMemory = OwnedBytes(count: JournalLimits.recordBytes)
    self.node = node
    self.journal = journal
    self.keys = keys
    self.genesis = genesis
    self.fingerprints = fingerprints
    witness = Witness(
      eventCapacity: parameters.eventCapacity, memberCount: parameters.node.settings.memberCount)
    profile = parameters.profile
    space = FreeSpace(minimum: parameters.minimumFreeBytes)
    isDisqualified = past.isDisqualified
    notes = AirtimeNotes(profile, mtu: parameters.node.settings.mtu)
    airtime = AirtimeBudget(limit: profile.hourlyAirtime, isNoted: notes.isNeeded, at: now)
    airtime.reserve = reserveOfAirtime(profile, parameters.node.settings)
    restoreAirtime(past, now)
    for slot in 0..<past.salts.count where past.salts[slot].value != 0 {
      self.keys.expect(
        NodeID(UInt8(slot)), salt: past.salts[slot].value, incarnation: past.salts[slot].incarnation)
    }
  }

  /// This start is on disk before its first word.
  private mutating func begin(_ now: LocalTime) throws(JournalError<D.Failure>) {
    prepareCheckpoint()
    journalBase = journal.appended.raw
    let incarnation = node.incarnation
    node.effects.records.append(.start) { out in out.varint(UInt64(incarnation)) }
    appendRecords()
    if notes.isNeeded { noteAirtime(now) }
    try journal.flush()
    note(.power, isOn: true, now)
    witness.commit = node.acceptor.commit
    witness.last = node.acceptor.last
    witness.accepted = node.acceptor.accepted
    node.start(now)
    noteDurable(now)
  }

  /// Makes the journal of a new member: its genesis, nothing else.
  package static func create(_ journal: inout Journal<D>, _ genesis: Genesis, identity: UInt64)
    throws(JournalError<D.Failure>)
  {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    defer { bytes.deallocate() }
    var out = ByteWriter(bytes)
    genesis.write(to: &out)
    let payload = out.written
    try journal.create(identity: identity) { (journal: inout Journal<D>) throws(JournalError<D.Failure>) in
      try journal.checkpoint(RecordKind.genesis.rawValue, payload)
    }
  }

  // MARK: what the world does next

  package var plan: Plan {
    Plan(
      wakeAt: node.timeline.wakeAt, radioOn: node.timeline.radioOn, speaks: node.timeline.speech != nil)
  }

  package mutating func wake(_ now: LocalTime) {
    node.wake(now)
    look(now)
    appendRecords()
    noteAirtimeIfNeeded(now)
  }

  package mutating func submit(_ command: Bytes, token: CommandToken?, ticket: Ticket, now: LocalTime)
    -> Submission
  {
    let verdict = node.submit(command, token: token, ticket: ticket, now: now)
    if verdict == .accepted {
      witness.asks(ticket, at: now)
      note(.submitted, ticket.raw, now)
    }
    appendRecords()
    return verdict
  }

  /// Puts a question to another member, over the radio.
  package mutating func ask(
    _ target: NodeID, _ question: ViaQuestion, _ argument: UInt64, ticket: Ticket, now: LocalTime
  ) -> ViaRefusal? {
    let refusal = node.ask(target, question, argument, ticket: ticket, now: now)
    appendRecords()
    return refusal
  }

  package mutating func requestRead(_ ticket: Ticket, now: LocalTime) -> Bool {
    let taken = node.requestRead(ticket, now: now)
    appendRecords()
    return taken
  }

  /// The reads behind the last outcomes are answered: what is decided behind those may be applied.
  ///
  /// - Returns: whether anything had waited for that.
  package mutating func readersAnswered(_ now: LocalTime) -> Bool {
    guard node.readersAnswered(now) else { return false }
    appendRecords()
    return true
  }

  package mutating func slept(since: LocalTime, now: LocalTime) {
    node.slept(since: since, now: now)
    look(now)
    appendRecords()
  }
}

/// Air time kept for what must not wait: the beacons that tell of a hand-over, one election, one vote
/// (review B7).
func reserveOfAirtime(_ profile: RadioProfile, _ settings: ClusterSettings) -> Microseconds {
  min(profile.airTime(min(64, settings.mtu)) * 8, Microseconds(profile.hourlyAirtime.raw / 4))
}

/// What this start of a node is.
struct StartOfNode {
  var incarnation: UInt32
  var salt: UInt64
  var mayVote: Bool
}
