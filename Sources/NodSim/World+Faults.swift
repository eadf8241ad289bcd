// What goes wrong beside power: links, disks. And how all of it stops, to see whether the cluster comes back.
import NodCore
import NodJournal

extension World {
  /// Draws which links are cut from now on: none, some of them one way, one member alone, or two halves.
  func changeLinks() {
    cut = options.cut
    guard isFaulty else { return }
    let n = members.count
    switch random.below(4) {
    case 0: break
    case 1:
      for a in 0..<n { for b in 0..<n where a != b && random.below(3) == 0 { cut[a] |= 1 << UInt32(b) } }
    case 2:
      let alone = random.below(n)
      for b in 0..<n where b != alone {
        cut[alone] |= 1 << UInt32(b)
        cut[b] |= 1 << UInt32(alone)
      }
    default:
      let side = random.next()
      for a in 0..<n {
        for b in 0..<n where side >> UInt64(a) & 1 != side >> UInt64(b) & 1 { cut[a] |= 1 << UInt32(b) }
      }
    }
    trace?("\(now) links change")
    tell(nil, .linksChanged)
  }

  func troubleDisk(_ i: Int) {
    let member = members[i]
    member.diskIsTroubled = true
    switch random.below(3) {
    case 0: member.disk.failingSyncs = 1 + random.below(3)
    case 1: member.disk.capacity = member.disk.byteCount + random.below(4096)
    default: member.disk.isReadOnly = true
    }
    trace?("\(now) n\(i) disk in trouble")
    tell(i, .diskTrouble)
    queue.plan(.diskHeals(member: i), at: now + 1 + mean(options.darkness))
  }

  func healDisk(_ i: Int) {
    members[i].disk.failingSyncs = 0
    members[i].disk.capacity = .max
    members[i].disk.isReadOnly = false
    members[i].diskIsTroubled = false
  }

  /// From now on nothing breaks any more: power, links and disks are there; frames still get lost.
  package func endFaults() {
    isFaulty = false
    cut = options.cut
    for i in 0..<members.count {
      healDisk(i)
      members[i].disk.operationsUntilPowerCut = nil
      if !members[i].isUp { queue.plan(.powerOn(member: i), at: now + 1) }
    }
  }
}
