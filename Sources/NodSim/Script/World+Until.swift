// Running a world until something is so, and what a scenario asks of a cluster: a leader, agreement, a command
// decided. Everything is counted in windows, with a limit, so that no scenario runs for ever.
import NodCore
import NodStation

extension World {
  /// Runs window by window until `condition` holds.
  ///
  /// - Returns: how many windows that took, 0 when it held at once; nil when it did not within `limit`, or a
  ///   rule was violated.
  package func windows(_ limit: Int, until condition: (World) -> Bool) -> Int? {
    var count = 0
    while checker.violation == nil {
      if condition(self) { return count }
      if count == limit { return nil }
      run(windows: 1)
      count += 1
    }
    return nil
  }

  /// Powers up, elects, and waits until everybody holds everything: where most scenarios begin.
  ///
  /// - Returns: the leader; nil when there was none within `limit` windows.
  package func elect(limit: Int = 60) -> Int? {
    let reached = windows(limit) { world in
      guard world.leaders.count == 1, let leader = world.leaders.first else { return false }
      return world.isSettled && world.checker.highestDecided > 0
        && (0..<world.memberCount).allSatisfy { world.leader(in: $0) == leader }
    }
    return reached == nil ? nil : leaders.first
  }

  package var memberCount: Int { members.count }

  /// The leader that a member follows, itself included; nil without power or without one.
  package func leader(in i: Int) -> Int? { node(i) { $0.leader.map { Int($0.raw) } } ?? nil }

  /// Everybody who has power applied everything that is decided.
  package var areAllSettled: Bool {
    (0..<memberCount).allSatisfy { i in
      (node(i) { $0.applied.raw } ?? checker.highestDecided) == checker.highestDecided
    }
  }

  /// Gives a member a command: one is added to a counter.
  ///
  /// - Returns: nil when it has no power, or no room.
  package func submit(at i: Int, key: Int = 0) -> Command? {
    let ticket = traffic.nextTicket
    traffic.submit(self, member: i, key: key, token: nil)
    guard traffic.lastSubmitted == ticket else { return nil }
    return Command(ticket: ticket, submittedAt: now)
  }

  /// Whether its caller has the answer.
  package func isAnswered(_ command: Command) -> Bool { !traffic.isWaiting(command.ticket) }
}

/// A command that a scenario gave.
package struct Command: Sendable, Hashable {
  package let ticket: UInt64
  package let submittedAt: Int64
}

// MARK: what a scenario reads off

extension World {
  /// How much earlier than its next window a member listens.
  package func guardTime(of i: Int) -> Microseconds {
    node(i) { $0.clock.guardTime(at: $0.clock.gridPoint(of: $0.timeline.window &+ 1)) } ?? .zero
  }

  /// The next grid point after `time` as a member counts, in the world's time.
  package func gridPoint(after time: Int64, of i: Int) -> Int64 {
    let member = members[i]
    return node(i) { node in
      var window = node.timeline.window
      while member.world(node.clock.gridPoint(of: window)) <= time { window &+= 1 }  // one or two
      return member.world(node.clock.gridPoint(of: window))
    } ?? time
  }

  /// What the busiest member had on the air in its busiest hour.
  package var mostAirtimeInAnHour: Microseconds { Microseconds(ledger.most) }

  /// Datagrams that a member heard and did not take, since it started.
  package func rejected(by i: Int) -> UInt64 {
    members[i].station.map { $0.pointee.rejections.total - $0.pointee.rejections.radioOff } ?? 0
  }
}
