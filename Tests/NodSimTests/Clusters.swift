// What the scenarios share: small clusters on a quiet medium, commands at several members, and the safety checks that
// every one of them ends with.
import Foundation
import NodCore
import NodSim
import Testing

/// A cluster on a medium that loses nothing and delays little; `edit` makes it worse.
func cluster(
  _ count: Int, seed: UInt64 = 1, rule: ElectionRule = .paxos, edit: (inout WorldOptions) -> Void = { _ in }
) -> World {
  var options = WorldOptions()
  options.seed = seed
  options.memberCount = count
  options.rule = rule
  options.jitter = Microseconds(100)
  edit(&options)
  return World(options)
}

/// Ten times as long, or more, when somebody has the time: NOD_LONG_TESTS=1.
let hasTime = ProcessInfo.processInfo.environment["NOD_LONG_TESTS"] != nil

extension World {
  /// Cuts every link but those between the pairs that are named, both ways.
  func keepOnly(_ pairs: [(Int, Int)]) {
    for a in 0..<memberCount { cut[a] = ~0 }
    for (a, b) in pairs {
      cut[a] &= ~(1 << UInt32(b))
      cut[b] &= ~(1 << UInt32(a))
    }
  }
  /// Everybody hears everybody.
  func joinAll() { for a in 0..<memberCount { cut[a] = 0 } }
  /// Nobody hears this member, nor it anybody.
  func isolate(_ i: Int) {
    for a in 0..<memberCount where a != i {
      cut[a] |= 1 << UInt32(i)
      cut[i] |= 1 << UInt32(a)
    }
  }

  /// Plays these frames to a member, some each time that its receiver is on.
  ///
  /// - Returns: how many were heard.
  func play(_ frames: [[UInt8]], to i: Int, limit: Int = 20) -> UInt64 {
    var next = 0
    let end = now + Int64(limit) * options.period.raw
    while next < frames.count && now < end {
      var atOnce = 0
      while next < frames.count && atOnce < 50 && inject(frames[next], to: i) {
        next += 1
        atOnce += 1
      }
      run(until: now + 1_000)
    }
    return UInt64(next)
  }

  /// A command at each of these members.
  func submit(at members: [Int]) -> [Command] { members.compactMap { submit(at: $0, key: $0 % 8) } }
  func areAnswered(_ commands: [Command]) -> Bool { commands.allSatisfy(isAnswered) }
  var everybody: [Int] { Array(0..<memberCount) }

  /// A command at every member is decided within so many windows, everybody holds the same, and no rule was broken.
  func expectWorking(within limit: Int, at location: SourceLocation = #_sourceLocation) {
    let up = everybody.filter(isUp)
    let commands = submit(at: up)
    #expect(commands.count == up.count, sourceLocation: location)
    let took = windows(limit) { $0.areAnswered(commands) && $0.areAllSettled }
    #expect(took != nil, "\(stateOfAll)", sourceLocation: location)
    expectSafe(at: location)
  }

  /// The safety checks that run all the time found nothing, and every command took effect once.
  func expectSafe(at location: SourceLocation = #_sourceLocation) {
    #expect(
      checker.violation == nil, "\(checker.violation?.description ?? "")", sourceLocation: location)
    let trouble = traffic.check(self)
    #expect(trouble == nil, "\(trouble ?? "")", sourceLocation: location)
  }
}
