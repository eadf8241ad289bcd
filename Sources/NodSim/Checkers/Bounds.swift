// Memory and disk stay within the bounds that have names: queues, log, store, tokens, journal.
import NodCore

extension Checker {
  func checkBounds(_ world: World, _ i: Int, _ node: borrowing Node) {
    func hold(_ what: String, _ count: Int, atMost bound: Int) {
      if count > bound { fail("bounds", "n\(i) has \(count) \(what), at most \(bound)", at: world.now) }
    }
    let limits = node.registry.limits
    hold("waiting commands", node.pending.next - node.pending.oldest, atMost: Limits.pendingCommands)
    hold("outcomes", node.effects.completions.count, atMost: Limits.outcomes)
    hold("read outcomes", node.effects.reads.count, atMost: Limits.pendingReads)
    hold("log entries", node.acceptor.log.count, atMost: node.acceptor.log.capacity)
    hold("log bytes", node.acceptor.log.usedBytes, atMost: node.acceptor.log.byteCapacity)
    hold("keys", node.registry.keyCount, atMost: limits.storeKeys)
    hold("bytes of keys", node.registry.usedBytes, atMost: limits.storeBytes)
    hold("tokens", node.registry.tokenCount, atMost: limits.tokenWindow + 1)
    // Two segments at most, each a checkpoint (snapshot, log, staged log) and as much again in batches.
    let log = node.acceptor.log.byteCapacity + node.acceptor.log.capacity * 64
    let checkpoint = 2 * limits.storeBytes + 2 * log + 1 << 17
    hold(
      "bytes of journal", world.members[i].disk.byteCount, atMost: 2 * (checkpoint + max(1 << 20, checkpoint))
    )
    if node.applied > node.acceptor.commit || node.acceptor.commit > node.acceptor.last {
      fail("bounds", "n\(i) applied \(node.applied.raw), decided \(node.acceptor.commit.raw)", at: world.now)
    }
  }
}
