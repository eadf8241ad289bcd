// Hooks in the agent's loop: what has changed is noted, what is due is started, and at the end the last word
// is said to them. docs/hooks.md tells what a program may rely on.
import CBoard
import NodCore
import NodStation

extension Agent {
  mutating func runHooks() {
    guard !cluster.hooks.isEmpty else { return }
    let plan = cluster.station.plan
    cluster.hooks.radio(isOn: radio.isOn, wakeAt: plan.wakeAt, now: cluster.now)
    cluster.hooks.facts = hookFacts
    noteGaps()
    cluster.hooks.step(cluster.station.node.registry, now: cluster.now)
  }

  private var hookFacts: HookFacts {
    let node = cluster.station.node.leader
    var facts = HookFacts()
    facts.leader = node
    facts.standing = node == nil ? .noLeader : node == cluster.files.own.slot ? .leader : .follower
    facts.role = cluster.station.node.role.name
    facts.ballot = cluster.station.node.leaderBallot
    facts.index = cluster.station.node.applied
    return facts
  }

  /// A snapshot that was installed, or changes that nobody could keep: what is gone was not told.
  private mutating func noteGaps() {
    let gaps =
      cluster.station.node.counters.snapshotsInstalled &+ cluster.station.node.registry.droppedChanges
    guard gaps != toldGaps else { return }
    toldGaps = gaps
    cluster.hooks.news.forget()
  }

  /// Role hooks hear that this agent stops; whatever still runs after a while is ended.
  mutating func finishHooks() throws(BoardFailure) {
    guard !cluster.hooks.isEmpty else { return }
    cluster.hooks.facts = hookFacts
    cluster.hooks.stop()
    let end = BoardClock.now + HookLimits.patienceAtEnd
    var ends = try Poll()  // nothing else is listened to any more
    try ends.add(signals.descriptor, token: Token.signals)
    repeat {
      cluster.now = BoardClock.now
      cluster.hooks.step(cluster.station.node.registry, now: cluster.now)
      if cluster.hooks.isIdle { break }
      _ = try ends.wait(timeoutMilliseconds: 100)
      while signals.next() != nil {}  // one for each signal that is pending
    } while cluster.now < end
    cluster.hooks.killAll()
  }
}
