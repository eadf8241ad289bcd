// The safety checks, after everything that happens: what a cluster must never do, whatever the faults.
import NodCore

/// What was violated, where and when; the seed replays it.
package struct Violation: Error, CustomStringConvertible, Sendable {
  package var rule: String
  package var text: String
  package var at: Int64
  package var description: String { "\(rule) violated at \(at) µs: \(text)" }
}

/// Checks agreement, durability, monotone ballots, one leader per ballot, exactly-once, and what clients
/// were told.
package final class Checker {
  package private(set) var violation: Violation?
  /// The decided log as anybody first knew it.
  private var decided: [UInt64: [UInt8]] = [:]
  package private(set) var highestDecided: UInt64 = 0
  private var promised = PerMember<Ballot>()
  private var accepted = PerMember<Ballot>()
  private var commit = PerMember<UInt64>()
  private var leaders: [Ballot: Int] = [:]
  package private(set) var leaderChanges = 0
  private var digests: [UInt64: UInt64] = [:]
  /// Of each position at which a member took a snapshot, what it is.
  private var snapshots: [UInt64: UInt64] = [:]
  /// The newest that was looked at, by member: nothing is to be looked up after each event.
  private var snapshotSeen = PerMember<UInt64>()
  package private(set) var refusals: [String] = []
  /// What is on the disks and in the leaders' logs; made with the world.
  var ledger: Ledger!
  /// Which command each decided position carries, where it carries the whole or the last part of one.
  private var commands: [UInt64: CommandID] = [:]
  private var openCommand: CommandID?
  /// Starts that were refused because of damage are a violation unless a test makes damage.
  package var allowsRefusal = false

  package init() {}

  package func fail(_ rule: String, _ text: String, at: Int64) {
    if violation == nil { violation = Violation(rule: rule, text: text, at: at) }
  }

  func refused(_ i: Int, _ text: String, at: Int64) {
    refusals.append("n\(i): \(text)")
    if !allowsRefusal { fail("recovery", "n\(i) does not start: \(text)", at: at) }
  }

  func forgetPromises(of i: Int) {
    promised[i] = nil
    accepted[i] = nil
  }

  /// After a power cut what was spoken of must still be there.
  func restarted(_ world: World, _ i: Int) {
    commit[i] = nil
    ledger.restarted(i)
    ledger.readDisk(world, i)
    world.node(i) { node in
      if let before = promised[i], node.acceptor.promised < before {
        fail("promise", "n\(i) forgot its promise \(before), holds \(node.acceptor.promised)", at: world.now)
      }
      if let before = accepted[i], node.acceptor.accepted < before {
        fail("promise", "n\(i) forgot that it accepted in \(before)", at: world.now)
      }
      if let spoken = world.spokenVotes[i], spoken.ballot == node.acceptor.accepted,
        node.acceptor.last < spoken.last
      {
        fail(
          "durability",
          "n\(i) voted for \(spoken.last.raw) in \(spoken.ballot) and holds \(node.acceptor.last.raw)",
          at: world.now)
      }
    }
  }

  func look(_ world: World, _ i: Int) {
    guard violation == nil else { return }
    ledger.readDisk(world, i)
    world.node(i) { node in
      ledger.readMemory(world, i, node)
      checkBounds(world, i, node)
      // Only what is durable must survive; what is spoken of is at most that.
      if node.durability.records >= 1 {
        if let spoken = world.spoken[i] {
          if spoken.promised > (promised[i] ?? .zero) { promised[i] = spoken.promised }
          if spoken.accepted > (accepted[i] ?? .zero) { accepted[i] = spoken.accepted }
        }
      }
      if node.effects.has(.diverged) {
        fail("agreement", "n\(i) sees another digest than its own", at: world.now)
      }
      if node.effects.has(.lostMemory) {
        fail("durability", "n\(i) finds a vote of its own beyond its disk", at: world.now)
      }
      if commit[i] != node.acceptor.commit.raw { checkDecided(world, i, node) }
      checkSnapshot(world, i, node)
      if node.isLeader {
        let ballot = node.acceptor.accepted
        if let other = leaders[ballot], other != i {
          fail("one leader", "n\(i) and n\(other) lead in \(ballot)", at: world.now)
        }
        if leaders[ballot] == nil {
          leaders[ballot] = i
          leaderChanges += 1
        }
      }
    }
  }

  private func checkDecided(_ world: World, _ i: Int, _ node: borrowing Node) {
    let from = max(commit[i] ?? 0, node.acceptor.log.first.raw - 1)
    let to = node.acceptor.commit.raw
    if let before = commit[i], to < before {
      fail("durability", "n\(i) decided \(before), now \(to)", at: world.now)
    }
    guard to > from || commit[i] == nil else { return }
    var index = from
    while index < to {
      index += 1
      let at = LogIndex(index)
      var bytes = [
        UInt8(node.acceptor.log.head(at).kind.rawValue),
        UInt8(truncatingIfNeeded: node.acceptor.log.head(at).stamp.milliseconds),
      ]
      bytes.append(contentsOf: node.acceptor.log.payload(at))
      if let known = decided[index] {
        if known != bytes { fail("agreement", "n\(i) decides another entry at \(index)", at: world.now) }
      } else {
        decided[index] = bytes
        highestDecided = max(highestDecided, index)
        note(node.acceptor.log.head(at), at: index)
        checkStamp(world, i, node.acceptor.log.head(at).stamp)
        if !ledger.isOnAQuorum(index, upTo: node.acceptor.accepted, quorum: world.settings.quorum) {
          fail(
            "quorum",
            "index \(index) is decided by n\(i) and was on \(ledger.holders(index)) disks in one ballot",
            at: world.now)
        }
      }
    }
    commit[i] = to
    let applied = node.applied.raw
    if applied == to {
      let digest = node.registry.digest
      if let known = digests[applied], known != digest {
        fail("agreement", "n\(i) has another state at \(applied)", at: world.now)
      }
      digests[applied] = digest
      if digests.count > 4096 { digests = [applied: digest] }
    }
  }

  /// Chunks of one snapshot come from anybody who has it: whoever takes it at one position has the same bytes.
  private func checkSnapshot(_ world: World, _ i: Int, _ node: borrowing Node) {
    let index = node.snapshots.index.raw
    guard index > 0, snapshotSeen[i] != node.snapshots.hash else { return }
    snapshotSeen[i] = node.snapshots.hash
    if let known = snapshots[index], known != node.snapshots.hash {
      fail("one snapshot", "n\(i) has another snapshot of \(index) than a member before it", at: world.now)
    }
    snapshots[index] = node.snapshots.hash
  }

  /// Cluster time follows what went by, not anybody's clock : what clocks may be off, and a few seconds.
  private func checkStamp(_ world: World, _ i: Int, _ stamp: ClusterTime) {
    let elapsed = UInt64((world.now + world.jumpedAhead) / 1000)
    let drift = elapsed / 1_000_000 * UInt64(max(1_000, world.options.clockAccuracyPPM))
    if stamp.milliseconds > elapsed + drift + 3_000 {
      fail("cluster time", "n\(i) decides at \(stamp.milliseconds) ms, \(elapsed) ms went by", at: world.now)
    }
  }

  private func note(_ head: EntryHead, at index: UInt64) {
    switch head.kind {
    case .command:
      openCommand = head.hasMore ? head.token.id : nil
      if !head.hasMore { commands[index] = head.token.id }
    case .part:
      if !head.hasMore, let id = openCommand { commands[index] = id }
      if !head.hasMore { openCommand = nil }
    case .begin: openCommand = nil
    }
  }

  /// A client is told that its command was applied at a position: there it must be, decided, for ever.
  func told(_ world: World, _ i: Int, _ completion: Completion) {
    if case .staleToken = completion.result.outcome { return }
    let index = completion.result.index.raw
    if index > highestDecided || index == 0 {
      fail("told", "n\(i) answers for position \(index), decided are \(highestDecided)", at: world.now)
    } else if let id = commands[index], id != completion.token.id {
      fail("told", "n\(i) answers for position \(index), where another command stands", at: world.now)
    }
  }
}
