// NOD STATUS as one screen: what belongs together stands together. A field that an older agent does not have
// is left out, one that is not known is said to be unknown, and one that this nodctl does not know stands at
// the end under its own name.

package struct StatusScreen {
  private static let column = 10
  /// Told in another form, or of no use to a person: shown with --all only.
  private static let quiet = [
    "healthy", "why", "quorum", "digest", "digest_index", "cluster_time_us", "boot_time_us", "guard_drift_us",
    "guard_uncertainty_us", "radio_charge_uc", "slot", "windows_seen", "first_index", "skipped_duplicates",
    "applied_commands", "misses_before_suspicion", "journal_segment", "journal_bytes", "election_rule",
    "guard_limit_us", "frames_stale", "frames_deferred", "entries_resent", "times_leader", "snapshots_taken",
    "snapshots_installed", "process_id",
  ]

  private let status: RESPValue
  private let style: Style
  private var told: [String] = []

  package init(_ status: RESPValue, _ style: Style) {
    self.status = status
    self.style = style
  }

  package mutating func lines() -> [String] {
    let health = Health(status: status)
    var lines = [heading(health)]
    if !health.why.isEmpty { lines.append(style.bad("why:") + " " + health.why) }
    for paragraph in [
      role(), log(), window(), guardTerms(), clock(), radio(), airTime(), energy(), keys(), disk(), process(),
    ] { lines += paragraph.lines(Self.column, style) }
    return lines + others()
  }

  private mutating func heading(_ health: Health) -> String {
    var text = health.isGood ? style.good(health.verdict) : style.bad(health.verdict)
    if health.isGood, status["leader_since_ms"]?.integer != nil { text += " for " + value("leader_since_ms") }
    told += ["leader", "leader_since_ms"]
    guard status["name"] != nil else { return text }
    text += ": " + value("name")
    if status["cluster"] != nil { text += " of " + value("cluster") }
    if status["members"] != nil { text += ", " + value("members") + " members" }
    if status["version"] != nil { text += ", nod " + value("version") }
    return text
  }

  // MARK: groups

  private mutating func role() -> Paragraph {
    var out = Paragraph("role")
    out.add(said("role"))
    if let votes = status["votes"] {
      told.append("votes")
      out.add(votes.isTrue ? "votes" : style.bad("does not vote"))
    }
    out.add(said("ballot", "ballot "))
    if status["accepted_ballot"] != status["ballot"] { out.add(said("accepted_ballot", "accepted in ")) }
    told.append("accepted_ballot")
    out.add(said("elections_started", "elections started "))
    out.add(said("incarnation", "start "))
    out.add(said("uptime_ms", "up "))
    if let pauses = status["pauses"]?.integer, pauses > 0 { out.add(said("pauses", "paused ", " times")) }
    told.append("pauses")
    return out
  }

  private mutating func log() -> Paragraph {
    var out = Paragraph("log")
    out.add(said("decided_index", "decided "))
    out.add(said("applied_index", "applied "))
    out.add(said("last_index", "last "))
    if let waiting = status["waiting"]?.integer {
      told.append("waiting")
      if waiting > 0 { out.add(String(waiting) + " commands wait") }
    }
    out.add(said("snapshot_index", "snapshot "))
    out.add(said("keys", "", " keys"))
    out.add(said("store_bytes", "store "))
    return out
  }

  private mutating func window() -> Paragraph {
    var out = Paragraph("window")
    out.add(said("window"))
    out.add(said("period_ms", "every "))
    if status["next_wake_us"] != nil {
      var next = "next in " + value("next_wake_us")
      if let kind = status["window_kind"], kind != RESPValue.none { next += ", " + plainText(kind) }
      if let expected = status["next_expected"] {
        let nobody = expected == RESPValue.none
        next += nobody ? ", nobody is expected" : ", " + plainText(expected) + " is expected"
      }
      told += ["window_kind", "next_expected"]
      out.add(next)
    }
    if let missed = status["beacons_missed"], let seen = status["windows_seen"] {
      told.append("beacons_missed")
      out.add("beacons missed " + plainText(missed) + " of " + plainText(seen))
    }
    return out
  }

  private mutating func guardTerms() -> Paragraph {
    var out = Paragraph("guard", separator: ",")
    guard status["guard_us"] != nil else { return out }
    let apart = ["own_drift", "peer_drift", "own_uncertainty", "peer_uncertainty"]
    let terms = status["guard_own_drift_us"] == nil ? ["drift", "uncertainty"] : apart
    var before = value("guard_us") + " = "
    for term in terms + ["host_latency", "slack"] {
      guard let text = said("guard_" + term + "_us", before + Units.label(term) + " ") else { continue }
      out.add(text)
      before = ""
    }
    return out
  }

  private mutating func clock() -> Paragraph {
    var out = Paragraph("clock")
    if status["clock_offset_us"] != nil {
      out.add("offset " + value("clock_offset_us") + bounds("clock_error_us"))
    }
    if status["drift_ppb"] != nil { out.add("drift " + value("drift_ppb") + bounds("drift_error_ppb")) }
    return out
  }

  private mutating func bounds(_ field: String) -> String {
    told.append(field)
    guard let error = status[field], error != RESPValue.none else { return "" }
    return " ± " + fieldText(field, error)
  }

  private mutating func radio() -> Paragraph {
    var out = Paragraph("radio")
    if status["radio_on_permille"] != nil {
      out.add("on " + value("radio_on_permille") + " of the time, " + value("radio_on_us"))
    }
    out.add(said("frames_sent", "sent ", " frames"))
    if let sent = status["bytes_sent"]?.integer { out.add(Units.bytes(Double(sent))) }
    told.append("bytes_sent")
    out.add(said("frames_heard", "heard "))
    out.add(said("frames_rejected", "rejected "))
    out.add(said("frames_missed_radio_off", "came while off "))
    if let dropped = status["frames_dropped_on_purpose"]?.integer, dropped > 0 {
      out.add(said("frames_dropped_on_purpose", "dropped on purpose "))
    }
    told.append("frames_dropped_on_purpose")
    return out
  }

  private mutating func airTime() -> Paragraph {
    var out = Paragraph("air time")
    out.add(said("air_time_used_ms", "used "))
    if status["air_time_left_ms"] != nil {
      let share = status["air_time_left_percent"].map { " (" + plainText($0) + " %)" } ?? ""
      told.append("air_time_left_percent")
      out.add("left " + value("air_time_left_ms") + share)
    }
    if let wait = status["air_time_wait_ms"] {
      told.append("air_time_wait_ms")
      switch wait.integer {
      case 0?: out.add("a full frame may go now")
      case nil: out.add("when a full frame may go is unknown")
      default: out.add(style.doubtful("a full frame waits " + fieldText("air_time_wait_ms", wait)))
      }
    }
    return out
  }

  private mutating func energy() -> Paragraph {
    var out = Paragraph("energy")
    out.add(said("radio_energy_uj", "radio "))
    if status["host_energy_uj"] == RESPValue.none {
      told.append("host_energy_uj")
      out.add("host unknown: its power is not configured")
    } else {
      out.add(said("host_energy_uj", "host "))
    }
    out.add(said("battery_percent", "battery "))
    return out
  }

  private mutating func keys() -> Paragraph {
    var out = Paragraph("keys")
    out.add(said("key_epoch", "epoch "))
    out.add(said("key_id", "key id "))
    out.add(said("roster_hash", "roster hash "))
    return out
  }

  private mutating func disk() -> Paragraph {
    var out = Paragraph("disk")
    if status["last_sync_us"] != nil {
      var text = "last durable write took " + value("last_sync_us")
      if status["last_durable_write_ms"]?.integer != nil {
        text += ", " + value("last_durable_write_ms") + " ago"
      }
      told.append("last_durable_write_ms")
      out.add(text)
    }
    out.add(said("slowest_sync_us", "slowest "))
    out.add(said("journal_syncs", "", " syncs"))
    out.add(said("journal_written_bytes", "", " written"))
    if let failures = status["disk_failures"]?.integer {
      told.append("disk_failures")
      if failures > 0 { out.add(style.bad(String(failures) + " failures")) }
    }
    if let free = status["disk_free_kb"]?.integer {
      told.append("disk_free_kb")
      out.add("free " + Units.bytes(Double(free) * 1024))
    }
    return out
  }

  private mutating func process() -> Paragraph {
    var out = Paragraph("process")
    out.add(said("resident_bytes", "", " resident"))
    out.add(said("wake_ups", "", " wake-ups"))
    out.add(said("cpu_us", "", " of processor time"))
    return out
  }

  // MARK: fields

  /// What this screen does not know.
  private func others() -> [String] {
    guard case .map(let fields) = status else { return reportLines(status, style) }
    let unknown = fields.filter { !told.contains($0.key) && !Self.quiet.contains($0.key) }
    return unknown.isEmpty ? [] : reportLines(.map(unknown), style)
  }

  /// A field's value with its unit; "unknown" when the node does not know it.
  private mutating func value(_ field: String) -> String {
    told.append(field)
    guard let value = status[field], value != RESPValue.none else { return "unknown" }
    return fieldText(field, value)
  }

  /// The field between two texts; nil when the agent does not have it.
  private mutating func said(_ field: String, _ before: String = "", _ after: String = "") -> String? {
    guard status[field] != nil else { return nil }
    return before + value(field) + after
  }
}
