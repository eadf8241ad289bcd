// Who held what, on disk, in which ballot: kept from the disks themselves after every sync, and from the
// leaders' logs as they proposed them. Decisions, votes and promises are judged by this, never by what a node
// says of itself.
import NodCore

/// Invariant: `held` never says more than was on a voting member's disk at some moment.
final class Ledger {
  private(set) var states: [DurableState]
  /// For each member and ballot: the log of that ballot was on its disk up to here.
  private(set) var held: [[Ballot: UInt64]]
  /// The log of each ballot as its own leader had it: a mark of each entry.
  private var logs: [Ballot: [UInt64: UInt64]] = [:]
  private var ends: [Ballot: UInt64] = [:]
  private var recorded: [Ballot: UInt64] = [:]
  private var syncsSeen: [Int]
  private var inMemory: [(ballot: Ballot, last: UInt64)?]

  init(memberCount: Int) {
    states = Array(repeating: DurableState(), count: memberCount)
    held = Array(repeating: [:], count: memberCount)
    syncsSeen = Array(repeating: -1, count: memberCount)
    inMemory = Array(repeating: nil, count: memberCount)
  }

  /// A member lost its disk with everything on it: what it held then was true, what comes is another journal.
  func replaced(_ i: Int) {
    states[i] = DurableState()
    syncsSeen[i] = -1
  }
  func restarted(_ i: Int) { inMemory[i] = nil }

  /// Reads what the disk has now that it had not before.
  func readDisk(_ world: World, _ i: Int) {
    let disk = world.members[i].disk
    guard disk.counts.syncs != syncsSeen[i], world.members[i].isUp else { return }
    syncsSeen[i] = disk.counts.syncs
    let before = states[i]
    var foreign: (ballot: Ballot, index: UInt64)?
    let fault = states[i].read(disk) { ballot, index, mark in
      if let known = logs[ballot]?[index], known != mark, foreign == nil { foreign = (ballot, index) }
    }
    let now = states[i]
    func fail(_ rule: String, _ text: String) { world.checker.fail(rule, "n\(i) \(text)", at: world.now) }
    if let fault { fail("journal", "wrote what cannot be read: \(fault)") }
    if let foreign {
      fail(
        "one log", "holds at \(foreign.index) in \(text(foreign.ballot)) what its leader never proposed there"
      )
    }
    if now.promised < before.promised { fail("promise", "had promised \(text(before.promised)) on disk") }
    if now.accepted < before.accepted { fail("promise", "had accepted in \(text(before.accepted)) on disk") }
    if now.accepted == before.accepted && now.last < before.last {
      fail("durability", "held \(before.last) in \(text(now.accepted)) on disk, and holds \(now.last)")
    }
    if now.mayVote && now.last > held[i][now.accepted] ?? 0 { held[i][now.accepted] = now.last }
  }

  /// What a node has in memory: a leader's log is the log of its ballot; nobody's is longer.
  func readMemory(_ world: World, _ i: Int, _ node: borrowing Node) {
    let ballot = node.acceptor.accepted
    let last = node.acceptor.last.raw
    if let before = inMemory[i] {
      if ballot < before.ballot || ballot == before.ballot && last < before.last {
        world.checker.fail(
          "durability",
          "n\(i) accepted up to \(before.last) in \(text(before.ballot)), and now up to \(last) in \(text(ballot))",
          at: world.now)
      }
      if ballot == before.ballot && last == before.last { return }
    }
    inMemory[i] = (ballot, last)
    if Int(ballot.node.raw) == i {
      ends[ballot] = max(ends[ballot] ?? 0, last)
      record(ballot, node)
    } else if ballot > .zero, last > ends[ballot] ?? 0 {
      world.checker.fail(
        "one log", "n\(i) holds up to \(last) in \(text(ballot)), its leader only up to \(ends[ballot] ?? 0)",
        at: world.now)
    }
  }

  private func record(_ ballot: Ballot, _ node: borrowing Node) {
    var index = max((recorded[ballot] ?? 0) + 1, node.acceptor.log.first.raw)
    guard index <= node.acceptor.last.raw else { return }
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { scratch in
      while index <= node.acceptor.last.raw {
        logs[ballot, default: [:]][index] = mark(of: LogIndex(index), in: node, scratch)
        index += 1
      }
    }
    recorded[ballot] = node.acceptor.last.raw
  }

  private func mark(of index: LogIndex, in node: borrowing Node, _ scratch: UnsafeMutableRawBufferPointer)
    -> UInt64
  {
    Ledger.mark(index, node.acceptor.log.head(index), node.acceptor.log.payload(index), scratch)
  }

  static func mark(
    _ index: LogIndex, _ head: EntryHead, _ payload: Bytes, _ scratch: UnsafeMutableRawBufferPointer
  )
    -> UInt64
  {
    var out = ByteWriter(scratch)
    out.varint(index.raw)
    EntryCodec.write(head, payload, at: index, base: .zero, to: &out)
    return entryMark(out.written)
  }

  // MARK: what is asked

  /// Whether this is, as far as is known, the entry that the leader of `ballot` proposed at `index`.
  func isOfLog(_ ballot: Ballot, _ index: UInt64, _ mark: UInt64) -> Bool {
    guard let known = logs[ballot]?[index] else { return true }
    return known == mark
  }

  /// Whether in some ballot, `ballot` at most, a quorum of disks held the log up to `index`.
  func isOnAQuorum(_ index: UInt64, upTo ballot: Ballot, quorum: Int) -> Bool {
    var seen: Set<Ballot> = []
    for member in held { for (b, last) in member where b <= ballot && last >= index { seen.insert(b) } }
    return seen.contains { b in held.count { $0[b] ?? 0 >= index } >= quorum }
  }

  /// The most disks that held `index` in one ballot.
  func holders(_ index: UInt64) -> Int {
    var most = 0
    for member in held {
      for (b, last) in member where last >= index { most = max(most, held.count { $0[b] ?? 0 >= index }) }
    }
    return most
  }

  private func text(_ ballot: Ballot) -> String { "ballot \(ballot.round).\(ballot.node.raw)" }
}
