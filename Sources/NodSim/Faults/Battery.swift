// A battery that the radio empties and the sun fills: the board goes dark when nothing is left, and starts again when
// there is enough. Charge is counted in microcoulombs of the radio profile's currents and what the board draws beside.
import NodCore

package struct Battery: Sendable {
  package var capacityMicrocoulombs: Int64
  /// What it begins with.
  package var microcoulombs: Int64
  /// The board without its radio.
  package var board: Current
  /// What comes in.
  package var harvest: Current
  /// The board starts again with so much of the capacity, in thousandths.
  package var returnsAtPermille: Int64 = 200

  package init(capacityMicrocoulombs: Int64, board: Current, harvest: Current) {
    self.capacityMicrocoulombs = capacityMicrocoulombs
    microcoulombs = capacityMicrocoulombs
    self.board = board
    self.harvest = harvest
  }

  /// So many microseconds pass, in some of which the receiver is on.
  mutating func pass(_ time: Int64, listening: Int64, _ radio: RadioProfile, isUp: Bool) {
    var change = Battery.charge(harvest, time)
    if isUp {
      change -= Battery.charge(board, time) + Battery.charge(radio.receiveCurrent, listening)
      change -= Battery.charge(radio.sleepCurrent, time - listening)
    }
    microcoulombs = min(capacityMicrocoulombs, max(0, microcoulombs + change))
  }

  /// 1 microsecond at 1 nanoampere is 1e-9 microcoulomb.
  private static func charge(_ current: Current, _ time: Int64) -> Int64 {
    (time / 1000) * Int64(current.nanoamperes) / 1_000_000
  }
}

extension World {
  /// What a member's gauge says from now on; a simulated battery says it by itself.
  package func setGauge(of i: Int, to percent: UInt8) {
    members[i].station?.pointee.node.condition.batteryPercent = percent
  }

  /// Looks at the batteries once a window.
  func lookAtBattery(_ i: Int) {
    let member = members[i]
    guard var battery = member.battery else { return }
    let span = options.period.raw
    let on = min(span, radioOn(member) - member.radioOnAtLook)
    battery.pass(span, listening: on, profile, isUp: member.isUp)
    member.radioOnAtLook = radioOn(member)
    member.battery = battery
    member.station?.pointee.node.condition.batteryPercent = UInt8(
      clamping: battery.microcoulombs * 100 / battery.capacityMicrocoulombs)
    if member.isUp, battery.microcoulombs == 0 {
      member.timesEmpty += 1
      exchange?.note("n\(i)'s battery is empty")
      cutPower(i)
    } else if !member.isUp,
      battery.microcoulombs * 1000 >= battery.capacityMicrocoulombs * battery.returnsAtPermille
    {
      powerOn(i)
    }
    queue.plan(.battery(member: i), at: now + span)
  }

  private func radioOn(_ member: Member) -> Int64 {
    member.radioOnTotal + (member.radioOnSince.map { now - $0 } ?? 0)
  }

  /// Gives a member a battery; without one it has mains.
  package func setBattery(of i: Int, _ battery: Battery) {
    let isNew = members[i].battery == nil
    members[i].battery = battery
    members[i].radioOnAtLook = radioOn(members[i])
    if isNew { queue.plan(.battery(member: i), at: now + options.period.raw) }
  }
  package func battery(of i: Int) -> Battery? { members[i].battery }
  package func timesEmpty(_ i: Int) -> Int { members[i].timesEmpty }
}
