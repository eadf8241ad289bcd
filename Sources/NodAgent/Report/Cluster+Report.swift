// What people ask of the agent: status, peers, log, INFO. One set of fields, told in two forms.
import CBoard
import NodCore
import NodJournal
import NodStation

extension Cluster {
  // MARK: status

  mutating func writeStatus(to reply: inout ReplyWriter) {
    let mark = reply.mark()
    var fields = MapFields(reply: reply)
    role(&fields)
    log(&fields)
    windows(&fields)
    traffic(&fields)
    disk(&fields)
    reply = fields.reply
    reply.closeMap(mark, pairs: fields.pairs)
  }

  private func role(_ out: inout some FieldWriter) {
    let node = station.node.report(now)
    out.field("name", files.own.name)
    out.field("slot", Int64(files.own.slot.raw))
    out.field("cluster", files.roster.name)
    out.field("members", Int64(files.roster.members.count))
    out.field("role", node.role)
    if let leader = node.leader { out.field("leader", name(leader)) } else { out.absent("leader") }
    out.field("quorum", node.hasQuorum)
    out.field(
      "healthy", node.leader != nil && node.hasQuorum && node.mayVote && !node.isUnfit && !node.isStopped)
    out.field("why", why(node))
    out.field("votes", node.mayVote)
    out.field("ballot", "\(node.promised.round).\(node.promised.node.raw)")
    out.field("accepted_ballot", "\(node.accepted.round).\(node.accepted.node.raw)")
    out.field("election_rule", files.roster.rule == .paxos ? "paxos" : "raft")
    out.field("incarnation", Int64(node.incarnation))
    out.field("key_epoch", Int64(files.groupKey.epoch))
  }

  /// One line: why nothing is committed, or empty.
  private func why(_ node: NodeReport) -> String {
    if node.isStopped { return "a log entry of an unknown kind: install the version that wrote it" }
    if !node.mayVote { return "this node does not vote: its journal is new or has lost what it promised" }
    if node.isUnfit { return diskTrouble }
    if node.isSearching { return "no grid found yet: listening" }
    if node.leader == nil {
      return
        "no working leader: \(node.peersHeard) of \(node.members - 1) peers heard lately, \(node.quorum - 1) needed"
    }
    if !node.hasQuorum { return "the leader hears no quorum" }
    return ""
  }

  /// What is wrong with the disk, in one line.
  var diskTrouble: String {
    if station.isShortOfSpace {
      return "the disk is nearly full: \(station.freeBytes / 1024) KiB are free for "
        + "\(files.configuration.paths.state), [disk] min_free_kb = \(files.configuration.minimumFreeKibibytes)"
    }
    return "the disk does not take writes: \(station.lastDiskFailure?.description ?? "see the log")"
  }

  private func log(_ out: inout some FieldWriter) {
    let node = station.node.report(now)
    out.field("first_index", Int64(node.first.raw))
    out.field("last_index", Int64(node.last.raw))
    out.field("decided_index", Int64(node.decided.raw))
    out.field("applied_index", Int64(node.applied.raw))
    out.field("snapshot_index", Int64(node.snapshot.raw))
    out.field("digest", hexadecimal(node.digest))
    out.field("digest_index", Int64(node.applied.raw))
    out.field("keys", Int64(station.node.registry.keyCount))
    out.field("store_bytes", Int64(station.node.registry.usedBytes))
    out.field("waiting", Int64(node.pending))
    out.field("applied_commands", Int64(node.counters.commandsApplied))
    out.field("skipped_duplicates", Int64(node.counters.duplicatesSkipped))
  }

  private func windows(_ out: inout some FieldWriter) {
    let node = station.node.report(now)
    let terms = station.node.clock.guardTerms(at: now)
    out.field("window", Int64(node.window))
    out.field("period_ms", files.roster.period.raw / 1000)
    out.field("next_wake_us", max(0, (node.wakeAt - now).raw))
    out.field("windows_seen", Int64(node.counters.windows))
    out.field("beacons_missed", Int64(node.counters.beaconsMissed))
    out.field("misses_before_suspicion", Int64(node.missesBeforeSuspicion))
    out.field("guard_us", terms.total.raw)
    out.field("guard_drift_us", (terms.ownDrift + terms.peerDrift).raw)
    out.field("guard_uncertainty_us", (terms.ownUncertainty + terms.peerUncertainty).raw)
    out.field("guard_host_latency_us", terms.hostLatency.raw)
    out.field("guard_slack_us", terms.slack.raw)
    out.field("uptime_ms", (now - figures.startedAt).raw / 1000)
    out.field("pauses", Int64(figures.pauses))
  }

  private mutating func traffic(_ out: inout some FieldWriter) {
    let uptime = max(1, (now - figures.startedAt).raw)
    let counters = station.node.counters
    out.field("radio_on_us", figures.radioOn.raw)
    out.field("radio_on_permille", figures.radioOn.raw * 1000 / uptime)
    out.field("frames_sent", Int64(station.datagramsSent))
    out.field("bytes_sent", Int64(station.bytesSent))
    out.field("frames_heard", Int64(counters.framesHeard))
    out.field("frames_rejected", Int64(station.rejections.total))
    out.field("frames_dropped_on_purpose", Int64(figures.radio.framesDropped))
    out.field("frames_missed_radio_off", Int64(figures.radio.framesMissed))
    out.field("frames_stale", Int64(counters.staleFrames))
    out.field("frames_deferred", Int64(station.framesDeferred))
    out.field("entries_resent", Int64(counters.entriesResent))
    out.field("elections_started", Int64(counters.electionsStarted))
    out.field("times_leader", Int64(counters.timesLeader))
    out.field("snapshots_taken", Int64(counters.snapshotsTaken))
    out.field("snapshots_installed", Int64(counters.snapshotsInstalled))
    out.field("air_time_used_ms", station.airtimeUsed(now).raw / 1000)
    out.field("air_time_left_ms", station.airtimeLeft(now).raw / 1000)
    out.field("radio_charge_uc", Int64(clamping: figures.radioMicrocoulombs))
  }

  private func disk(_ out: inout some FieldWriter) {
    out.field("journal_bytes", Int64(clamping: station.journal.segmentByteCount))
    out.field("journal_segment", Int64(station.journal.segmentNumber))
    out.field("journal_syncs", Int64(clamping: station.journal.wear.syncs))
    out.field("journal_written_bytes", Int64(clamping: station.journal.wear.bytesWritten))
    out.field("last_sync_us", figures.lastSync.raw)
    out.field("slowest_sync_us", figures.slowestSync.raw)
    out.field("disk_failures", Int64(clamping: station.journal.wear.failures))
    out.field("disk_free_kb", Int64(clamping: station.freeBytes / 1024))
    let process = ProcessFigures.now()
    out.field("resident_bytes", process.residentKibibytes * 1024)
    out.field("wake_ups", process.wakeups)
    out.field("cpu_us", process.processorTime.raw)
  }

  // MARK: INFO

  mutating func writeInfo(_ section: Bytes, to reply: inout ReplyWriter) {
    var out = LineFields(reply: reply)
    if wants(section, "server") {
      out.heading("Server")
      out.field("redis_version", "7.2.0")
      out.field("nod_version", Version.text)
      out.field("process_id", board_process_id())
      out.field("uptime_in_seconds", (now - figures.startedAt).raw / 1_000_000)
    }
    if wants(section, "cluster") {
      out.heading("Cluster")
      role(&out)
    }
    if wants(section, "log") {
      out.heading("Log")
      log(&out)
    }
    if wants(section, "windows") {
      out.heading("Windows")
      windows(&out)
    }
    if wants(section, "radio") || wants(section, "stats") {
      out.heading("Radio")
      traffic(&out)
      rejections(&out)
    }
    if wants(section, "persistence") {
      out.heading("Persistence")
      out.field("loading", 0)
      disk(&out)
    }
    if wants(section, "keyspace") {
      out.heading("Keyspace")
      out.field("db0", "keys=\(station.node.registry.keyCount)")
    }
    reply = out.reply
  }

  private func rejections(_ out: inout some FieldWriter) {
    let r = station.rejections
    out.field("rejected_too_short", Int64(r.tooShort))
    out.field("rejected_unknown_version", Int64(r.unknownVersion))
    out.field("rejected_unknown_type", Int64(r.unknownType))
    out.field("rejected_not_a_member", Int64(r.notAMember))
    out.field("rejected_own_frame", Int64(r.ownFrame))
    out.field("rejected_wrong_epoch", Int64(r.wrongEpoch))
    out.field("rejected_unknown_start", Int64(r.unknownSalt))
    out.field("rejected_replayed", Int64(r.replayed))
    out.field("rejected_bad_tag", Int64(r.badTag))
    out.field("rejected_stale_start", Int64(r.staleStart))
    out.field("rejected_malformed", Int64(r.malformed))
    out.field("unknown_sections", Int64(station.node.counters.unknownSections))
  }

  private func wants(_ section: Bytes, _ name: StaticString) -> Bool {
    guard section.count > 0 else { return true }
    guard section.count == name.utf8CodeUnitCount else { return false }
    for i in 0..<section.count where section[i] | 0x20 != name.utf8Start[i] { return false }
    return true
  }

  // MARK: peers

  mutating func writePeers(to reply: inout ReplyWriter) {
    let mark = reply.mark()
    var count = 0
    for member in files.roster.members where member.slot != files.own.slot {
      let peer = station.node.peers[member.slot]
      let row = reply.mark()
      var out = MapFields(reply: reply)
      out.field("name", member.name)
      out.field("slot", Int64(member.slot.raw))
      out.field("address", member.address)
      out.field("leads", station.node.leader == member.slot)
      if peer.heardWindow > 0 {
        out.field("last_heard_ms", max(0, (now - peer.heardAt).raw / 1000))
        out.field(
          "windows_ago",
          Int64(station.node.timeline.window &- min(peer.heardWindow, station.node.timeline.window)))
      } else {
        out.absent("last_heard_ms")
        out.absent("windows_ago")
      }
      out.field("fresh", peer.isFresh)
      out.field("loss_in_permille", Int64(peer.loss.permille))
      out.field("hears_us", peer.hears.contains(files.own.slot))
      out.field("frames_heard", Int64(peer.framesHeard))
      out.field("decided_index", Int64(peer.decided.raw))
      out.field("vote_index", Int64(station.node.votes[member.slot].raw))
      out.field("lag", Int64(max(0, station.node.acceptor.commit.distance(from: peer.decided))))
      out.field("incarnation", Int64(peer.incarnation))
      reply = out.reply
      reply.closeMap(row, pairs: out.pairs)
      count += 1
    }
    reply.closeArray(mark, elements: count)
  }

  // MARK: log

  mutating func writeLog(from: LogIndex?, count: Int, to reply: inout ReplyWriter) {
    let first = station.node.acceptor.log.first
    let last = station.node.acceptor.last
    var index = max(first, from ?? LogIndex(last.raw > UInt64(count) ? last.raw - UInt64(count) + 1 : 1))
    let mark = reply.mark()
    var rows = 0
    while index <= last && rows < count {
      let head = station.node.acceptor.log.head(index)
      let row = reply.mark()
      var out = MapFields(reply: reply)
      out.field("index", Int64(index.raw))
      out.field("kind", head.kind == .begin ? "begin" : head.kind == .command ? "command" : "part")
      out.field("decided", index <= station.node.acceptor.commit)
      out.field("stamp_ms", Int64(clamping: head.stamp.milliseconds))
      if head.kind == .command {
        out.field("from", name(head.token.id.node))
        let id = head.token.id
        out.field("token", "\(id.node.raw)-\(id.incarnation)-\(id.sequence)-\(head.token.issuedAt.raw)")
      } else {
        out.absent("from")
        out.absent("token")
      }
      out.field("size_bytes", Int64(station.node.acceptor.log.payload(index).count))
      out.field("what", describe(index, head))
      reply = out.reply
      reply.closeMap(row, pairs: out.pairs)
      rows += 1
      index = index + 1
    }
    reply.closeArray(mark, elements: rows)
  }

  private func describe(_ index: LogIndex, _ head: EntryHead) -> String {
    let payload = station.node.acceptor.log.payload(index)
    switch head.kind {
    case .begin:
      guard let start = BallotStart(payload) else { return "unreadable" }
      return "ballot \(start.ballot.round) of \(name(start.ballot.node)) begins"
    case .part: return "more of the command before it"
    case .command:
      if head.hasMore { return "first part of a large command" }
      do throws(RegistryFailure) { return text(try RegistryCommand(payload)) } catch { return "unreadable" }
    }
  }

  private func text(_ command: RegistryCommand) -> String {
    switch command {
    case .set(let key, let value, _, _, _): "set \(shown(key)) = \(shown(value))"
    case .delete(let keys): "delete \(keys.count) keys"
    case .deleteIfEqual(let key, _): "delete \(shown(key)) if equal"
    case .increment(let key, let delta): "increment \(shown(key)) by \(delta)"
    case .expire(let key, let milliseconds): "expire \(shown(key)) in \(milliseconds) ms"
    case .persist(let key): "persist \(shown(key))"
    case .noop: "nothing"
    }
  }

  /// At most 40 bytes of a key or value, what cannot be printed as dots.
  private func shown(_ bytes: Bytes) -> String {
    var text = ""
    for i in 0..<min(40, bytes.count) {
      let byte = bytes[i]
      text.unicodeScalars.append(Unicode.Scalar(byte >= 0x20 && byte < 0x7f ? byte : UInt8(ascii: ".")))
    }
    return bytes.count > 40 ? text + "..." : text
  }

  private func hexadecimal(_ value: UInt64) -> String {
    var text = ""
    var shift = 60
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15
      text.unicodeScalars.append(Unicode.Scalar(digit < 10 ? 48 + digit : 87 + digit))
      shift -= 4
    }
    return text
  }
}

package enum Version {
  package static let text = "0.1.0"
}
