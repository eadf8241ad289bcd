// A cause in words: one line that a person can act upon.
import NodCore
import NodJournal
import NodStation

extension Cluster {
  /// - Parameter own: the reason is this node's, not one that was told over the radio.
  func words(_ reason: Reason, own: Bool = true) -> String {
    let (first, second) = (reason.first, reason.second)
    switch reason.cause {
    case .none: return ""
    case .unknownEntry: return "a log entry of an unknown kind: install the version that wrote it"
    case .mayNotVote: return "this node does not vote: its journal is new or has lost what it promised"
    case .diskIsShort: return own ? diskTrouble : "the disk is nearly full: \(first) KiB are free"
    case .diskFails: return own ? diskTrouble : "the disk does not take writes"
    case .framesDoNotOpen:
      return strangers(reason, "do not open: keys or rosters differ (compare key_id and roster_hash)")
    case .otherEpoch: return strangers(reason, "are of another key epoch (compare key_epoch)")
    case .otherVersion: return strangers(reason, "are of another version of the frames: update the older one")
    case .notAMember: return strangers(reason, "come, which the roster has not: rosters differ")
    case .noGrid: return "no grid yet: listening, and nothing was heard that tells the time"
    case .airtimeSpent: return "the air-time budget is spent: \(first) ms until a full frame may go"
    case .clockInDoubt:
      return "the clock is in doubt: \(first) us of guard, where the period allows \(second)"
    case .noLeader: return "no working leader: \(first) of \(peerCount) peers heard lately, \(second) needed"
    case .noQuorum: return "the leader hears no quorum"
    case .notTaken:
      return "a command has waited here for \(first) windows: the leader may not hear this node"
    case .notAcknowledged: return "entry \(first) has not been acknowledged by a quorum for \(second) windows"
    }
  }

  private var peerCount: Int { files.roster.members.count - 1 }

  private func strangers(_ reason: Reason, _ what: String) -> String {
    let perWindow = reason.first / max(1, reason.second)
    let often = perWindow > 0 ? "\(perWindow) frames a window" : "frames"
    return "\(often) from slot \(reason.slot) \(what)"
  }

  /// What is wrong with the disk, in one line.
  var diskTrouble: String {
    if station.isShortOfSpace {
      return "the disk is nearly full: \(station.freeBytes / 1024) KiB are free for "
        + "\(files.configuration.paths.state), [disk] min_free_kb = \(files.configuration.minimumFreeKibibytes)"
    }
    return "the disk does not take writes: \(station.lastDiskFailure?.description ?? "see the log")"
  }
}
