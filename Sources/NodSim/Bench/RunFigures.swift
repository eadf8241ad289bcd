// What a run of a world came to: for each member what its radio and its board did and drew, for the cluster what was
// decided and how long that took.
import NodCore

package struct MemberFigures: Sendable {
  package var frames = 0
  package var bytes = 0
  /// Microseconds in each state.
  package var transmitting: Int64 = 0
  package var receiving: Int64 = 0
  package var sleeping: Int64 = 0
  package var radioWakes: UInt64 = 0
  /// Energy of the radio alone and of the board alone, in joules.
  package var radioJoules = 0.0
  package var hostJoules = 0.0
  package var isLeader = false

  package var radioOnShare: Double {
    let all = transmitting + receiving + sleeping
    return all == 0 ? 0 : Double(transmitting + receiving) / Double(all)
  }
}

package struct RunFigures: Sendable {
  package var seconds = 0.0
  package var windows = 0
  package var members: [MemberFigures] = []
  package var decided: UInt64 = 0
  package var submitted = 0
  package var acknowledged = 0
  package var unknown = 0
  /// Commands that stood in the log a second time and were skipped, at the member that saw most of them.
  package var duplicates: UInt64 = 0
  package var leaders = 0
  /// Periods from a command's submission to its answer; 0: within the same period.
  package var periodsP50 = 0
  package var periodsP99 = 0
  package var violation: Violation?
  package var fingerprint: UInt64 = 0
  package var events = 0

  /// How many days a battery of so many joules lasts a member, its board counted or not.
  package func days(of member: MemberFigures, batteryJoules: Double, withHost: Bool) -> Double {
    let used = member.radioJoules + (withHost ? member.hostJoules : 0)
    return used == 0 ? .infinity : batteryJoules / used * seconds / 86_400
  }
}

package let radioMillivolts = UInt32(RadioProfile.supplyMillivolts)

extension World {
  /// Everything up to now.
  package var figures: RunFigures {
    var f = RunFigures()
    f.seconds = Double(now) / 1e6
    f.windows = Int(now / options.period.raw)
    for i in 0..<members.count { f.members.append(figures(of: i)) }
    f.decided = checker.highestDecided
    f.submitted = traffic.submitted
    f.acknowledged = traffic.acknowledged
    f.unknown = traffic.unknown
    for i in 0..<members.count {
      f.duplicates = max(f.duplicates, node(i) { $0.counters.duplicatesSkipped } ?? 0)
    }
    f.leaders = checker.leaderChanges
    f.violation = checker.violation
    f.fingerprint = fingerprint
    f.events = eventsHandled
    let periods = traffic.latencies.sorted()
    if !periods.isEmpty {
      f.periodsP50 = periods[periods.count / 2]
      f.periodsP99 = periods[min(periods.count - 1, periods.count * 99 / 100)]
    }
    return f
  }

  private func figures(of i: Int) -> MemberFigures {
    var meter = members[i].meter
    meter.update(at: LocalTime(microseconds: now))
    var f = MemberFigures()
    f.frames = framesBy[i]
    f.bytes = bytesBy[i]
    f.transmitting = meter.radioTime(.transmitting).raw
    f.receiving = meter.radioTime(.receiving).raw
    f.sleeping = meter.radioTime(.sleeping).raw
    f.radioWakes = meter.radioWakes
    f.radioJoules = Double(meter.radioMicrojoules(millivolts: radioMillivolts)) / 1e6
    f.hostJoules = Double(meter.hostMicrojoules) / 1e6
    f.isLeader = node(i) { $0.isLeader } ?? false
    return f
  }
}
