// The acceptor's rules, one by one: promises, alignment in one record, decisions by ballot, snapshots,
// recovery. A
// bench keeps the journal that the records make, so that any start after any of them can be looked at.
import NodCore
import Testing

/// What of an acceptor must survive, and what the others count on.
private struct Remembered: Equatable {
  var promised: Ballot
  var accepted: Ballot
  var first: UInt64
  var entries: [[UInt8]]
}

/// An entry to come: its kind and its bytes. Commands are told apart by their bytes.
private struct Given {
  var head: EntryHead
  var payload: [UInt8]
  static func command(_ mark: UInt8) -> Given {
    Given(head: commandHead(UInt32(mark)), payload: [mark, mark])
  }
  static func begin(_ ballot: Ballot, adopted: Ballot) -> Given {
    Given(head: beginHead(), payload: beginPayload(ballot, adopted: adopted))
  }
}

private final class Bench {
  static let logEntries = 32
  static let logBytes = 512
  var acceptor = Bench.empty()
  var records = RecordBuffer(byteCount: 1 << 16)
  var journal: [(kind: UInt8, payload: [UInt8])] = []

  static func empty() -> Acceptor {
    Acceptor(logEntries: logEntries, logBytes: logBytes, holes: 16, payloadLimit: 64)
  }
  func drain() { records.drain { journal.append(($0, Array($1))) } }

  /// An acceptor that accepted `marks` in `ballot`.
  convenience init(in ballot: Ballot, _ marks: ClosedRange<UInt8>) {
    self.init()
    lead(ballot)
    for mark in marks { append(.command(mark)) }
  }

  func promise(_ ballot: Ballot) -> Bool {
    defer { drain() }
    return acceptor.promise(ballot, &records)
  }
  /// Promises, and takes the own log as it stands.
  func lead(_ ballot: Ballot) {
    #expect(promise(ballot))
    acceptor.alignOwn(to: ballot, &records)
    drain()
  }
  func append(_ given: Given) {
    let taken = given.payload.withUnsafeBytes { acceptor.append(given.head, $0, &records) }
    #expect(taken)
    drain()
  }
  @discardableResult
  func accept(_ index: UInt64, _ given: Given, in ballot: Ballot) -> Bool {
    defer { drain() }
    return given.payload.withUnsafeBytes {
      acceptor.accept(LogIndex(index), given.head, $0, in: ballot, &records)
    }
  }
  func stage(_ ballot: Ballot, from base: UInt64) {
    acceptor.beginStage(of: ballot, base: LogIndex(base), &records)
    drain()
  }
  func align(_ ballot: Ballot) -> Bool {
    defer { drain() }
    return acceptor.align(to: ballot, &records)
  }
  func learn(_ index: UInt64, in ballot: Ballot) -> Bool { acceptor.learn(LogIndex(index), in: ballot) }
  func relearn() -> Bool { acceptor.relearn() }
  func install(_ index: UInt64, begin: Ballot) -> Bool {
    acceptor.install(snapshot: LogIndex(index), begin: begin)
  }
  var promised: Ballot { acceptor.promised }
  var accepted: Ballot { acceptor.accepted }
  var commit: LogIndex { acceptor.commit }
  var committedBegin: Ballot { acceptor.committedBegin }
  var last: LogIndex { acceptor.last }
  var isStaging: Bool { acceptor.isStaging }
  var stageBallot: Ballot { acceptor.stageBallot }
  var stageIsComplete: Bool { acceptor.stageIsComplete }
  func next(in ballot: Ballot) -> LogIndex { acceptor.next(in: ballot) }
  var marks: [UInt8] { remembered.entries.map { $0.first ?? 0 } }
  var remembered: Remembered { Bench.remembered(acceptor) }

  static func remembered(_ acceptor: borrowing Acceptor) -> Remembered {
    var all = Remembered(
      promised: acceptor.promised, accepted: acceptor.accepted, first: acceptor.log.first.raw, entries: [])
    for i in 0..<acceptor.log.count {
      all.entries.append(Array(acceptor.log.payload(acceptor.log.first + i)))
    }
    return all
  }
  func entries(through index: LogIndex) -> [UInt64: [UInt8]] {
    var all: [UInt64: [UInt8]] = [:]
    for (offset, payload) in remembered.entries.enumerated() {
      let at = remembered.first + UInt64(offset)
      if at <= index.raw { all[at] = payload }
    }
    return all
  }
  /// What a start after the first `count` records would remember.
  func restarted(after count: Int? = nil) throws -> Remembered {
    var next = Bench.empty()
    for record in journal.prefix(count ?? journal.count) {
      let kind = try #require(RecordKind(rawValue: record.kind))
      try record.payload.withUnsafeBytes { bytes in try next.restore(kind, bytes, payloadLimit: 64) }
    }
    next.finishRecovery()
    return Bench.remembered(next)
  }
  /// As at a new segment: the journal is the checkpoint from here on.
  func checkpoint() {
    journal = []
    var scratch = [UInt8](repeating: 0, count: 256)
    scratch.withUnsafeMutableBytes { room in
      acceptor.checkpoint(scratch: room) { kind, bytes in journal.append((kind, Array(bytes))) }
    }
  }
}

@Suite struct AcceptorTests {
  @Test func aPromiseIsNeverTakenBack() throws {
    let bench = Bench()
    #expect(bench.promise(ballot(5)))
    #expect(bench.promise(ballot(5)))
    #expect(!bench.promise(ballot(4, 9)))
    #expect(bench.journal.count == 1)
    #expect(try bench.restarted().promised == ballot(5))
  }

  @Test func nothingIsAcceptedBelowAPromise() {
    let bench = Bench(in: ballot(1), 1...3)
    #expect(bench.promise(ballot(2)))
    let before = bench.remembered
    #expect(!bench.accept(4, .command(4), in: ballot(1)))
    #expect(!bench.accept(5, .command(5), in: ballot(1)))
    #expect(!bench.accept(4, .command(4), in: ballot(2)))  // not aligned to it yet
    #expect(bench.remembered == before)
  }

  @Test func whatComesBeyondAHoleIsAppendedWhenTheHoleIsFilled() {
    let bench = Bench(in: ballot(1), 1...2)
    #expect(!bench.accept(5, .command(5), in: ballot(1)))
    #expect(!bench.accept(4, .command(4), in: ballot(1)))
    #expect(bench.marks == [1, 2])
    #expect(bench.accept(3, .command(3), in: ballot(1)))
    #expect(bench.marks == [1, 2, 3, 4, 5])
    #expect(!bench.accept(2, .command(99), in: ballot(1)))
    #expect(bench.marks == [1, 2, 3, 4, 5])
  }

  /// Both in memory and after a power cut at any record: the old log in the old ballot, or the new one in
  /// the new.
  @Test func aHalfStagedLogChangesNothing() throws {
    let bench = Bench(in: ballot(1), 1...6)
    #expect(bench.learn(2, in: ballot(1)))
    #expect(bench.promise(ballot(3)))
    let before = bench.remembered
    let spoken = bench.journal.count
    bench.stage(ballot(3), from: 2)
    for (index, given) in [(3, Given.command(13)), (5, .command(15)), (4, .command(14))] as [(UInt64, Given)]
    {
      bench.accept(index, given, in: ballot(3))
      #expect(bench.remembered == before)
      #expect(!bench.stageIsComplete)
    }
    bench.accept(6, .begin(ballot(3), adopted: ballot(2)), in: ballot(3))
    #expect(bench.stageIsComplete)
    #expect(bench.remembered == before)
    #expect(bench.align(ballot(3)))
    let after = bench.remembered
    #expect(after.accepted == ballot(3))
    #expect(bench.marks.prefix(5) == [1, 2, 13, 14, 15])
    #expect(bench.last == LogIndex(6))
    for count in spoken..<bench.journal.count { #expect(try bench.restarted(after: count) == before) }
    #expect(try bench.restarted() == after)
  }

  @Test func alignmentCutsAcceptedEntriesBehindTheNewLog() throws {
    let bench = Bench(in: ballot(1), 1...6)
    #expect(bench.promise(ballot(3)))
    bench.stage(ballot(3), from: 0)
    bench.accept(1, .begin(ballot(3), adopted: .zero), in: ballot(3))
    #expect(bench.align(ballot(3)))
    #expect(bench.last == LogIndex(1))
    #expect(try bench.restarted() == bench.remembered)
  }

  @Test func alignmentNeverDropsWhatIsDecided() {
    let bench = Bench(in: ballot(1), 1...6)
    #expect(bench.promise(ballot(3)))
    bench.stage(ballot(3), from: 0)
    #expect(bench.learn(4, in: ballot(1)))
    bench.accept(1, .begin(ballot(3), adopted: .zero), in: ballot(3))
    let before = bench.remembered
    #expect(!bench.align(ballot(3)))
    #expect(bench.remembered == before)
  }

  @Test func whoSharesTheAdoptedLogNeedsOnlyWhatLiesBehindIt() throws {
    let bench = Bench(in: ballot(1), 1...10)
    #expect(bench.learn(3, in: ballot(1)))
    #expect(bench.promise(ballot(2)))
    bench.stage(ballot(2), from: 3)
    bench.accept(9, .begin(ballot(2), adopted: ballot(1)), in: ballot(2))
    #expect(bench.stageIsComplete)
    #expect(bench.align(ballot(2)))
    #expect(bench.marks.prefix(8) == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(bench.last == LogIndex(9))
    #expect(try bench.restarted() == bench.remembered)
  }

  @Test func whoSharesAShorterLogNeedsTheRestOfIt() {
    let bench = Bench(in: ballot(1), 1...5)
    #expect(bench.promise(ballot(2)))
    bench.stage(ballot(2), from: 0)
    bench.accept(9, .begin(ballot(2), adopted: ballot(1)), in: ballot(2))
    #expect(!bench.stageIsComplete)
    #expect(bench.next(in: ballot(2)) == LogIndex(6))
  }

  @Test func anotherAdoptedLogIsFetchedWhole() {
    let bench = Bench(in: ballot(1), 1...10)
    #expect(bench.learn(3, in: ballot(1)))
    #expect(bench.promise(ballot(3)))
    bench.stage(ballot(3), from: 3)
    bench.accept(9, .begin(ballot(3), adopted: ballot(2)), in: ballot(3))
    #expect(!bench.stageIsComplete)
    #expect(bench.next(in: ballot(3)) == LogIndex(4))
  }

  @Test func theBeginOfAnotherBallotCompletesNothing() {
    let bench = Bench(in: ballot(1), 1...2)
    #expect(bench.promise(ballot(4)))
    bench.stage(ballot(4), from: 0)
    bench.accept(1, .begin(ballot(3), adopted: .zero), in: ballot(4))
    #expect(!bench.stageIsComplete)
    bench.accept(2, .begin(ballot(4), adopted: ballot(3)), in: ballot(4))
    #expect(bench.stageIsComplete)
  }

  @Test func aDecidedIndexOfAHigherBallotDoesNotDecideOlderEntries() {
    let bench = Bench(in: ballot(1), 1...5)
    #expect(!bench.learn(4, in: ballot(2)))
    #expect(bench.commit == .zero)
    #expect(bench.promise(ballot(2)))
    bench.stage(ballot(2), from: 0)
    for mark in 1...3 { bench.accept(UInt64(mark), .command(UInt8(20 + mark)), in: ballot(2)) }
    #expect(!bench.relearn())
    bench.accept(4, .begin(ballot(2), adopted: .zero), in: ballot(2))
    #expect(bench.align(ballot(2)))
    #expect(bench.relearn())
    #expect(bench.commit == LogIndex(4))
    #expect(bench.committedBegin == ballot(2))
  }

  @Test func aDecidedIndexOfALowerBallotStandsInAHigherOne() {
    let bench = Bench(in: ballot(1), 1...5)
    bench.lead(ballot(7))
    #expect(bench.learn(3, in: ballot(1)))
    #expect(!bench.learn(2, in: ballot(7)))
    #expect(bench.learn(9, in: ballot(7)))
    #expect(bench.commit == LogIndex(5))
  }

  @Test func aSnapshotKeepsTheAcceptedTailAboveIt() {
    let bench = Bench(in: ballot(2), 1...10)
    #expect(bench.learn(3, in: ballot(2)))
    #expect(bench.install(6, begin: ballot(1)))
    #expect(bench.marks == [7, 8, 9, 10])
    #expect(bench.accepted == ballot(2))
    #expect(bench.commit == LogIndex(6))
    #expect(!bench.install(6, begin: ballot(1)))
  }

  @Test func aLogThatEndsInASnapshotIsOfTheBallotThatTheSnapshotIsOf() throws {
    let bench = Bench(in: ballot(2), 1...4)
    #expect(bench.install(9, begin: ballot(5)))
    #expect(bench.marks.isEmpty)
    #expect(bench.accepted == ballot(5))
    #expect(bench.promised == ballot(5))
    #expect(bench.last == LogIndex(9))
    bench.checkpoint()
    #expect(try bench.restarted() == bench.remembered)
  }

  @Test func aSnapshotNeverLowersAPromise() {
    let bench = Bench(in: ballot(2), 1...4)
    #expect(bench.promise(ballot(8)))
    #expect(bench.install(9, begin: ballot(5)))
    #expect(bench.promised == ballot(8))
    #expect(bench.accepted == ballot(5))
    #expect(!bench.accept(10, .command(10), in: ballot(5)))
  }

  @Test func recordsOutOfPlaceAreRefused() throws {
    let bench = Bench(in: ballot(1), 1...3)
    let entry = try #require(bench.journal.last)
    bench.journal.append(entry)
    #expect(throws: RecordError.self) { try bench.restarted() }
    bench.journal.removeLast()
    bench.journal.append((RecordKind.promised.rawValue, [1]))
    #expect(throws: RecordError.self) { try bench.restarted() }
    bench.journal.removeLast()
    bench.journal.append((RecordKind.entry.rawValue, [4, 0x7e, 0, 0]))
    #expect(throws: RecordError.self) { try bench.restarted() }
  }

  /// Anything that can happen to an acceptor, at random; a start from its own records finds what it held.
  @Test(arguments: 1...40 as ClosedRange<UInt64>) func recoveryGivesBackWhatWasThere(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let bench = Bench()
    var round: UInt32 = 0
    var mark: UInt8 = 0
    for step in 0..<400 {
      mark &+= 1
      let acceptedBefore = bench.accepted
      let promisedBefore = bench.promised
      let commitBefore = bench.commit
      let decidedBefore = bench.entries(through: commitBefore)
      switch random.below(14) {
      case 0:
        round += 1
        _ = bench.promise(ballot(round))
      case 1 where bench.promised > bench.accepted && !bench.isStaging:
        bench.lead(bench.promised)
      case 2 where bench.promised > bench.accepted:
        bench.stage(bench.promised, from: bench.commit.raw)
      case 3 where bench.isStaging:
        let target = bench.stageBallot
        let adopted = random.chance(50) ? bench.accepted : ballot(0, 3)
        bench.accept(
          bench.acceptor.staged.last.raw + UInt64(random.below(3)), .begin(target, adopted: adopted),
          in: target)
      case 4 where bench.stageIsComplete && bench.stageBallot == bench.promised:
        _ = bench.align(bench.stageBallot)
      case 5 where !bench.isStaging:
        // What is decided later stands in the staged log too; made-up entries do not.
        _ = bench.learn(UInt64(random.below(Int(bench.last.raw) + 3)), in: bench.accepted)
      case 6 where random.chance(30):
        bench.acceptor.compact(through: bench.commit)
        bench.checkpoint()
      case 7 where random.chance(10):
        let index = bench.last.raw + UInt64(random.below(3))
        _ = bench.install(index, begin: ballot(round))
        bench.checkpoint()
      case 8: bench.checkpoint()
      default:
        let target = bench.isStaging ? bench.stageBallot : bench.accepted
        let next = bench.next(in: target).raw + UInt64(random.chance(30) ? random.below(4) : 0)
        bench.accept(next, .command(mark), in: target)
      }
      let found = try bench.restarted()
      if found != bench.remembered {
        Issue.record("seed \(seed), step \(step): a start would find another state")
      }
      let isSound =
        bench.accepted >= acceptedBefore && bench.promised >= promisedBefore
        && bench.accepted <= bench.promised && bench.commit >= commitBefore
        && bench.commit <= bench.last
      if !isSound { Issue.record("seed \(seed), step \(step): an invariant is broken") }
      let decidedNow = bench.entries(through: commitBefore)
      if decidedBefore.contains(where: { decidedNow[$0.key] != nil && decidedNow[$0.key] != $0.value }) {
        Issue.record("seed \(seed), step \(step): a decided entry changed")
      }
      if !isSound || found != bench.remembered { return }
    }
  }
}
