// What goes wrong beside power: links, disks. And how all of it stops, to see whether the cluster comes back.
import NodCore
import NodJournal
import NodStation

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
    links.forgetAll()
    for i in 0..<members.count {
      healDisk(i)
      members[i].disk.operationsUntilPowerCut = nil
      if members[i].suspendedUntil != nil { resume(i, members[i].generation) }
      if !members[i].isUp { queue.plan(.powerOn(member: i), at: now + 1) }
    }
  }
}

// MARK: time

extension World {
  /// How long a sync takes.
  func syncLatency() -> Int64 {
    if options.slowSyncPermille > 0, random.happens(permille: options.slowSyncPermille) {
      return options.slowSync.raw
    }
    return Int64(random.below(Int(options.diskLatency.raw) * 2) + 1)
  }

  /// How much later than it asked for a board wakes.
  func wakeDelay() -> Int64 {
    options.wakeJitter > .zero ? Int64(random.below(Int(options.wakeJitter.raw) + 1)) : 0
  }

  /// A member stands still, as a suspended laptop or a stopped process does: boot time goes on, nothing else.
  package func suspend(_ i: Int, for span: Microseconds) {
    let member = members[i]
    guard member.isUp, member.suspendedUntil == nil else { return }
    member.suspendedUntil = now + span.raw
    noteRadio(member, on: false)
    queue.plan(.resume(member: i, generation: member.generation), at: now + span.raw)
    exchange?.note("n\(i) is suspended for \(span.raw / 1_000_000) s")
  }

  func resume(_ i: Int, _ generation: Int) {
    let member = members[i]
    guard member.generation == generation, let station = member.station, member.suspendedUntil != nil else {
      return
    }
    member.suspendedUntil = nil
    member.wakePlannedAt = .max
    // As the agent notices it: much later than it asked for (NodAgent: Agent.noticePause).
    let wanted = station.pointee.plan.wakeAt
    let time = member.local(now)
    if wanted < .never, time - wanted > max(.seconds(2), options.period * 3) {
      tell(i, .pause(time - wanted))
      station.pointee.slept(since: wanted, now: time)
    }
    exchange?.note("n\(i) resumes")
    turn(i)
  }

  /// A clock jumps, as a virtual machine's may when it is moved; the node is not told.
  package func jumpClock(of i: Int, by span: Microseconds) {
    members[i].clock.jump(span)
    jumpedAhead += max(0, span.raw)
    members[i].wakePlannedAt = .max
    turn(i)
  }

  /// A clock runs so much fast or slow, in parts per million, from its member's next start on.
  package func setDrift(of i: Int, ppm: Int64) { members[i].clock.ratePPB = ppm * 1000 }
}
