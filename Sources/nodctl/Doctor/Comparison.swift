// What only shows when nodes are laid side by side: files that differ though they must not, clocks that do not agree.
import NodAgent
import NodConsole
import NodCore

/// - Returns: findings about two nodes or more, each trouble once.
func comparison(_ patients: [Patient]) -> [Finding] {
  guard let first = patients.first else { return [] }
  var findings: [Finding] = []
  for other in patients.dropFirst() {
    let places = "\(first.name), \(other.name)"
    if let period = differingPeriod(first, other) {
      findings.append(
        Finding(
          .wrongPeriod, places,
          "their periods differ: \(period.0) ms and \(period.1) ms: they never wake together",
          do: "the roster must be the same file on every node: copy one over, and restart the agents"))
    } else if let what = differingRosters(first, other) {
      findings.append(
        Finding(
          .rostersDiffer, places, what,
          do: "the roster must be the same file on every node: frame keys are made of it, so they cannot talk"
        ))
    }
    if let what = differingKeys(first, other) {
      findings.append(
        Finding(
          .keysDiffer, places, what, do: "give every node the group.key that one provisioning sealed to it"))
    }
    if let slot = sharedSlot(first, other) {
      findings.append(
        Finding(
          .sameMemberTwice, places, "both are the member of slot \(slot)",
          do: "stop one at once: two agents with one identity break what they promised"))
    }
  }
  return findings + clocks(patients)
}

private func differingPeriod(_ a: Patient, _ b: Patient) -> (Int64, Int64)? {
  func period(_ patient: Patient) -> Int64? {
    patient.number("period_ms") ?? patient.files.map { $0.roster.period.raw / 1000 }
  }
  guard let one = period(a), let two = period(b), one != two else { return nil }
  return (one, two)
}

private func differingRosters(_ a: Patient, _ b: Patient) -> String? {
  if let one = a.status?["roster_hash"], let two = b.status?["roster_hash"] {
    return one == two ? nil : "their rosters differ (roster_hash \(plainText(one)) and \(plainText(two)))"
  }
  guard let one = a.files?.roster, let two = b.files?.roster else {
    guard let one = a.status?["cluster"], let two = b.status?["cluster"], one != two else { return nil }
    return "they are of two clusters: \(plainText(one)) and \(plainText(two))"
  }
  guard one.canonicalBytes != two.canonicalBytes else { return nil }
  if one.identity != two.identity {
    return "their rosters are of two provisionings (the cluster's identity differs)"
  }
  for (mine, theirs) in zip(one.members, two.members) where mine.address != theirs.address {
    return "their rosters differ: \(mine.name) is at \(mine.address), or at \(theirs.address)"
  }
  return "their rosters differ"
}

private func differingKeys(_ a: Patient, _ b: Patient) -> String? {
  if let one = a.number("key_epoch"), let two = b.number("key_epoch"), one != two {
    return "their key epochs differ: \(one) and \(two)"
  }
  if let one = a.status?["key_id"], let two = b.status?["key_id"], one != two {
    return
      "their keys of epoch \(a.text("key_epoch")) differ (key_id \(plainText(one)) and \(plainText(two)))"
  }
  return nil
}

private func sharedSlot(_ a: Patient, _ b: Patient) -> Int64? {
  guard let one = a.number("slot"), one == b.number("slot"), a.status?["cluster"] == b.status?["cluster"]
  else {
    return nil
  }
  // The same agent named twice is no trouble.
  return a.number("incarnation") == b.number("incarnation")
    && a.number("uptime_ms").map { up in
      abs(up - (b.number("uptime_ms") ?? 0)) < 5000
    } ?? false ? nil : one
}

/// Cluster time as two nodes tell it, asked at nearly the same moment from one place.
private func clocks(_ patients: [Patient]) -> [Finding] {
  /// Beside what the nodes themselves say their error is: the way of question and answer.
  let tolerance: Int64 = 20_000
  let told = patients.filter { $0.number("cluster_time_us") != nil && $0.number("leader_since_ms") != nil }
  guard let first = told.first, let mine = first.number("cluster_time_us") else { return [] }
  var findings: [Finding] = []
  for other in told.dropFirst() {
    guard let theirs = other.number("cluster_time_us"), other.status?["leader"] == first.status?["leader"]
    else {
      continue
    }
    let apart = abs((mine - first.askedAt) - (theirs - other.askedAt))
    let allowed =
      tolerance + first.tookTime + other.tookTime + (first.number("clock_error_us") ?? 0)
      + (other.number("clock_error_us") ?? 0)
    guard apart > allowed else { continue }
    findings.append(
      Finding(
        .clock, "\(first.name), \(other.name)",
        "they disagree about cluster time by \(Units.duration(microseconds: Double(apart)))",
        do:
          "one of the clocks runs wrong: nodctl status on both, line clock; [clock] accuracy_ppm must be true"
      ))
  }
  return findings
}
