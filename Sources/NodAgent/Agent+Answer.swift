// What came of requests goes to their clients, changes to subscribers, and what a person should know to the
// log.
import CBoard
import NodCore
import NodJournal
import NodStation

extension Agent {
  /// - Returns: whether the node has gone on after writes that readers waited for, so that there may be more to answer.
  mutating func answer() -> Bool {
    var i = 0
    while i < cluster.station.node.effects.completions.count {
      let completion = cluster.station.node.effects.completions[i]
      var old = Bytes(start: nil, count: 0)
      if case .value(let range) = completion.result.outcome {
        old = cluster.station.node.registry.value(range)
      }
      cluster.station.answered(completion.ticket, cluster.now)
      server.completed(completion.ticket, completion.result, oldValue: old, now: cluster.now, port: &cluster)
      i += 1
    }
    if i > 0 { cluster.station.node.effects.removeCompletions() }
    cluster.station.node.registry.clearValues()
    i = 0
    while i < cluster.station.node.effects.reads.count {
      let read = cluster.station.node.effects.reads[i]
      if read.isReady {
        server.readReady(read.ticket, now: cluster.now, port: &cluster)
      } else {
        server.readFailed(
          read.ticket, reason: "the leader changed before it was confirmed: ask again", now: cluster.now,
          port: &cluster)
      }
      i += 1
    }
    if i > 0 { cluster.station.node.effects.removeReads() }
    if cluster.station.node.isTold, let ticket = cluster.station.node.via.ticket {
      server.told(ticket, now: cluster.now, port: &cluster)
      // Whoever asked has it, or is gone.
      _ = cluster.station.node.endAsking(ticket)
    }
    while let change = cluster.station.node.registry.nextChange(into: keyBuffer) {
      server.publish(change.event, key: change.key, index: change.index)
      cluster.hooks.changed(change.event, change.key, change.index)
    }
    server.flush(now: cluster.now, port: &cluster)
    return cluster.station.readersAnswered(cluster.now)
  }

  /// Role changes at info, trouble at warn or error; each once.
  mutating func tell() {
    meter.update(at: cluster.now)
    cluster.figures.radio = radio.figures
    cluster.figures.radioOn = meter.radioOnTime
    cluster.figures.radioMicrocoulombs = meter.radioMicrocoulombs
    cluster.lookAtBattery()
    let leader = cluster.station.node.leader
    if leader != lastLeader {
      lastLeader = leader
      cluster.figures.leaderSince = leader == nil ? nil : cluster.now
      if let leader {
        log.info("\(cluster.name(leader)) leads, ballot \(cluster.station.node.leaderBallot.round)")
        watchdog.status(" leads", of: cluster.name(leader))
      } else {
        log.info("no working leader")
        watchdog.status("no working leader")
      }
    }
    tellDisk()
    tellAlarms()
  }

  private mutating func tellDisk() {
    guard cluster.station.node.isUnfit != hadDiskTrouble else { return }
    hadDiskTrouble = cluster.station.node.isUnfit
    if hadDiskTrouble {
      log.error("\(cluster.diskTrouble); this node neither votes nor leads until the disk takes writes again")
    } else {
      log.warn("the disk takes writes again")
    }
  }

  private mutating func tellAlarms() {
    let alarms = cluster.station.node.effects.alarms
    guard alarms != toldAlarms else { return }
    let new = alarms & ~toldAlarms
    toldAlarms = alarms
    if new & (1 << NodCore.Alarm.diverged.rawValue) != 0 {
      log.error(
        "this node's state differs from another's at the same index: stop it, keep its state directory, report it"
      )
    }
    if new & (1 << NodCore.Alarm.lostMemory.rawValue) != 0 {
      log.error(
        "the cluster holds votes of this node that its disk does not (restored card?): it does not vote any more; "
          + "give the board a new slot")
    }
    if new & (1 << NodCore.Alarm.unknownKind.rawValue) != 0 {
      log.error(
        "a log entry of an unknown kind: install the version that wrote it; nothing more is applied here")
    }
  }
}

extension Agent {
  mutating func answerMetrics(_ token: UInt64) {
    metrics.handle(token, now: cluster.now) { writer in
      cluster.writeMetrics(to: &writer)
      server.clients.writeMetrics(&writer)
    }
  }
}
