// Where a node is in its window, and what the radio does: the node's plan for its world.

package enum Phase: UInt8, Sendable {
  /// No grid: the receiver is on.
  case searching
  case asleep
  /// Before the beacon: followers with news send, the leader listens.
  case request
  /// The leader's slot, seen from everybody else.
  case awaiting
  /// The own slot of whoever drives the window: frames go out.
  case burst
  /// Acknowledge slots.
  case acknowledge
}

/// What is sent next.
package enum Speech: UInt8, Sendable {
  case request = 0
  case drive
  case answer

  package var name: StaticString {
    switch self {
    case .request: "request"
    case .drive: "drive"
    case .answer: "answer"
    }
  }
}

package struct Timeline: Sendable {
  package var phase = Phase.searching
  package var window: UInt32 = 0
  package var gridPoint = LocalTime.zero
  package var cycle = 0
  /// The last cycle of the window before.
  var lastCycles = 0
  /// Since when the phase lasts, and when something is to be done next.
  package var wakeAt = LocalTime.zero
  package var radioOn = false
  /// Compose and send now.
  package var speech: Speech?

  var searchUntil = LocalTime.zero
  var leaderSlotAt = LocalTime.zero
  var ackStart = LocalTime.zero
  var ownSlotAt = LocalTime.zero
  var cycleEnd = LocalTime.zero
  var ownSlotDone = false
  var framesLeft = 0
  /// Frames that went out in the present slot.
  var slotFrames = 0
  var nextFrameAt = LocalTime.zero
  var requestsLeft = 0
  var heardLeaderInCycle = false
  /// Somebody else than the leader was heard in this cycle.
  var heardAnswerInCycle = false
  /// The highest index for which a frame of this cycle showed a quorum, and how many frames did.
  var quorumShown = LogIndex.zero
  var quorumsShown = 0
  /// Frames of this window that carried undecided entries, own ones included.
  var entryCopies = 0
  var heardLeaderInWindow = false
  var heardAnything = false
  /// This window was listened to from its beginning.
  var isAttended = false
  /// Commands came lately, so everybody stays for the whole window.
  var isBusy = false
  /// No beacon and no leader to wait for: the slots of the grid stand, and the window elects.
  var isLeaderless = false
  /// A leader that has just stepped down says so in the slot of its beacon.
  var announces = false
  /// Bit k: request slot k is used.
  var requestMask: UInt32 = .max
  var missedInARow = 0
  var silentLeaderSlots = 0
  var fruitlessCycles = 0
  var saidAlive = false
  /// Who repeated the leader's beacon in this window.
  var repeatedBy = NodeSet()
  var scanUntil = LocalTime.zero
  package init() {}
}
