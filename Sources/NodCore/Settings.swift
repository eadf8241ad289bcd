// What a cluster agreed on before it began (the roster), as the core needs it, and the bounds derived from
// it.
// Everything here is alike on every member; the roster's hash in the frame keys keeps others out.

/// Whom a voter may refuse (Howard & Mortier 2020). Recovery of the best promised log always runs, under
/// both rules.
package enum ElectionRule: UInt8, Sendable {
  /// Any candidate may win; it then fetches what it lacks.
  case paxos = 0
  /// A voter refuses a candidate whose log is behind its own.
  case raft = 1
}

package struct ClusterSettings: Sendable {
  /// Voters, in slots 0 ..< memberCount.
  package var memberCount: Int
  package var membershipVersion: UInt8 = 1
  package var rule: ElectionRule = .paxos
  /// Distance of two grid points, 100 ms to 15 min.
  package var period: Microseconds
  /// Every how many windows one is full.
  package var fullEvery: UInt32 = 16
  /// Shared slots for followers' requests before the beacon, 1 to 4.
  package var requestSlots: Int = 2
  /// Length of one slot: air time of the largest frame, twice the in-slot jitter, turn-round.
  package var slot: Microseconds
  /// Between a proposal and the first acknowledge slot: time for the durable write.
  package var syncGap: Microseconds
  /// Air time of one full frame plus turn-round: the pace of frames within the leader's slot.
  package var framePace: Microseconds
  /// Most propose-acknowledge cycles in one window.
  package var cycleLimit: Int = 8
  /// Largest datagram in bytes, header and tag included.
  package var mtu: Int
  /// A snapshot may be taken at log positions that are multiples of this.
  package var snapshotEvery: UInt64 = 1024
  package var registry = RegistryLimits()

  package init(
    memberCount: Int, period: Microseconds, slot: Microseconds, syncGap: Microseconds,
    framePace: Microseconds, mtu: Int
  ) {
    self.memberCount = memberCount
    self.period = period
    self.slot = slot
    self.syncGap = syncGap
    self.framePace = framePace
    self.mtu = mtu
  }

  package var members: NodeSet { NodeSet(firstSlots: memberCount) }
  package func isMember(_ node: NodeID) -> Bool { Int(node.raw) < memberCount }
  /// Majority: any two of them share a member.
  package var quorum: Int { memberCount / 2 + 1 }
  /// Frames whose room is so small that votes and reads are said once in a burst, not in each of its frames.
  package var hasSmallFrames: Bool { mtu < 512 }
  /// What a frame has left for entries beside all that may go with them; of a small frame, beside all but the votes.
  package var entryRoom: Int {
    mtu - Limits.frameOverhead - Limits.preludeReserve - Limits.entriesHead
      - (hasSmallFrames ? 0 : Limits.fullVotesReserve)
  }
  /// Most payload bytes of one log entry, so that it fits a frame.
  package var entryPayloadLimit: Int { min(1024, max(8, entryRoom - Limits.entryHead)) }
  /// One propose-acknowledge cycle whose leader sends one frame.
  package var cycleLength: Microseconds { slot + syncGap + slot * memberCount }
}

/// Every bound of the core, with its name.
package enum Limits {
  /// Clear header 7, start salt 8, tag 16.
  package static let frameOverhead = 31
  /// Prelude and cycle, at most.
  package static let preludeReserve = 34
  /// What stands before the entries of a section: kind, length, first index, base, number.
  package static let entriesHead = 14
  /// What stands before the payload of a frame's first entry, at most.
  package static let entryHead = 18
  /// Votes that most agree in, without the bitmap; and those of many members that all differ, with reads.
  package static let votesReserve = 10
  package static let fullVotesReserve = 72
  /// Frames that a leader sends in one slot at most.
  package static let burstFrames = 24
  /// Bytes of node records that one input can cause, before the station takes them away.
  package static let recordBytes = 1 << 18
  /// Of those, kept for what is no log entry: promises, alignments, marks.
  package static let recordReserve = 4096
  /// A command takes at most this share of the log's entries.
  package static let commandShare = 4
  /// A leader leaves this share of the log's entries to those who lead after it.
  package static let logReserveShare = 8
  /// Commands taken from local callers and from other members that wait for their decision.
  package static let pendingCommands = 1024
  package static let forwardedCommands = 256
  /// Linearizable reads that wait on one node.
  package static let pendingReads = 256
  /// Outcomes that one input can cause.
  package static let outcomes = 2048
  /// Windows in which an answer was due and no quorum gave one, before a leader steps down.
  package static let dueMisses = 3
  /// Windows that a candidate repeats its prepare before it gives up.
  package static let candidateWindows: UInt32 = 4
  /// A peer heard within so many windows counts as there: it is pushed to; who was away pulls.
  package static let heardLatelyWindows: UInt32 = 32
  /// Windows after a command in which beacons repeat it, where frames get lost; and for how long one window that needed
  /// a second cycle shows that they do.
  package static let tailWindows: UInt32 = 5
  package static let lossyWindows: UInt32 = 64
  /// A log that lacks no more than so many entries is not behind: the window that brought them may still mend it.
  package static let gapOfOneWindow = 8
  /// So many windows after a command everybody still stays for the whole window.
  package static let busyWindows: UInt32 = 3
  /// Cycles without an answer, in a window that everybody stays for, after which a leader gives up until the next.
  package static let fruitlessCycles = 8
  /// Whoever has it stands for leader as soon as one is missing.
  package static let highestPriority = 10
  /// Windows of election in vain before a node backs off, and the largest exponent of the back-off.
  package static let lonelyWindows: UInt32 = 24
  package static let backOffExponent = 6
}
