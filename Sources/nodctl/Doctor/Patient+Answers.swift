// What one running agent's own answers tell of its troubles.
import Foundation
import NodAgent
import NodConsole

extension Patient {
  /// Drift beyond what the configuration allows for, or beyond this where that is not known: twice what the worst
  /// crystal has.
  private static var plainAccuracyPPM: Double { 100 }
  /// A durable write that takes longer, and longer than a period, is worth a look: microseconds.
  private static var slowSync: Int64 { 2_000_000 }
  /// Loss at which a link is worth a person's look.
  private static var lossWorthALook: Int64 { 800 }
  /// Windows without a word after which a member is missed.
  private static var silentWindows: Int64 { 40 }

  func text(_ field: String) -> String { status?[field].map { plainText($0) } ?? "-" }
  func number(_ field: String) -> Int64? { status?[field]?.integer }

  mutating func examine() {
    guard let status else { return }
    lookAtVotes(status)
    lookAtDisk(status)
    lookAtKeys()
    lookAtClock()
    lookAtAirTime(status)
    lookAtLinks()
    lookAtQuorum(status)
  }

  private mutating func lookAtVotes(_ status: RESPValue) {
    guard let votes = status["votes"], !votes.isTrue else { return }
    findings.append(
      Finding(
        .doesNotVote, name,
        "it learns, and never votes: its journal is new, or an older copy of it came back",
        do:
          "two of three voters must stay: keep the others alive. Provision a new cluster when you can; never "
          + "restore a state directory"))
  }

  private mutating func lookAtDisk(_ status: RESPValue) {
    let why = text("why")
    if why.contains("disk") {
      findings.append(
        Finding(
          .disk, name, why,
          do: why.contains("full")
            ? "make room: df, then look again; the agent goes on by itself"
            : "look at the kernel's log (dmesg) and the medium; replace the card before it loses more"))
    } else if let failures = number("disk_failures"), failures > 0 {
      findings.append(
        Finding(
          .disk, name, "the disk has refused \(failures) writes since the agent began",
          do: "look at the kernel's log (dmesg) and the medium; replace the card before it fails for good"))
    }
    guard let slowest = number("slowest_sync_us"), let period = number("period_ms") else { return }
    if slowest > period * 1000, slowest > Self.slowSync {
      findings.append(
        Finding(
          .disk, name,
          "one durable write took \(Units.duration(microseconds: Double(slowest))), longer than a period",
          do:
            "a card that stalls so long is worn or overloaded: what else writes to it? A node votes a window late "
            + "each time"))
    }
  }

  /// Frames that come and cannot be opened.
  private mutating func lookAtKeys() {
    var isStrange = false
    for peer in peers {
      guard let count = peer["frames_not_opened"]?.integer, count > 2 else { continue }
      isStrange = true
      findings.append(
        Finding(
          .keysDiffer, name,
          "\(count) frames in a row that say they are from \(memberName(peer)) do not open",
          do: "the two have other keys or another roster: compare key_id, key_epoch and roster_hash "
            + "(nodctl status on both), and give both the directories of one provisioning"))
    }
    let why = text("why")
    if !isStrange, why.contains("do not open") || why.contains("key epoch") || why.contains("rosters differ")
    {
      findings.append(
        Finding(
          .keysDiffer, name, why,
          do:
            "compare key_id, key_epoch and roster_hash (nodctl status on both), and give both the directories of "
            + "one provisioning"))
    }
  }

  private mutating func lookAtClock() {
    let allowed = files.map { Double($0.configuration.clock.accuracyPPM) } ?? Self.plainAccuracyPPM
    // Both clocks may be off by that much against each other.
    let doubt = number("drift_error_ppb") ?? 0
    if let drift = number("drift_ppb"), Double(abs(drift) - doubt) / 1000 > 2 * allowed {
      findings.append(
        Finding(
          .clock, name,
          "its clock runs \(Units.trimmed(Double(drift) / 1000)) ppm against the cluster's; the configuration "
            + "allows for \(Units.trimmed(allowed)) ppm each",
          do:
            "set [clock] accuracy_ppm to what the board's oscillator really has, on every board of that kind; is "
            + "something else setting this clock?"))
    } else if text("why").contains("clock is in doubt") {
      findings.append(
        Finding(
          .clock, name, text("why"),
          do:
            "shorten the period, or learn what is wrong with the board's oscillator: nodctl status, line clock"
        ))
    }
    if let host = number("guard_host_latency_us"), let period = number("period_ms"), host > period * 1000 / 4
    {
      findings.append(
        Finding(
          .clock, name,
          "waking takes \(Units.duration(microseconds: Double(host))), a quarter of the period or more",
          do: "measure [clock] wake_latency_us again, or lengthen the period"))
    }
  }

  private mutating func lookAtAirTime(_ status: RESPValue) {
    guard let wait = number("air_time_wait_ms"), wait > 0 else { return }
    findings.append(
      Finding(
        .airTime, name,
        "its air time is used up: a full frame waits \(Units.duration(microseconds: Double(wait) * 1000))",
        do: "send less, or lengthen the period: nodd --check says what the beacons alone take"))
  }

  private mutating func lookAtLinks() {
    for peer in peers {
      if let finding = silence(of: peer) { findings.append(finding) }
      let loss = peer["loss_in_permille"]?.integer ?? 0
      if loss >= Self.lossWorthALook, let ago = peer["windows_ago"]?.integer, ago < Self.silentWindows {
        findings.append(
          Finding(
            .lossyLink, "\(memberName(peer)) to \(name)",
            "\(Units.trimmed(Double(loss) / 10)) % of the frames are lost",
            do: "move an aerial, choose a slower rate, or put a member between the two"))
      }
    }
    // What was said in the first windows is about members that had not begun yet.
    guard (number("windows_seen") ?? .max) >= Self.silentWindows else { return }
    for link in OneWayLink.all(in: links) { findings.append(link.finding(seenBy: name)) }
  }

  private func silence(of peer: RESPValue) -> Finding? {
    let ago = peer["windows_ago"]?.integer
    guard (ago ?? number("windows_seen") ?? 0) >= Self.silentWindows else { return nil }
    return Finding(
      .memberNotHeard, memberName(peer),
      ago.map { "\(name) has not heard it for \($0) windows" } ?? "\(name) has never heard it",
      do:
        "does it run, and does it have power? Then its radio, its address in the roster, and who lies between"
    )
  }

  private mutating func lookAtQuorum(_ status: RESPValue) {
    let health = Health(status: status)
    guard !health.isGood else { return }
    let silent = peers.filter { ($0["windows_ago"]?.integer ?? .max) >= Self.silentWindows / 2 }.map(
      memberName)
    if status["leader"] == .some(.none) || status["quorum"]?.isTrue == false {
      var what = health.verdict
      if !health.why.isEmpty { what += ": " + health.why }
      if !silent.isEmpty { what += "; not heard lately: " + silent.joined(separator: ", ") }
      findings.append(
        Finding(
          .noQuorum, name, what,
          do: "a majority of \(text("members")) members must run and hear each other: look at "
            + (silent.isEmpty ? "the other members" : silent.joined(separator: ", "))
            + ", then at the links (nodctl peers)"))
    } else if findings.isEmpty {
      findings.append(
        Finding(
          .unhealthy, name, health.why.isEmpty ? health.verdict : health.why, do: "look at: nodctl status"))
    }
  }

  func memberName(_ row: RESPValue) -> String { row["name"].map { plainText($0) } ?? "-" }
}

/// A link that carries frames one way only, as the two ends last said.
struct OneWayLink: Equatable {
  /// A statement older than this many windows may be about links that are mended.
  private static var oldestStatement: Int64 { 64 }

  let speaker: String
  /// Does not hear the speaker, though the speaker hears it.
  let deaf: String
  /// Windows since the deaf one said so.
  var saidAgo: Int64 = 0

  static func all(in links: [RESPValue]) -> [OneWayLink] {
    let names = links.map { $0["name"].map { plainText($0) } ?? "-" }
    func isTold(_ row: Int) -> Bool {
      links[row]["said_windows_ago"]?.integer.map { $0 < oldestStatement } ?? false
    }
    var found: [OneWayLink] = []
    for listener in links.indices where isTold(listener) {
      for speaker in links.indices where speaker != listener && isTold(speaker) {
        if LinkMatrix.hears(links[listener], speaker) == false,
          LinkMatrix.hears(links[speaker], listener) == true
        {
          let ago = links[listener]["said_windows_ago"]?.integer ?? 0
          found.append(OneWayLink(speaker: names[speaker], deaf: names[listener], saidAgo: ago))
        }
      }
    }
    return found
  }

  func finding(seenBy node: String) -> Finding {
    Finding(
      .oneWayLink, "\(speaker) to \(deaf)",
      "\(speaker) hears \(deaf), and \(deaf) does not hear \(speaker) (\(saidAgo) windows ago; seen by \(node))",
      do:
        "a firewall that drops the radio's port at \(deaf), a wrong address of \(deaf) in the roster at \(speaker), "
        + "or a transmitter that is too weak")
  }
}
