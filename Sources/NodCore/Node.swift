// One member: its state, and what can happen to it. Sans-IO and total: no clock, no socket, no file, no
// random source of
// its own; time and bytes come in as arguments, effects go out as values. The path of what happens:
//   heard (Node+Heard) | wake (Node+Window) | submit (Node+Client) | synced -> settle -> effects; compose
//   (Node+Slot).

/// What a node is made from; taken once.
package struct NodeParameters {
  package var settings: ClusterSettings
  package var id: NodeID
  package var incarnation: UInt32 = 1
  package var salt: UInt64 = 1
  package var seed: UInt64 = 1
  package var mayVote = true
  package var clockAccuracyPPM = 50
  package var hostLatency = Microseconds(1000)
  package var slack = Microseconds(500)
  /// 0 to `Limits.highestPriority`: each step below it waits a window more before it stands for leader.
  package var priority = Limits.highestPriority
  /// Entries and bytes of the retained log; entries a power of two.
  package var logEntries = 8192
  package var logBytes = 2 << 20
  package var holes = 256
  package var pendingBytes = 1 << 20
  /// Room for changes of keys that nobody has taken yet; 0: they are not recorded.
  package var changeBytes = 0
  package var condition = Condition()

  package init(settings: ClusterSettings, id: NodeID) {
    self.settings = settings
    self.id = id
  }
}

/// Counters of what a node did since it started.
package struct NodeCounters: Sendable {
  package var framesSent: UInt64 = 0
  package var bytesSent: UInt64 = 0
  package var framesHeard: UInt64 = 0
  package var windows: UInt64 = 0
  package var beaconsMissed: UInt64 = 0
  package var electionsStarted: UInt64 = 0
  package var timesLeader: UInt64 = 0
  package var unknownSections: UInt64 = 0
  package var malformedFrames: UInt64 = 0
  package var staleFrames: UInt64 = 0
  package var commandsApplied: UInt64 = 0
  package var duplicatesSkipped: UInt64 = 0
  package var entriesResent: UInt64 = 0
  package var chunksSent: UInt64 = 0
  package var snapshotsTaken: UInt64 = 0
  package var snapshotsInstalled: UInt64 = 0
  package var digestsCompared: UInt64 = 0
  /// Frames sent with a section of each kind.
  package var framesWith = InlineArray<32, UInt64>(repeating: 0)
  package init() {}
}

public struct Node: ~Copyable {
  package let settings: ClusterSettings
  package let id: NodeID
  package internal(set) var incarnation: UInt32
  package internal(set) var salt: UInt64
  /// The records that must be durable before `incarnation` is told.
  var numberedAt: UInt64 = 0
  package internal(set) var mayVote: Bool
  package var effects = Effects()
  package internal(set) var counters = NodeCounters()

  package internal(set) var acceptor: Acceptor
  package internal(set) var durability = Durability()
  package internal(set) var role = Role.follower(FollowerState())
  /// The leader that is known: the highest ballot that anybody was heard to lead in, and the newest window
  /// it spoke in.
  package internal(set) var leaderBallot = Ballot.zero
  package internal(set) var leaderWindow: UInt32 = 0
  package internal(set) var leaderIsKnown = false
  package internal(set) var leaderResigns = false
  /// Round of the highest ballot heard of, from anybody; only for choosing an own one.
  var highestRound: UInt32 = 0
  var canvass = Canvass()
  /// The candidate that was promised, and the records that must be durable before it is told.
  var promiseOwed: (ballot: Ballot, mark: UInt64)?

  /// What the last frame said.
  package internal(set) var spokenKinds = SectionKinds()

  /// The highest ballot that a promise was told of; the checks of the simulator hold it against the disk.
  package internal(set) var spokePromise = Ballot.zero

  package internal(set) var votes: VoteVector
  var heardVotes: VoteVector
  var cycleVotes: VoteVector
  package let peers: Peers
  package internal(set) var links: LinkTable
  /// What this node says of itself in full windows; the world fills it in.
  package var condition = Condition()
  package var via: ViaDesk
  /// Members that do not hear the leader, or are not heard by it, and hear or are heard by this node (Node+Relay).
  var deafDependents = NodeSet()
  var muteDependents = NodeSet()
  var relayStore: RelayStore

  package internal(set) var clock: ClusterClock
  package internal(set) var timeline = Timeline()
  package internal(set) var founder: NodeID
  var gridHops: UInt8 = 0
  var windowsAlone: UInt32 = 0
  /// Windows without a leader before this node stands itself; it supports others at once.
  let reluctance: UInt32
  /// After a pause of its own a node counts silence from here, not from when it last heard of its leader.
  var graceWindow: UInt32 = 0
  /// A leader that lost its quorum leaves it to others to stand for so long.
  var restsUntil: UInt32 = 0
  /// The last window in which nothing waited here to be brought to a leader.
  var broughtWindow: UInt32 = 0
  /// The last window before whose beacon this node asked for what it lacks.
  var pulledWindow: UInt32 = 0
  var windowsSinceTraffic: UInt32 = 1000
  var randomState: UInt64
  /// Set while the disk refuses: the node neither votes nor leads.
  package internal(set) var isUnfit = false
  /// An entry that this version cannot read: nothing more is applied or accepted.
  package internal(set) var isStopped = false

  package var registry: Registry
  package internal(set) var applied = LogIndex.zero
  /// The ballot of the newest `begin` at or below `applied`: what a snapshot taken here is of.
  var appliedBegin = Ballot.zero
  var awaitsReaders = false
  var join: JoinBuffer
  package internal(set) var pending: PendingCommands
  var forwarded: PendingCommands
  var inFlight: InFlight
  var nextSequence: UInt32 = 1
  var forwardCursor = (number: 0, offset: 0)
  var intake: Intake
  /// The journal has grown: a snapshot is wanted at the next named position.
  package var wantsSnapshot = false
  /// The log needs room that only a new journal segment gives.
  package var wantsRotation = false
  var keepsTail = true
  package internal(set) var stamp = ClusterTime.zero
  var stampAt = LocalTime.zero
  var reads: Reads
  package internal(set) var snapshots: Snapshots
  var sendPlan = SendPlan()
  var digests = DigestHistory()
  var targetEnd = (ballot: Ballot.zero, index: LogIndex.zero)
  /// The window in which the log was last whole up to `targetEnd`.
  var wholeWindow: UInt32 = 0

  package init(_ p: NodeParameters) {
    settings = p.settings
    id = p.id
    incarnation = p.incarnation
    salt = p.salt
    mayVote = p.mayVote
    founder = p.id
    randomState = p.seed | 1
    let payload = p.settings.entryPayloadLimit
    acceptor = Acceptor(logEntries: p.logEntries, logBytes: p.logBytes, holes: p.holes, payloadLimit: payload)
    votes = VoteVector(memberCount: p.settings.memberCount)
    heardVotes = VoteVector(memberCount: p.settings.memberCount)
    cycleVotes = VoteVector(memberCount: p.settings.memberCount)
    peers = Peers(count: p.settings.memberCount)
    links = LinkTable(memberCount: p.settings.memberCount)
    condition = p.condition
    via = ViaDesk(mtu: p.settings.mtu, salt: p.salt)
    relayStore = RelayStore(sectionBytes: p.settings.mtu)
    reluctance = UInt32(max(0, Limits.highestPriority - p.priority))
    clock = ClusterClock(
      period: p.settings.period, ownAccuracyPPM: p.clockAccuracyPPM, hostLatency: p.hostLatency,
      slack: p.slack)
    registry = Registry(limits: p.settings.registry, changeBytes: p.changeBytes)
    join = JoinBuffer(byteCount: p.settings.registry.largestCommand)
    pending = PendingCommands(capacity: Limits.pendingCommands, byteCount: p.pendingBytes)
    forwarded = PendingCommands(capacity: Limits.forwardedCommands, byteCount: p.pendingBytes)
    inFlight = InFlight(capacity: p.logEntries)
    intake = Intake(
      memberCount: p.settings.memberCount, commandBytes: p.settings.registry.largestCommand,
      pieceBytes: payload)
    reads = Reads(salt: p.salt)
    snapshots = Snapshots(
      byteCount: Registry.maxSnapshotBytes(p.settings.registry)
        + JoinBuffer.sizeBound(command: p.settings.registry.largestCommand), mtu: p.settings.mtu)
  }

  package var isLeader: Bool { if case .leader = role { true } else { false } }
  package var isCandidate: Bool { if case .candidate = role { true } else { false } }
  package var quorum: Int { settings.quorum }
  /// The leader that this node follows; nil while there is none that works.
  @inline(never)
  package var leader: NodeID? {
    if isLeader { return id }
    return leaderIsKnown && !suspectsLeader ? leaderBallot.node : nil
  }

  /// A number of a fixed sequence: reproducible from the seed (xorshift64*).
  mutating func random(below bound: Int) -> Int {
    randomState ^= randomState >> 12
    randomState ^= randomState << 25
    randomState ^= randomState >> 27
    return Int((randomState &* 2_685_821_657_736_338_717) >> 33) % max(1, bound)
  }

  /// The world says that `count` of this node's records are on disk: now they may be spoken of.
  package mutating func synced(_ count: UInt64, now: LocalTime) {
    durability.synced(count)
    raiseOwnVote()
    settle(now)
  }

  /// After anything that may have moved log, votes or claims: align, decide, apply.
  mutating func settle(_ now: LocalTime) {
    // Entries overtook the snapshot that was being fetched: no chunk of it is taken any more.
    if snapshots.isFetching && acceptor.commit >= snapshots.fetchIndex { snapshots.forgetFetch() }
    alignIfComplete(now)
    adoptIfRecovered(now)
    _ = acceptor.relearn()
    _ = acceptor.learn(votes.decided(quorum: quorum), in: votes.ballot)
    applyDecided(now)
    settleReads()
    noteWhole()
    durability.note(effects.records.written, acceptor.accepted, acceptor.last)
  }

  /// Its own vote is what is on disk in the accepted ballot, no more.
  mutating func raiseOwnVote() {
    guard mayVote, durability.ballot == acceptor.accepted, acceptor.accepted > .zero else { return }
    if votes.ballot < acceptor.accepted { votes.restart(in: acceptor.accepted) }
    if votes.ballot == acceptor.accepted { votes.raise(id, to: durability.last) }
  }

  /// A follower whose staged log reached its leader's `begin` takes it over, in one record.
  mutating func alignIfComplete(_ now: LocalTime) {
    guard acceptor.stageIsComplete, acceptor.stageBallot == acceptor.promised, !isCandidate else { return }
    if acceptor.align(to: acceptor.stageBallot, &effects.records) {
      if votes.ballot < acceptor.accepted { votes.restart(in: acceptor.accepted) }
      rebuildInFlight()
    }
  }

  /// After the log was replaced: what stands in it now.
  mutating func rebuildInFlight() {
    inFlight.removeAll()
    var i = max(applied + 1, acceptor.log.first)
    while i <= acceptor.last {
      let head = acceptor.log.head(i)
      if head.kind == .command { inFlight.insert(head.token.id, at: i) }
      i = i + 1
    }
  }
}

/// What of the accepted log is on disk.
///
/// Invariant: `last` of `ballot` was true of this node's log when the first `n` of its records were
/// written, and those are
/// durable.
public struct Durability: ~Copyable {
  private struct Mark {
    var records: UInt64
    var ballot: Ballot
    var last: LogIndex
  }
  private static let capacity = 64
  private let marks: UnsafeMutablePointer<Mark>
  private var head = 0
  private var count = 0
  package private(set) var records: UInt64 = 0
  package private(set) var ballot = Ballot.zero
  package private(set) var last = LogIndex.zero

  package init() {
    marks = .allocate(capacity: Durability.capacity)
    marks.initialize(
      repeating: Mark(records: 0, ballot: .zero, last: .zero), count: Durability.capacity)
  }
  deinit { marks.deallocate() }

  /// Notes what the log is once `written` records are durable.
  mutating func note(_ written: UInt64, _ ballot: Ballot, _ last: LogIndex) {
    if count > 0 {
      let newest = (head + count - 1) % Durability.capacity
      if marks[newest].records == written { return }
      if count == Durability.capacity {  // the newest waits a little longer: true, only later
        marks[newest] = Mark(records: written, ballot: ballot, last: last)
        return
      }
    } else if written == records {
      return
    }
    marks[(head + count) % Durability.capacity] = Mark(records: written, ballot: ballot, last: last)
    count += 1
  }

  mutating func synced(_ written: UInt64) {
    precondition(written >= records, "S06: durable records never become fewer")
    records = written
    while count > 0 && marks[head].records <= written {
      ballot = marks[head].ballot
      last = marks[head].last
      head = (head + 1) % Durability.capacity
      count -= 1
    }
  }

  /// After recovery: all that was read is durable.
  package mutating func restored(_ ballot: Ballot, _ last: LogIndex) {
    self.ballot = ballot
    self.last = last
  }
}
