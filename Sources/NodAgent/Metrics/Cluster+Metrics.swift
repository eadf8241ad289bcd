// The agent's figures as metrics: the same that NOD STATUS, NOD PEERS and NOD HOOKS show.
import NodCore
import NodJournal
import NodStation

extension Cluster {
  mutating func writeMetrics(to reply: inout ReplyWriter) {
    var out = MetricsText(reply)
    standing(&out)
    log(&out)
    windows(&out)
    air(&out)
    rejections(&out)
    disk(&out)
    peers(&out)
    hooks(&out)
    reply = out.out
  }

  private func standing(_ out: inout MetricsText) {
    let node = station.node.report(now)
    out.begin("nod_info", .gauge, "Always 1; the labels say which node of which cluster this is.")
    out.out.text("nod_info{cluster=\"")
    raw(files.roster.name, &out)
    out.out.text("\",name=\"")
    raw(files.own.name, &out)
    out.out.text("\",version=\"")
    raw(Version.text, &out)
    out.out.text("\"} 1\n")
    out.millionths("nod_uptime_seconds", .gauge, (now - figures.startedAt).raw, "Since the agent started.")
    out.gauge(
      "nod_healthy", station.reason(now).isNone,
      "1 when nothing stands in the way of a decision; NOD STATUS says why."
    )
    out.gauge("nod_leads", node.leader == files.own.slot, "1 when this node leads.")
    out.gauge("nod_leader_known", node.leader != nil, "1 when a working leader is known here.")
    out.gauge("nod_quorum", node.hasQuorum, "1 when the leader, as this node knows it, hears a quorum.")
    out.gauge("nod_may_vote", node.mayVote, "0 when this node's memory of its votes is gone or in doubt.")
    out.gauge("nod_disk_fit", !node.isUnfit, "0 when the disk takes no writes, or has too little room.")
    out.gauge("nod_members", Int64(node.members), "Members of the roster.")
    out.gauge("nod_ballot_round", Int64(node.promised.round), "Round of the highest ballot promised.")
    out.gauge("nod_key_epoch", Int64(files.groupKey.epoch), "Number of the group key in use.")
    out.counter(
      "nod_elections_started_total", node.counters.electionsStarted, "Elections this node stood in.")
    out.counter("nod_leaderships_total", node.counters.timesLeader, "Elections this node won.")
  }

  private func raw(_ text: String, _ out: inout MetricsText) {
    var text = text
    text.withUTF8 { out.out.raw(Bytes($0)) }
  }

  private func log(_ out: inout MetricsText) {
    let node = station.node.report(now)
    out.gauge("nod_last_index", Int64(clamping: node.last.raw), "Last log entry held.")
    out.gauge("nod_decided_index", Int64(clamping: node.decided.raw), "Last log entry known to be decided.")
    out.gauge("nod_applied_index", Int64(clamping: node.applied.raw), "Last log entry applied.")
    out.gauge(
      "nod_pending_commands", Int64(node.pending), "Commands given here that wait for their decision.")
    out.gauge("nod_keys", Int64(station.node.registry.keyCount), "Keys in the store.")
    out.gauge(
      "nod_store_bytes", Int64(station.node.registry.usedBytes), "What keys and values take of the store.")
    out.counter("nod_commands_applied_total", node.counters.commandsApplied, "Commands applied.")
    out.counter(
      "nod_duplicates_skipped_total", node.counters.duplicatesSkipped, "Repeated commands not applied again.")
    out.counter("nod_entries_resent_total", node.counters.entriesResent, "Log entries sent again.")
    out.counter("nod_snapshots_taken_total", node.counters.snapshotsTaken, "Snapshots taken.")
    out.counter(
      "nod_snapshots_installed_total", node.counters.snapshotsInstalled, "Snapshots of others taken over.")
  }

  private func windows(_ out: inout MetricsText) {
    let node = station.node.report(now)
    out.millionths("nod_period_seconds", .gauge, files.roster.period.raw, "From one window to the next.")
    out.millionths(
      "nod_guard_seconds", .gauge, station.node.clock.guardTerms(at: now).total.raw,
      "How long before the beacon this node listens.")
    out.counter("nod_windows_total", node.counters.windows, "Windows that this node was awake in.")
    out.counter("nod_beacons_missed_total", node.counters.beaconsMissed, "Beacons expected and not heard.")
    out.counter("nod_pauses_total", figures.pauses, "Times the process was paused, or the board suspended.")
  }

  private mutating func air(_ out: inout MetricsText) {
    let counters = station.node.counters
    out.millionths(
      "nod_radio_on_seconds_total", .counter, figures.radioOn.raw, "Radio on, to send or to listen.")
    out.millionths(
      "nod_radio_charge_coulombs_total", .counter, Int64(clamping: figures.radioMicrocoulombs),
      "Charge through the radio, by its profile.")
    energy(&out)
    out.counter("nod_frames_sent_total", station.datagramsSent, "Frames sent.")
    out.counter("nod_sent_bytes_total", station.bytesSent, "Bytes of frames sent.")
    out.counter("nod_frames_heard_total", counters.framesHeard, "Frames heard and understood.")
    out.counter("nod_frames_stale_total", counters.staleFrames, "Frames heard that told nothing new in time.")
    out.counter("nod_frames_deferred_total", station.framesDeferred, "Frames held back for want of air time.")
    out.counter(
      "nod_frames_missed_total", figures.radio.framesMissed, "Frames that came while the radio was off.")
    out.counter("nod_frames_dropped_total", figures.radio.framesDropped, "Frames thrown away on purpose.")
    out.counter("nod_send_failures_total", figures.radio.sendFailures, "Datagrams the network refused.")
    out.millionths(
      "nod_air_time_used_seconds", .gauge, station.airtimeUsed(now).raw, "Air time used within the last hour."
    )
    out.millionths(
      "nod_air_time_left_seconds", .gauge, station.airtimeLeft(now).raw, "Air time that may be used now.")
  }

  private mutating func energy(_ out: inout MetricsText) {
    out.millionths(
      "nod_radio_energy_joules_total", .counter,
      Int64(clamping: figures.radioMicrocoulombs) * RadioProfile.supplyMillivolts / 1000,
      "Energy of the radio, by its profile, at 3 V.")
    if let host = hostMicrojoules {
      out.millionths(
        "nod_host_energy_joules_total", .counter, host,
        "Energy of the board while awake, by host_milliwatts; without the radio.")
    }
    if let percent = battery.percent {
      out.begin("nod_battery_ratio", .gauge, "Charge of the battery, 0 to 1.")
      out.ratio(Int64(percent))
    }
  }

  private func rejections(_ out: inout MetricsText) {
    let r = station.rejections
    out.begin("nod_frames_rejected_total", .counter, "Frames heard and not believed.")
    out.value("reason", "too_short", Int64(clamping: r[.tooShort]))
    out.value("reason", "unknown_version", Int64(clamping: r[.unknownVersion]))
    out.value("reason", "unknown_type", Int64(clamping: r[.unknownType]))
    out.value("reason", "not_a_member", Int64(clamping: r[.notAMember]))
    out.value("reason", "own_frame", Int64(clamping: r[.ownFrame]))
    out.value("reason", "wrong_epoch", Int64(clamping: r[.wrongEpoch]))
    out.value("reason", "unknown_start", Int64(clamping: r[.unknownSalt]))
    out.value("reason", "replayed", Int64(clamping: r[.replayed]))
    out.value("reason", "bad_tag", Int64(clamping: r[.badTag]))
    out.value("reason", "stale_start", Int64(clamping: r[.staleStart]))
    out.value("reason", "malformed", Int64(clamping: r[.malformed]))
  }

  private func disk(_ out: inout MetricsText) {
    let process = ProcessFigures.now()
    out.gauge("nod_journal_bytes", Int64(clamping: station.journal.segmentByteCount), "Size of the journal.")
    out.counter("nod_journal_syncs_total", station.journal.wear.syncs, "Durable writes.")
    out.counter(
      "nod_journal_written_bytes_total", station.journal.wear.bytesWritten, "Bytes written to the journal.")
    out.counter("nod_disk_failures_total", station.journal.wear.failures, "Writes and syncs that failed.")
    out.millionths("nod_last_sync_seconds", .gauge, figures.lastSync.raw, "What the last durable write took.")
    out.millionths(
      "nod_slowest_sync_seconds", .gauge, figures.slowestSync.raw, "The slowest of about the last hundred.")
    out.gauge(
      "nod_disk_free_bytes", Int64(clamping: station.freeBytes),
      "Room on the file system of the state directory.")
    out.gauge("process_resident_memory_bytes", process.residentKibibytes * 1024, "Memory held.")
    out.millionths("process_cpu_seconds_total", .counter, process.processorTime.raw, "Processor time.")
    out.counter(
      "nod_wake_ups_total", UInt64(max(0, process.wakeups)), "Times the process went to sleep of itself.")
  }

  private func peers(_ out: inout MetricsText) {
    out.begin(
      "nod_peer_last_heard_seconds", .gauge, "Since the peer was heard; absent before the first time.")
    each { member, peer in
      if peer.heardWindow > 0 { out.value("peer", member, max(0, (now - peer.heardAt).raw), digits: 6) }
    }
    out.begin("nod_peer_loss_ratio", .gauge, "Share of the peer's frames that are lost on the way here.")
    each { member, peer in out.value("peer", member, Int64(peer.loss.permille), digits: 3) }
    out.begin("nod_peer_hears_this_node", .gauge, "1 when the peer says that it hears this node.")
    each { member, peer in out.value("peer", member, peer.hears.contains(files.own.slot) ? 1 : 0) }
    out.begin("nod_peer_lag_entries", .gauge, "Decided entries that the peer is not known to have.")
    each { member, peer in
      out.value("peer", member, Int64(max(0, station.node.acceptor.commit.distance(from: peer.decided))))
    }
    out.begin("nod_peer_frames_heard_total", .counter, "Frames heard from the peer.")
    each { member, peer in out.value("peer", member, Int64(clamping: peer.framesHeard)) }
  }

  private func each(_ body: (String, Peer) -> Void) {
    for member in files.roster.members where member.slot != files.own.slot {
      body(member.name, station.node.peers[member.slot])
    }
  }

  private func hooks(_ out: inout MetricsText) {
    guard !hooks.isEmpty else { return }
    out.begin("nod_hook_runs_total", .counter, "Times the program was run.")
    for i in hooks.settings.indices {
      out.value("hook", hooks.settings[i].name, Int64(clamping: hooks.figures[i].runs))
    }
    out.begin("nod_hook_failures_total", .counter, "Runs that failed, or did not end in time.")
    for i in hooks.settings.indices {
      out.value("hook", hooks.settings[i].name, Int64(clamping: hooks.figures[i].failures))
    }
    out.begin("nod_hook_ended_total", .counter, "Runs that did not end in time and were ended.")
    for i in hooks.settings.indices {
      out.value("hook", hooks.settings[i].name, Int64(clamping: hooks.figures[i].ended))
    }
  }
}

extension Clients {
  /// The local interface's own figures.
  package func writeMetrics(_ writer: inout ReplyWriter) {
    var out = MetricsText(writer)
    out.gauge("nod_local_connections", Int64(connectionCount), "Programs connected to the local socket.")
    out.gauge("nod_local_waiting_requests", Int64(waiting.count), "Their requests that wait for the cluster.")
    out.counter("nod_local_commands_total", counters.commands, "Commands they gave.")
    out.counter("nod_local_writes_total", counters.writesSubmitted, "Writes handed to the cluster.")
    out.counter("nod_local_busy_total", counters.refusedBusy, "Writes refused because too many waited.")
    out.counter("nod_local_timeouts_total", counters.timedOut, "Requests whose outcome did not come in time.")
    out.counter(
      "nod_local_turned_away_total", counters.turnedAway, "Connections refused because all were taken.")
    writer = out.out
  }
}
