// The answer to a member that asks over the radio how this node is.
import NodCore
import NodJournal
import NodSecurity

extension Station where D: ~Copyable {
  /// Entries that one answer tells at most.
  private static var tellsEntries: Int { 24 }

  /// Answers a question that came, if one did.
  mutating func tellIfAsked(_ now: LocalTime) {
    guard node.via.needsAnswer else { return }
    let question = ViaQuestion(rawValue: node.via.answering.question) ?? .status
    let from = node.via.answering.argument
    let memory = scratch
    var told = ToldWriter(ByteWriter(memory))
    switch question {
    case .status: tellStatus(&told, now)
    case .peers: tellPeers(&told)
    case .log: tellLog(&told, from: LogIndex(min(from, UInt64(Int64.max))))
    }
    let answer = told.out.written
    node.answerQuestion { out in out.bytes(answer) }
  }

  private mutating func tellStatus(_ told: inout ToldWriter, _ now: LocalTime) {
    let report = node.report(now)
    told.add(Int64(node.isLeader ? 2 : node.isCandidate ? 1 : 0))
    told.add(report.leader)
    told.add(report.hasQuorum)
    let reason = reason(now)
    told.add(Int64(reason.cause.rawValue))
    told.add(Int64(reason.slot))
    told.add(reason.first)
    told.add(reason.second)
    told.add(report.mayVote)
    told.add(report.promised)
    told.add(report.accepted)
    told.add(Int64(report.incarnation))
    told.add(Int64(keys.epoch))
    told.add(Int64(node.condition.version))
    told.add(report.last)
    told.add(report.decided)
    told.add(report.applied)
    told.add(report.snapshot)
    told.add(report.digest >> 32)
    told.add(report.digest & 0xffff_ffff)
    told.add(Int64(node.registry.keyCount))
    told.add(Int64(report.pending))
    told.add(Int64(report.window))
    told.add(report.counters.windows)
    tellFigures(&told, report, now)
  }

  private mutating func tellFigures(_ told: inout ToldWriter, _ report: NodeReport, _ now: LocalTime) {
    let clock = node.clock
    told.add(report.counters.beaconsMissed)
    told.add(clock.guardTerms(at: now).total.raw)
    told.add(clock.isSet ? node.isLeader ? 0 : clock.offsetOfLastSample.raw : nil)
    told.add(clock.drift.errorPPB == nil ? nil : clock.drift.ppb)
    told.add(clock.drift.errorPPB)
    told.add(datagramsSent)
    told.add(report.counters.framesHeard)
    told.add(rejections.total)
    told.add(framesDeferred)
    told.add(airtimeLeft(now).raw / 1000)
    told.add(airtimeWait(now).map { ($0.raw + 999) / 1000 })
    told.add(journal.wear.syncs)
    told.add(freeBytes / 1024)
    told.add(percent: node.condition.batteryPercent)
    told.add(report.counters.electionsStarted)
    told.add(report.counters.timesLeader)
  }

  private func tellPeers(_ told: inout ToldWriter) {
    let rowBytes = 40
    let rows = min(node.settings.memberCount - 1, (node.via.answerBytes - 8) / rowBytes)
    told.add(Int64(rows))
    let window = node.timeline.window
    var row = 0
    for i in 0..<node.settings.memberCount where i != Int(node.id.raw) && row < rows {
      row += 1
      let slot = NodeID(UInt8(i))
      let peer = node.peers[slot]
      let condition = node.links.condition(of: slot)
      let (isKnown, hasSaid) = (peer.heardWindow > 0, peer.hearsWindow > 0)
      told.add(Int64(i))
      told.add(isKnown ? Int64(window &- min(peer.heardWindow, window)) : nil)
      told.add(isKnown ? node.measuredLoss(of: slot).map { Int64($0) } : nil)
      told.add(peer.hears.contains(node.id))
      told.add(peer.decided)
      told.add(node.votes[slot])
      told.add(hasSaid ? Int64(window &- min(peer.hearsWindow, window)) : nil)
      told.add(hasSaid ? LinkLoss.permille(node.links[slot, node.id]).map { Int64($0) } : nil)
      told.add(percent: condition.batteryPercent)
      told.add(percent: condition.airtimePercent)
      told.add(Int64(condition.version))
    }
  }

  /// The last entries, or those from an index on: as many as surely fit the parts of an answer.
  private func tellLog(_ told: inout ToldWriter, from: LogIndex) {
    let rowBytes = 36
    let most = min(Self.tellsEntries, (node.via.answerBytes - 8) / rowBytes)
    let (first, last) = (node.acceptor.log.first, node.acceptor.last)
    var index = from > .zero ? from : LogIndex(last.raw > UInt64(most) ? last.raw - UInt64(most) + 1 : 1)
    index = max(index, first)
    let rows = index > last ? 0 : min(most, last.distance(from: index) + 1)
    told.add(Int64(rows))
    for _ in 0..<rows {
      let head = node.acceptor.log.head(index)
      let span = witness.windows.span(index)
      told.add(index)
      told.add(Int64(head.kind.rawValue))
      told.add(index <= node.acceptor.commit)
      told.add(head.stamp.milliseconds)
      told.add(head.kind == .command ? head.token.id.node : nil)
      told.add(node.proposer(of: index))
      told.add(span.flatMap { $0.seen > 0 ? Int64($0.seen) : nil })
      told.add(span.flatMap { $0.decided > 0 ? Int64($0.decided) : nil })
      told.add(Int64(node.acceptor.log.payload(index).count))
      index = index + 1
    }
  }
}
