// What a node knows of one other member; nothing of it is durable, all of it is evidence with an age.

/// What a peer said it misses. Served by whoever has it, forgotten when it is old.
package struct Pull: Sendable {
  package var ballot = Ballot.zero
  /// The index that it misses first.
  package var next = LogIndex.zero
  /// Bit k: it has index `next + 1 + k` behind the hole.
  package var held: UInt64 = 0
  package var window: UInt32 = 0
  /// Who is asked to serve it.
  package var to = NodeID(0)
  package var isOpen = false
}

/// Which chunks of which snapshot a peer asked for.
package struct SnapshotPull: Sendable {
  package var index = LogIndex.zero
  package var hash: UInt64 = 0
  package var firstMissing: UInt32 = 0
  /// Bit k: it has chunk `firstMissing + 1 + k`.
  package var held: UInt64 = 0
  package var window: UInt32 = 0
  package var isOpen = false
}

package struct Peer: Sendable {
  /// The newest window in which it spoke itself; 0: never.
  package var heardWindow: UInt32 = 0
  package var heardAt = LocalTime.zero
  /// As a leader: the number of the window with due answers in which it was last heard.
  package var heardDue = 0
  /// The newest window in which anything authentic of it came, fresh or not.
  package var seenWindow: UInt32 = 0
  /// This node repeats the leader's beacon for it until this window: it hears the leader only through others.
  package var relayUntil: UInt32 = 0
  /// Its start salt, and the one under which it quoted ours: fresh when they are equal.
  package var salt: UInt64 = 0
  package var freshSalt: UInt64 = 0
  /// The counter of the frame in which it first did; what it sent before may be a recording.
  package var freshFloor: UInt32 = 0
  package var incarnation: UInt32 = 0
  /// The newest window in which an authentic frame, fresh or not, said that it leads.
  package var ledWindow: UInt32 = 0
  /// The newest start of it that is known, when an older one had to be refused, and in which window that was.
  package var newestStart: UInt32 = 0
  package var refusedWindow: UInt32 = 0
  /// The newest window in which it asked to be greeted.
  package var asksWindow: UInt32 = 0
  package var asks = false
  /// Whom it said it hears.
  package var hears = NodeSet()
  package var hearsWindow: UInt32 = 0
  package var promised = Ballot.zero
  package var decided = LogIndex.zero
  package var pull = Pull()
  package var snapshotPull = SnapshotPull()
  package var loss = LossEstimate()
  package var inFullWindows = FullWindowCount()
  /// As a leader: its beacons that were missed since it was last known to be there.
  package var missed = 0
  package var framesHeard: UInt64 = 0
  package init() {}
  package var isFresh: Bool { salt != 0 && salt == freshSalt }
}

/// One slot of memory for each member.
public struct Peers: ~Copyable {
  private let store: UnsafeMutablePointer<Peer>
  package let count: Int
  package init(count: Int) {
    self.count = count
    store = .allocate(capacity: count)
    for slot in 0..<count { (store + slot).initialize(to: Peer()) }
  }
  deinit { store.deallocate() }
  package subscript(node: NodeID) -> Peer {
    get { store[place(node)] }
    nonmutating _modify { yield &store[place(node)] }
  }
  private func place(_ node: NodeID) -> Int {
    precondition(Int(node.raw) < count, "slots are checked where they come in")
    return Int(node.raw)
  }
}
