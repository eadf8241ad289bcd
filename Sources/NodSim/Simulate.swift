// One simulated run from its options: faults, then none; what was violated, and whether the cluster came
// back.
import NodCore

/// What came of a run.
package struct SimulationReport: Sendable {
  package var seed: UInt64
  package var violation: Violation?
  package var decided: UInt64
  package var acknowledged: Int
  package var reads: Int
  package var leaderChanges: Int
  package var frames: Int
  package var snapshotsInstalled: UInt64
  package var fingerprint: UInt64
  /// Windows from the end of the faults until every member had a command decided.
  package var windowsToRecover: Int
  /// Histories of one key each that were judged, and those with more possibilities than were looked at.
  package var histories: Int
  package var historiesUndecided: Int
}

/// Runs the world of these options through its faults and out of them. Every safety check runs all the time.
///
/// - Returns: the first violation, if any; the same options always give the same report.
package func simulateOnce(_ options: WorldOptions, trace: ((String) -> Void)? = nil) -> SimulationReport {
  let world = World(options)
  world.trace = trace
  world.run(windows: options.faultyWindows)
  var recovery = 0
  if world.checker.violation == nil {
    world.endFaults()
    recovery = awaitRecovery(world)
  }
  if world.checker.violation == nil, let text = world.traffic.check(world) {
    world.checker.fail("exactly once", text, at: world.now)
  }
  if world.checker.violation == nil { world.traffic.clients.judge(world, all: true) }
  var installed: UInt64 = 0
  for i in 0..<options.memberCount { installed += world.node(i) { $0.counters.snapshotsInstalled } ?? 0 }
  return SimulationReport(
    seed: options.seed, violation: world.checker.violation, decided: world.checker.highestDecided,
    acknowledged: world.traffic.acknowledged, reads: world.traffic.readsAnswered,
    leaderChanges: world.checker.leaderChanges, frames: world.framesOnAir, snapshotsInstalled: installed,
    fingerprint: world.fingerprint, windowsToRecover: recovery, histories: world.traffic.clients.judged,
    historiesUndecided: world.traffic.clients.undecided)
}

/// A new command at every member, and a read, must be answered; and all must hold the same. A backlog of the faulty
/// time comes first: as long as something is decided the quiet windows count anew, up to ten times.
private func awaitRecovery(_ world: World) -> Int {
  world.run(windows: 1)
  for i in 0..<world.options.memberCount { world.traffic.probe(world, member: i) }
  var windows = 0
  var progress = (windows: 0, decided: world.checker.highestDecided)
  while windows - progress.windows < world.options.quietWindows, windows < 10 * world.options.quietWindows,
    world.checker.violation == nil
  {
    world.run(windows: 5)
    windows += 5
    if world.checker.highestDecided > progress.decided { progress = (windows, world.checker.highestDecided) }
    world.traffic.retryProbes(world)
    if world.traffic.probesAnswered && world.isSettled { return windows }
  }
  if world.checker.violation == nil {
    world.checker.fail(
      "liveness", "\(windows) windows after the last fault: \(world.stateOfAll)", at: world.now)
  }
  return windows
}

extension World {
  /// Everybody applied everything that is decided.
  package var isSettled: Bool {
    for i in 0..<members.count where node(i, { $0.applied.raw }) != checker.highestDecided { return false }
    return true
  }

  package var stateOfAll: String {
    var text = traffic.probesAnswered ? "" : "commands wait; "
    for i in 0..<members.count { text += node(i) { state(of: $0, i) } ?? "n\(i) dark; " }
    return text
  }

  private func state(of n: borrowing Node, _ i: Int) -> String {
    let a = n.acceptor.accepted
    let p = n.acceptor.promised
    var text = "n\(i) \(n.role.name) w\(n.timeline.window) promised \(p.round).\(p.node.raw) "
    text += "accepted \(a.round).\(a.node.raw) log \(n.acceptor.log.first.raw)...\(n.acceptor.last.raw) "
    text +=
      "commit \(n.acceptor.commit.raw) applied \(n.applied.raw) waiting \(n.pending.next - n.pending.oldest)"
    if !n.mayVote { text += " no vote" }
    if n.isUnfit { text += " unfit" }
    if n.acceptor.isStaging { text += " staging \(n.acceptor.stageBallot.round)" }
    if n.snapshots.isFetching { text += " fetching" }
    return text + "; "
  }
}
