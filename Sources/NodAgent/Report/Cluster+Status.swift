// NOD STATUS, and the same fields as sections of INFO: one node, and whether the cluster can decide. Every field is
// explained in docs/diagnostics.md, which a test holds against what is answered here.
import CBoard
import NodCore
import NodJournal
import NodSecurity
import NodStation

extension Cluster {
  mutating func writeStatus(to reply: inout ReplyWriter) {
    let mark = reply.mark()
    var fields = MapFields(reply: reply)
    role(&fields)
    log(&fields)
    windows(&fields)
    clock(&fields)
    traffic(&fields)
    energy(&fields)
    disk(&fields)
    reply = fields.reply
    reply.closeMap(mark, pairs: fields.pairs)
  }

  func role(_ out: inout some FieldWriter) {
    let node = station.node.report(now)
    let reason = station.reason(now)
    out.field("name", files.own.name)
    out.field("slot", Int64(files.own.slot.raw))
    out.field("cluster", files.roster.name)
    out.field("members", Int64(files.roster.members.count))
    out.field("version", Version.text)
    out.field("role", node.role)
    if let leader = node.leader { out.field("leader", name(leader)) } else { out.absent("leader") }
    out.field("leader_since_ms", figures.leaderSince.map { age($0) })
    out.field("quorum", node.hasQuorum)
    out.field("healthy", reason.isNone)
    out.field("why", words(reason))
    out.field("votes", node.mayVote)
    out.field("ballot", "\(node.promised.round).\(node.promised.node.raw)")
    out.field("accepted_ballot", "\(node.accepted.round).\(node.accepted.node.raw)")
    out.field("election_rule", files.roster.rule == .paxos ? "paxos" : "raft")
    out.field("incarnation", Int64(node.incarnation))
    out.field("key_epoch", Int64(files.groupKey.epoch))
    out.field("key_id", hexadecimal(station.fingerprints.key))
    out.field(
      "roster_hash",
      hexadecimal(station.fingerprints.roster.high) + hexadecimal(station.fingerprints.roster.low))
  }

  /// Milliseconds since.
  private func age(_ time: LocalTime) -> Int64 { max(0, (now - time).raw / 1000) }

  func log(_ out: inout some FieldWriter) {
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

  func windows(_ out: inout some FieldWriter) {
    let node = station.node.report(now)
    let terms = station.node.clock.guardTerms(at: now)
    out.field("window", Int64(node.window))
    out.field("period_ms", files.roster.period.raw / 1000)
    out.field("next_wake_us", max(0, (node.wakeAt - now).raw))
    out.field("window_kind", node.nextKind.name)
    expected(node, &out)
    out.field("windows_seen", Int64(node.counters.windows))
    out.field("beacons_missed", Int64(node.counters.beaconsMissed))
    out.field("misses_before_suspicion", Int64(node.missesBeforeSuspicion))
    out.field("guard_us", terms.total.raw)
    out.field("guard_drift_us", (terms.ownDrift + terms.peerDrift).raw)
    out.field("guard_own_drift_us", terms.ownDrift.raw)
    out.field("guard_peer_drift_us", terms.peerDrift.raw)
    out.field("guard_uncertainty_us", (terms.ownUncertainty + terms.peerUncertainty).raw)
    out.field("guard_own_uncertainty_us", terms.ownUncertainty.raw)
    out.field("guard_peer_uncertainty_us", terms.peerUncertainty.raw)
    out.field("guard_host_latency_us", terms.hostLatency.raw)
    out.field("guard_slack_us", terms.slack.raw)
    out.field("guard_limit_us", terms.limit.raw)
    out.field("uptime_ms", age(figures.startedAt))
    out.field("pauses", Int64(figures.pauses))
  }

  /// Who is to speak in the window that this node wakes for.
  private func expected(_ node: NodeReport, _ out: inout some FieldWriter) {
    switch node.nextKind {
    case .searching: out.absent("next_expected")
    case .full, .leaderless: out.field("next_expected", "everybody")
    case .ordinary: out.field("next_expected", node.leader.map { name($0) } ?? "everybody")
    }
  }

  func clock(_ out: inout some FieldWriter) {
    let clock = station.node.clock
    let terms = clock.guardTerms(at: now)
    if clock.isSet {
      // Who leads is what the others follow: its clock is right by definition.
      out.field("clock_offset_us", station.node.isLeader ? 0 : clock.offsetOfLastSample.raw)
      out.field(
        "clock_error_us",
        (terms.ownDrift + terms.peerDrift + terms.ownUncertainty + terms.peerUncertainty).raw)
    } else {
      out.absent("clock_offset_us")
      out.absent("clock_error_us")
    }
    out.field("drift_ppb", clock.drift.errorPPB == nil ? nil : clock.drift.ppb)
    out.field("drift_error_ppb", clock.drift.errorPPB)
    out.field("cluster_time_us", station.node.gridTime(now))
    out.field("boot_time_us", now.microseconds)
  }

  mutating func traffic(_ out: inout some FieldWriter) {
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
    out.field("air_time_left_percent", Int64(station.airtimeLeftPercent(now)))
    out.field("air_time_wait_ms", station.airtimeWait(now).map { ($0.raw + 999) / 1000 })
  }

  /// The radio and the board that carries it, apart: on a board that cannot sleep the radio is the smallest part.
  func energy(_ out: inout some FieldWriter) {
    out.field("radio_charge_uc", Int64(clamping: figures.radioMicrocoulombs))
    out.field(
      "radio_energy_uj", Int64(clamping: figures.radioMicrocoulombs) * RadioProfile.supplyMillivolts / 1000)
    out.field("host_energy_uj", hostMicrojoules)
    out.field("battery_percent", battery.percent.map { Int64($0) })
  }

  /// What the board drew while awake; nil when nobody said how much it draws.
  var hostMicrojoules: Int64? {
    let milliwatts = files.configuration.hostMilliwatts
    let asleep = BoardClock.timeSuspended - suspendedBefore
    let awake = max(0, (now - figures.startedAt - max(.zero, asleep)).raw)
    return milliwatts == 0 ? nil : awake / 1000 * milliwatts
  }

  func disk(_ out: inout some FieldWriter) {
    out.field("journal_bytes", Int64(clamping: station.journal.segmentByteCount))
    out.field("journal_segment", Int64(station.journal.segmentNumber))
    out.field("journal_syncs", Int64(clamping: station.journal.wear.syncs))
    out.field("journal_written_bytes", Int64(clamping: station.journal.wear.bytesWritten))
    out.field("last_sync_us", figures.lastSync.raw)
    out.field("slowest_sync_us", figures.slowestSync.raw)
    out.field("last_durable_write_ms", figures.lastDurableAt.map { age($0) })
    out.field("disk_failures", Int64(clamping: station.journal.wear.failures))
    out.field("disk_free_kb", Int64(clamping: station.freeBytes / 1024))
    let process = ProcessFigures.now()
    out.field("resident_bytes", process.residentKibibytes * 1024)
    out.field("wake_ups", process.wakeups)
    out.field("cpu_us", process.processorTime.raw)
  }

  func hexadecimal(_ value: UInt64) -> String {
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
