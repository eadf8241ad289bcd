// Power comes and goes: a start is a recovery from the disk; a cut loses memory and what was not synced.
import NodCore
import NodJournal
import NodSecurity
import NodStation

extension World {
  package func powerOn(_ i: Int) {
    let member = members[i]
    guard !member.isUp else { return }
    rotByChance(i)
    member.clock.boot(at: now)
    member.refusal = nil
    member.generation += 1
    member.starts += 1
    member.wakePlannedAt = .max
    member.settledRecords = .max
    if isFaulty && !tamper(i) { return }
    var node = NodeParameters(settings: settings, id: member.id)
    node.seed = random.next()
    node.logEntries = options.logEntries
    node.logBytes = options.logBytes
    node.holes = 64
    node.pendingBytes = 1 << 16
    node.salt = random.next()
    node.clockAccuracyPPM = options.clockAccuracyPPM
    if i < options.priorities.count { node.priority = options.priorities[i] }
    node.hostLatency = options.hostLatency
    member.salt = node.salt
    var parameters = StationParameters(node: node, profile: profile)
    parameters.eventCapacity = options.eventCapacity
    let memory = UnsafeMutablePointer<Station<SimDisk>>.allocate(capacity: 1)
    do {
      try epochKey.withUnsafeBytes { key in
        try rosterHash.withUnsafeBytes { hash in
          memory.initialize(
            to: try Station.open(
              parameters, disk: member.disk, genesis: genesis(member),
              journalLimits: JournalLimits(), epochKey: key, rosterHash: hash, randomSalt: node.salt,
              now: member.local(now)))
        }
      }
      member.station = memory
      tell(i, .power(isOn: true))
      checker.restarted(self, i)
      turn(i)
    } catch {
      memory.deallocate()
      if member.disk.isPowerCut {
        member.disk.cutPower()  // in the middle of recovery; it is tried again when the power is back
        trace?("\(now) n\(i) power cut while it starts")
        return
      }
      member.disk.killProcess()
      let reason = (error as? StationError<SimDiskFailure>)?.description ?? "\(error)"
      member.refusal = reason
      if member.hasRotted && !member.diskIsTroubled {
        emptyDisk(i)  // the next start finds nothing, and does not vote
      } else if !member.diskIsTroubled {
        checker.refused(i, reason, at: now)
      }
    }
  }

  /// The power goes now: un-synced writes are lost, in part.
  package func cutPower(_ i: Int) {
    let member = members[i]
    guard member.isUp else { return }
    traffic.lost(member: i)
    member.disk.cutPower()
    release(member)
    member.generation += 1
    member.suspendedUntil = nil
    traffic.clients.lost(member: i, self)
    noteRadio(member, on: false)
    trace?("\(now) n\(i) power cut")
    tell(i, .power(isOn: false))
    exchange?.note("n\(i) loses power")
    exchange?.forget(i)
    if let span = returnsAfterCut { queue.plan(.powerOn(member: i), at: now + span.raw) }
  }
}
