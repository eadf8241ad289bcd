// Leading costs energy and air time. Who runs short of either says so in its beacons, as one whose disk refuses does,
// and two windows later leads no more: everybody stays awake in that one, and elects another at once, since nobody
// waits for a leader that resigned (design, section 3).

/// When a member runs short, and who is well enough to lead in its place. The gap keeps leadership from going to and
/// fro.
enum Shortage {
  static let batteryPercent: UInt8 = 15
  /// A quarter may be kept in reserve, and then what is not essential waits already.
  static let airtimePercent: UInt8 = 25
  static let enoughBatteryPercent: UInt8 = 30
  static let enoughAirtimePercent: UInt8 = 50
  /// Windows without a leader after which even who runs short stands: somebody must.
  static let patience: UInt32 = 8
  /// Beacons that say so before it goes, so that hardly anybody has heard none.
  static let farewells = 2
}

extension Condition {
  /// Nobody can tell: a board on mains, or a radio without a limit.
  private static func isBelow(_ percent: UInt8, _ limit: UInt8) -> Bool {
    percent != unknown && percent <= limit
  }

  var runsShort: Bool {
    Condition.isBelow(batteryPercent, Shortage.batteryPercent)
      || Condition.isBelow(airtimePercent, Shortage.airtimePercent)
  }
  var isWell: Bool {
    !Condition.isBelow(batteryPercent, Shortage.enoughBatteryPercent)
      && !Condition.isBelow(airtimePercent, Shortage.enoughAirtimePercent)
  }
}

extension Node {
  /// A leader that should be another: it says so in each frame.
  var handsOver: Bool { isLeader && condition.runsShort && hasSuccessor }

  /// It would lead, but runs short while somebody who is there does not.
  var standsBack: Bool { condition.runsShort && hasSuccessor && windowsAlone < Shortage.patience }

  private var hasSuccessor: Bool {
    var i = 0
    while i < settings.memberCount {
      let peer = NodeID(UInt8(i))
      let isThere = heardLately(peer, within: settings.fullEvery * 2) && peers[peer].hearsWindow > 0
      if peer != id, isThere, links.condition(of: peer).isWell { return true }
      i += 1
    }
    return false
  }
}
