// Whose log a log is that ends in a snapshot. The label decides elections: a ballot whose begin is not in the
// log would let a short log outrank a longer one that others hold decided entries in.
import NodCore
import Testing

/// An acceptor that leads `ballot` with its begin at index 1 and commands behind it.
private func acceptor(in ballot: Ballot, last: UInt64) -> Acceptor {
  var acceptor = Acceptor(logEntries: 32, logBytes: 512, holes: 16, payloadLimit: 64)
  var records = RecordBuffer(byteCount: 1 << 16)
  let hasPromised = acceptor.promise(ballot, &records)
  #expect(hasPromised)
  acceptor.alignOwn(to: ballot, &records)
  for index in 1...last {
    let isBegin = index == 1
    let payload = isBegin ? beginPayload(ballot, adopted: .zero) : [UInt8(index)]
    let taken = payload.withUnsafeBytes {
      acceptor.append(isBegin ? beginHead() : commandHead(UInt32(index)), $0, &records)
    }
    #expect(taken)
  }
  return acceptor
}

/// A and B decided 1...8 in ballot 2. B leads ballot 3, adopted all of it, and serves C a snapshot of 1...5. Then
/// C campaigns with A's promise: the decided 6...8 are in A's log alone.
@Test func aSnapshotOfALaterLeaderDoesNotOutrankTheLogBehindIt() {
  let a = acceptor(in: ballot(2), last: 8)
  var c = Acceptor(logEntries: 32, logBytes: 512, holes: 16, payloadLimit: 64)
  let isInstalled = c.install(snapshot: LogIndex(5), begin: ballot(2))
  let promised = c.promised
  #expect(isInstalled)
  #expect(promised == ballot(2))
  var promises = PromiseSet(own: NodeID(2))
  promises.add(NodeID(2), accepted: c.accepted, last: c.last)
  promises.add(NodeID(0), accepted: a.accepted, last: a.last)
  #expect(promises.best == NodeID(0))
  #expect(promises.bestLast == LogIndex(8))
}

/// What is staged may have begun below what a checkpoint cuts off since: every entry stays at its index.
@Test func alignmentBehindACutLogKeepsEveryIndex() {
  var acceptor = acceptor(in: ballot(2), last: 20)
  var records = RecordBuffer(byteCount: 1 << 16)
  _ = acceptor.learn(LogIndex(5), in: ballot(2))
  let hasPromised = acceptor.promise(ballot(3), &records)
  #expect(hasPromised)
  acceptor.beginStage(of: ballot(3), base: LogIndex(5), &records)
  for index in 6...21 as ClosedRange<UInt64> {
    let isBegin = index == 21
    let payload = isBegin ? beginPayload(ballot(3), adopted: ballot(2)) : [UInt8(index)]
    _ = payload.withUnsafeBytes {
      acceptor.accept(
        LogIndex(index), isBegin ? beginHead() : commandHead(UInt32(index)), $0, in: ballot(3), &records)
    }
  }
  let isComplete = acceptor.stageIsComplete
  #expect(isComplete)
  _ = acceptor.learn(LogIndex(20), in: ballot(2))
  let commit = acceptor.commit
  #expect(commit == LogIndex(20))
  acceptor.compact(through: LogIndex(15))
  let isAligned = acceptor.align(to: ballot(3), &records)
  #expect(isAligned)
  let last = acceptor.last
  let newest = acceptor.log.head(last).kind
  let seventeenth = Array(acceptor.log.payload(LogIndex(17)))
  #expect(last == LogIndex(21))
  #expect(newest == .begin)
  #expect(seventeenth == [17])
}

/// Its server is gone, and the leader has only an older one, or another of the same index: waiting is for ever.
@Test func aSnapshotOfWhichNothingComesAnyMoreGivesWay() {
  var fetch = Snapshots(byteCount: 1000, mtu: 128)
  let asked: [(index: UInt64, hash: UInt64, window: UInt32, isTaken: Bool)] = [
    (64, 1, 10, true),
    (64, 2, 20, false),
    (64, 1, 20, true),
    (32, 3, 35, false),
    (32, 3, 36, true),
    (96, 4, 36, true),
  ]
  for each in asked {
    let isTaken = fetch.expect(LogIndex(each.index), hash: each.hash, byteCount: 200, window: each.window)
    #expect(isTaken == each.isTaken, "\(each)")
    if isTaken { #expect(fetch.fetchHash == each.hash) }
  }
}
