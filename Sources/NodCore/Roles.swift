// What a node is at the moment, as states that cannot contradict themselves.

package struct FollowerState: Sendable {}

/// Who promised a candidate's ballot, and whose log is the most up-to-date among them (Lamport 2001,
/// section 2.2 phase 1b;
/// its own state counts like any other's).
package struct PromiseSet: Sendable {
  package private(set) var members = NodeSet()
  package private(set) var bestAccepted = Ballot.zero
  package private(set) var bestLast = LogIndex.zero
  package private(set) var best: NodeID

  package init(own: NodeID) { best = own }

  /// A second promise of the same member changes nothing.
  package mutating func add(_ node: NodeID, accepted: Ballot, last: LogIndex) {
    guard !members.contains(node) else { return }
    members.insert(node)
    if members.count == 1 || accepted > bestAccepted || (accepted == bestAccepted && last > bestLast) {
      bestAccepted = accepted
      bestLast = last
      best = node
    }
  }
}

package struct CandidateState: Sendable {
  package var ballot: Ballot
  /// Records that must be durable before the own promise may be spoken of.
  package var mark: UInt64
  package var promises: PromiseSet
  package var sinceWindow: UInt32
  /// Set when a quorum promised and the best log is being fetched.
  package var isRecovering = false
}

package struct LeaderState: Sendable {
  package var ballot: Ballot
  /// The index of this ballot's `begin`.
  package var begin: LogIndex
  /// Entries up to here were sent once.
  package var sentThrough: LogIndex
  /// Windows in which an answer was due.
  package var dueWindows = 0
  /// How many of those, up to now, it takes to find a quorum that was heard first-hand.
  package var quorumAge = 0
  package var isDue = false
  package var heardThisWindow = NodeSet()
  /// A window took more than one cycle, so frames get lost: up to here beacons repeat what not everybody is
  /// known to have.
  package var repeatsUntil: UInt32 = 0
  /// Up to here frames are taken to get lost still.
  package var lossyUntil: UInt32 = 0
  /// The newest window in which a quorum was heard.
  package var quorumWindow: UInt32
  /// Windows in which it said that it hands over.
  package var farewells = 0
  /// A ballot above its own that a member told first-hand to have promised.
  package var outbid = Ballot.zero
}

package enum Role: Sendable {
  case follower(FollowerState)
  case candidate(CandidateState)
  case leader(LeaderState)

  package var name: StaticString {
    switch self {
    case .follower: "follower"
    case .candidate: "candidate"
    case .leader: "leader"
    }
  }
}

/// The first stage of an election: asking whether it would be won, without promising anything (pre-vote).
package struct Canvass: Sendable {
  package var window: UInt32 = 0
  package var supporters = NodeSet()
  /// Whom this node supports in this window.
  package var supported: NodeID?
  /// How many members that one said it hears.
  var supportedHears = 0
  /// Who was heard in this window, itself included.
  var heard = NodeSet()
  /// Another was heard that looks for a leader too.
  var othersSuspect = false
  package init() {}

  /// What was said in another window counts in that one only.
  mutating func begin(in window: UInt32) {
    guard self.window != window else { return }
    self = Canvass()
    self.window = window
  }

  /// Calls for itself.
  mutating func stand(_ id: NodeID) {
    supported = id
    supporters = NodeSet()
    supporters.insert(id)
    heard.insert(id)
  }
}
