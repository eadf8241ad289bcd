// Replication and retransmission: frames lost, repeated, late, of one kind; commands that are larger than a frame, or
// come twice.
import NodCore
import NodSim
import Testing

/// Scenario 15: every frame three times, and out of order within the window: the same state, no effect twice.
@Test(arguments: [1, 2] as [UInt64])
func framesRepeatedAndReorderedHaveTheirEffectOnce(seed: UInt64) throws {
  let world = cluster(3, seed: seed) {
    $0.repeatPermille = 1000
    $0.repeatDelay = .milliseconds(200)
    $0.jitter = .milliseconds(1)
  }
  _ = try #require(world.elect())
  for _ in 0..<10 {
    _ = world.submit(at: world.everybody)
    world.run(windows: 2)
  }
  world.expectWorking(within: 10)
}

/// Scenario 16: every frame that says something of one kind is lost for 20 windows, for each kind in turn.
@Test(arguments: [
  "beacon", "accept", "votes", "forward", "prepare", "promise", "canvass", "support", "alive", "pull", "read",
  "greets",
])
func framesOfOneKindMayAllBeLost(kind: String) throws {
  let world = cluster(3) { $0.fullEvery = 4 }
  let leader = try #require(world.elect())
  world.drops = { _, _, frame in frame.isSaid(kind) }
  _ = world.submit(at: world.everybody)
  // Half of the time there is an election to disturb.
  world.run(windows: 10)
  world.cutPower(leader)
  world.run(windows: 5)
  world.powerOn(leader)
  world.run(windows: 5)
  world.drops = nil
  world.expectWorking(within: 60)
}

/// Scenario 17: frames of hours ago, of earlier ballots, are played again: they change nothing.
@Test func oldFramesPlayedAgainChangeNothing() throws {
  let world = cluster(3)
  var recorded: [[UInt8]] = []
  world.overheard = { _, bytes in recorded.append(bytes) }
  let leader = try #require(world.elect())
  _ = world.submit(at: world.everybody)
  world.run(windows: 10)
  world.overheard = nil
  world.cutPower(leader)
  world.run(windows: 25)
  world.powerOn(leader)
  #expect(world.windows(40) { $0.leaders.count == 1 && $0.isSettled } != nil, "\(world.stateOfAll)")
  let before = world.everybody.map { i in
    world.node(i) { ($0.acceptor.promised, $0.acceptor.last, $0.registry.digest) }
  }
  let changes = world.checker.leaderChanges
  // An hour later.
  world.run(windows: 7_200 / (hasTime ? 1 : 40))
  for i in world.everybody { #expect(world.play(recorded, to: i) > 20) }
  for (i, old) in before.enumerated() {
    let new = world.node(i) { ($0.acceptor.promised, $0.acceptor.last, $0.registry.digest) }
    #expect(new?.0 == old?.0 && new?.1 == old?.1 && new?.2 == old?.2, "n\(i)")
  }
  #expect(world.checker.leaderChanges == changes)
  world.expectWorking(within: 10)
}

/// The indices of all entries in a frame.
private func entries(of frame: Frame) -> [UInt64] {
  var all: [UInt64] = []
  var walk = ByteReader(frame.body)
  while !walk.isAtEnd {
    let kind = walk.u8()
    var input = ByteReader(walk.bytes(Int(walk.varint())))
    guard kind == SectionKind.entries.rawValue else { continue }
    let first = input.varint()
    _ = input.varint()
    all += first..<(first + input.varint())
  }
  return all
}

/// Scenario 18: accepts arrive with holes: only what is missing is sent again.
@Test func onlyWhatIsMissingIsSentAgain() throws {
  // Small frames, so that a burst is many of them.
  let world = cluster(3) { $0.mtu = 160 }
  let leader = try #require(world.elect())
  world.run(windows: 10)
  let unlucky = (leader + 1) % 3
  var frames = 0
  var sent: [UInt64: Int] = [:]
  world.drops = { _, to, frame in
    guard to == unlucky, frame.has(.entries) else { return false }
    for i in entries(of: frame) { sent[i, default: 0] += 1 }
    frames += 1
    return frames == 2  // one in the middle
  }
  let commands = (0..<12).compactMap { world.submit(at: leader, key: $0 % 8) }
  #expect(world.windows(4) { $0.areAnswered(commands) && $0.isSettled } != nil, "\(world.stateOfAll)")
  let again = sent.values.filter { $0 > 1 }.count
  #expect(sent.count >= 12)
  #expect(again > 0 && again < sent.count / 2, "\(again) of \(sent.count) entries went out again")
  world.expectSafe()
}

/// Scenario 19, the eighth figure of Raft's paper: an entry of an old ballot that reached a majority, but was never
/// decided, may be overwritten; then it must not have been counted as decided.
@Test(arguments: [1, 2, 3, 4] as [UInt64])
func anEntryOfAnOldBallotIsNotDecidedByCounting(seed: UInt64) throws {
  let world = cluster(5, seed: seed)
  world.returnsAfterCut = .seconds(6)
  var random = Random(seed: seed)
  _ = try #require(world.elect())
  // Leaders that die after their proposal was heard by one or two others, one after the other.
  for _ in 0..<6 {
    guard world.windows(60, until: { $0.leaders.count == 1 }) != nil, let leader = world.leaders.first else {
      continue
    }
    let hearer = (leader + 1 + random.below(4)) % 5
    let second = (leader + 1 + random.below(4)) % 5
    var isDead = false
    world.drops = { [unowned world] from, to, frame in
      guard from == leader, frame.has(.entries) else { return false }
      if !isDead { world.cutPowerNext(leader) }
      isDead = true
      return to != hearer && to != second
    }
    _ = world.submit(at: leader)
    world.run(windows: 3)
    world.drops = nil
  }
  world.returnsAfterCut = nil
  #expect(world.windows(60) { $0.everybody.allSatisfy($0.isUp) && $0.leaders.count == 1 } != nil)
  world.expectWorking(within: 40)
}

/// Scenario 20: a new leader finds three different undecided tails among its promises, and takes the right one: that of
/// the highest ballot, however short.
@Test(arguments: [1, 2, 3] as [UInt64])
func aNewLeaderTakesTheTailOfTheHighestBallot(seed: UInt64) throws {
  let world = cluster(5, seed: seed)
  var last = try #require(world.elect())
  var tails = 0
  for count in [3, 1] {
    // A leader whose proposals only its own disk hears; then it is alone, and another is elected.
    world.isolate(last)
    for _ in 0..<count { _ = world.submit(at: last) }
    world.run(windows: 2)
    if (world.node(last) { $0.acceptor.last > $0.acceptor.commit }) == true { tails += 1 }
    let old = last
    #expect(world.windows(60) { $0.leaders.contains { $0 != old } } != nil, "\(world.stateOfAll)")
    last = world.leaders.first { $0 != old } ?? last
  }
  #expect(tails == 2)
  world.isolate(last)
  _ = world.submit(at: last)
  world.run(windows: 2)
  world.joinAll()
  world.cutPower(last)
  #expect(world.windows(60) { $0.leaders.count == 1 && $0.areAllSettled } != nil, "\(world.stateOfAll)")
  world.powerOn(last)
  world.expectWorking(within: 40)
}

/// Scenarios 21 and 22: a forward is lost, repeated, reaches two leaders in turn; the caller repeats its token at
/// another member: one effect, and the same answer.
@Test(arguments: [1, 2, 3] as [UInt64])
func aRepeatedTokenTakesEffectOnceWhoeverIsAsked(seed: UInt64) throws {
  let world = cluster(3, seed: seed) {
    $0.lossPermille = 300
    $0.repeatPermille = 300
    $0.repeatDelay = .milliseconds(100)
    $0.commandEvery = .milliseconds(400)  // its clients repeat with the same token after 20 windows, anywhere
  }
  _ = try #require(world.elect(limit: 100))
  for _ in 0..<4 {
    if let leader = world.leaders.first {
      world.isolate(leader)
      world.run(windows: 30)
      world.joinAll()
      world.run(windows: 15)
    }
  }
  world.endFaults()
  world.run(windows: 60)
  world.expectWorking(within: 60)
}

/// Scenario 23: a value larger than a frame arrives through 40 % loss, in a bounded number of frames.
@Test func aValueLargerThanAFrameArrives() throws {
  let world = cluster(3) {
    $0.mtu = 160
    $0.lossPermille = 400
  }
  let leader = try #require(world.elect(limit: 200))
  world.run(windows: 30)
  let frames = world.framesOnAir
  let before = world.checker.highestDecided
  world.traffic.submitValue(world, member: (leader + 1) % 3, byteCount: 1000)
  let took = world.windows(60) { $0.checker.highestDecided > before + 8 && $0.isSettled }
  #expect(took != nil, "\(world.stateOfAll)")
  #expect(world.framesOnAir - frames < 400)
  world.expectSafe()
}

/// Scenario 24: the store is full: its callers are told so, and the cluster goes on.
@Test func aFullStoreIsToldAndTheClusterGoesOn() throws {
  let world = cluster(3) { $0.storeBytes = 8_192 }
  let leader = try #require(world.elect())
  for _ in 0..<20 {
    world.traffic.submitValue(world, member: leader, byteCount: 2_000)
    world.run(windows: 1)
  }
  #expect(world.traffic.valuesRefused > 0)
  #expect(world.windows(10) { $0.isSettled } != nil)
  world.expectWorking(within: 10)
}

/// Scenario 24, the log: more than it holds waits, and is decided as room is made.
@Test func aFullLogWaitsAndGoesOn() throws {
  let world = cluster(3) {
    $0.logEntries = 64
    $0.snapshotEvery = 16
  }
  let leader = try #require(world.elect())
  var commands: [Command] = []
  for _ in 0..<40 { commands += world.submit(at: [leader, leader, leader, leader, leader]) }
  #expect(commands.count == 200)
  #expect(world.windows(120) { $0.areAnswered(commands) } != nil, "\(world.stateOfAll)")
  world.expectWorking(within: 10)
}
