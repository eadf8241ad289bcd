// What one command costs: given to the leader (or a follower) just before its window, then quiet windows
// until everybody
// knows. Counted are frames until the leader knows, all frames that the command caused, their bytes, the
// windows it took
// and how long radios were on. Lower bounds: docs/design.md and docs/performance.md.
import NodCore
import NodStation

/// What is measured.
package struct MeasureOptions: Sendable {
  package var memberCount = 5
  /// Independent loss of each frame at each receiver, in thousandths.
  package var lossPermille = 0
  package var commands = 200
  package var seed: UInt64 = 1
  /// Give the commands to a follower; to the leader otherwise.
  package var viaFollower = false
  package var command = Traffic.set(Array("k".utf8), [UInt8](repeating: 0x76, count: 16))
  /// Commands come one after the other, so that nobody goes back to idle habits in between.
  package var isFlowing = false
  /// Windows without a command after each, when they do.
  package var quietWindows = 1
  package var period = Microseconds.milliseconds(1_000)
  package var slot = Microseconds.milliseconds(2)
  package var syncGap = Microseconds.milliseconds(4)
  package init() {}
}

/// Means over the commands of one run; frames of beacons that would have been sent anyway are not in `framesInAll`.
package struct CommandCost: Sendable {
  package var commands = 0
  /// Runs of one command that were not counted: the leader changed, or it was not decided in time.
  package var discarded = 0
  package var framesUntilLeaderKnows = 0.0
  package var framesInAll = 0.0
  package var bytesInAll = 0.0
  package var framesOfLeader = 0.0
  package var framesInWindow = 0.0
  package var framesLater = 0.0
  /// Share decided in the command's own window.
  package var sameWindow = 0.0
  package var windowsP50 = 0
  package var windowsP99 = 0
  /// Share of commands that every member knows to be decided once the next window's beacon is over.
  package var allKnowByNextBeacon = 0.0
  /// Time with the radio on, of a member, in the command's window: microseconds.
  package var radioOnInWindow = 0.0
  /// The same in an idle window.
  package var radioOnIdle = 0.0
  /// Share of a member's time with the radio on, over the commands' windows and the quiet ones behind them.
  package var radioShare = 0.0
  /// Frames with a section of each kind, of followers, a command.
  package var framesWith = [Double](repeating: 0, count: 32)
  package init() {}
}

/// Lower bound of frames until the leader knows (radio, one hop, independent loss p, stable leader):
/// `1/(1-p^(n-1)) + (q-2) + 1/(1-p)` - somebody hears the accept, q-2 others vote, the last vote reaches the leader.
package func leastFramesUntilLeaderKnows(memberCount n: Int, loss p: Double) -> Double {
  let quorum = n / 2 + 1
  guard n > 1 else { return 0 }
  return 1 / (1 - power(p, n - 1)) + Double(quorum - 2) + 1 / (1 - p)
}

func power(_ base: Double, _ exponent: Int) -> Double {
  var result = 1.0
  for _ in 0..<exponent { result *= base }
  return result
}

/// Runs commands one at a time in a world without faults but loss.
package func measureCommands(_ options: MeasureOptions) -> CommandCost {
  var world = WorldOptions()
  world.seed = options.seed
  world.memberCount = options.memberCount
  world.lossPermille = 0
  world.fullEvery = 1 << 20
  world.diskLatency = Microseconds(500)
  world.jitter = Microseconds(50)
  world.period = options.period
  world.slot = options.slot
  world.syncGap = options.syncGap
  world.tears = false
  let run = Measuring(World(world), options)
  return run.measure()
}

private final class Measuring {
  private let world: World
  private let options: MeasureOptions
  private var cost = CommandCost()
  private var windows: [Int] = []
  private var knownAtFrames: Int?
  private var target = LogIndex.zero
  private var leader = 0
  private var nextTicket: UInt64 = 1 << 40
  /// Of an idle window, as seen so far.
  private var idle = (windows: 0, bytes: 0, radio: Int64(0))
  /// Time with the radio on of all members, and how long they were watched for it.
  private var watched = (radio: Int64(0), time: Int64(0))

  init(_ world: World, _ options: MeasureOptions) {
    self.world = world
    self.options = options
    world.afterTurn = { [unowned self] i in
      guard i == leader, knownAtFrames == nil, target > .zero else { return }
      if world.node(i, { $0.acceptor.commit >= self.target }) == true { knownAtFrames = world.framesOnAir }
    }
  }

  func measure() -> CommandCost {
    world.run(windows: 30)
    world.lossPermille = options.lossPermille
    world.run(windows: 80)
    for _ in 0..<options.commands {
      if !options.isFlowing || cost.commands == 0 || world.leaders != [leader] {
        guard settle() else {
          cost.discarded += 1
          continue
        }
        watchIdleWindow()
        guard settle() else { continue }
      }
      one()
    }
    let counted = Double(max(1, cost.commands))
    cost.framesUntilLeaderKnows /= counted
    cost.framesInAll /= counted
    cost.bytesInAll /= counted
    cost.framesOfLeader /= counted
    cost.framesInWindow /= counted
    cost.framesLater /= counted
    for kind in 0..<32 { cost.framesWith[kind] /= counted }
    cost.allKnowByNextBeacon /= counted
    cost.radioOnInWindow /= counted * Double(options.memberCount)
    cost.radioShare = Double(watched.radio) / Double(max(1, watched.time) * Int64(options.memberCount))
    cost.radioOnIdle = Double(idle.radio) / Double(max(1, idle.windows) * options.memberCount)
    windows.sort()
    cost.sameWindow = Double(windows.filter { $0 == 1 }.count) / counted
    if !windows.isEmpty {
      cost.windowsP50 = windows[windows.count / 2]
      cost.windowsP99 = windows[min(windows.count - 1, windows.count * 99 / 100)]
    }
    return cost
  }

  private func watchIdleWindow() {
    let frames = world.framesOnAir
    let bytes = world.bytesOnAir
    let radio = radioOn
    world.run(windows: 1)
    guard world.framesOnAir == frames + 1 else { return }
    idle.windows += 1
    idle.bytes += world.bytesOnAir - bytes
    idle.radio += radioOn - radio
  }
  private var beaconBytes: Double { Double(idle.bytes) / Double(max(1, idle.windows)) }

  private var radioOn: Int64 {
    var sum: Int64 = 0
    for i in 0..<options.memberCount { sum += world.radioOnTotal(i) }
    return sum
  }

  /// Stops just before a window, with one leader and everybody up to date.
  private func settle() -> Bool {
    for _ in 0..<200 {
      let leaders = world.leaders
      if leaders.count == 1, world.everybodyKnowsAll {
        leader = leaders[0]
        world.run(until: beforeNextWindow)
        return world.leaders == [leader]
      }
      world.run(windows: 1)
    }
    return false
  }

  private var beforeNextWindow: Int64 {
    let member = world.members[leader]
    let at = world.node(leader) { node in
      let grid = node.clock.gridPoint(of: node.timeline.window &+ 1)
      return grid - node.clock.guardTime(at: grid) - .milliseconds(3)
    }
    return member.world(at!)
  }

  private func one() {
    let period = world.options.period.raw
    let start = world.now
    let frames = world.framesOnAir
    let bytes = world.bytesOnAir
    let radio = radioOn
    let ballot = world.node(leader) { $0.acceptor.accepted }!
    let ofLeader = world.framesBy[leader]
    let withBefore = framesWith
    knownAtFrames = nil
    target = world.node(leader) { $0.acceptor.last + 1 }!
    submit(at: options.viaFollower ? (leader + 1) % options.memberCount : leader)
    world.run(until: start + period)
    let inWindow = world.framesOnAir - frames
    let radioInWindow = radioOn - radio
    var took = knownAtFrames == nil ? 0 : 1
    var after = 0
    var allKnew = false
    repeat {
      world.run(until: start + Int64(after + 2) * period)
      after += 1
      if took == 0, knownAtFrames != nil { took = after + 1 }
      if after == 1 { allKnew = world.everybodyKnowsAll && took > 0 }
    } while after < 40 && !(took > 0 && isOver(after))
    target = .zero
    watched.radio += radioOn - radio
    watched.time += world.now - start
    guard took > 0, world.leaders == [leader],
      world.node(leader, { $0.acceptor.accepted == ballot }) == true
    else {
      cost.discarded += 1
      return
    }
    cost.commands += 1
    cost.framesUntilLeaderKnows += Double(knownAtFrames! - frames - (took - 1))
    cost.framesInAll += Double(world.framesOnAir - frames - after)
    cost.framesInWindow += Double(inWindow)
    cost.framesLater += Double(world.framesOnAir - frames - after - inWindow)
    cost.bytesInAll += Double(world.bytesOnAir - bytes) - Double(after) * beaconBytes
    cost.framesOfLeader += Double(world.framesBy[leader] - ofLeader - after)
    cost.radioOnInWindow += Double(radioInWindow)
    let with = framesWith
    for kind in 0..<32 { cost.framesWith[kind] += Double(with[kind] - withBefore[kind]) }
    if allKnew { cost.allKnowByNextBeacon += 1 }
    windows.append(took)
  }

  private func isOver(_ after: Int) -> Bool {
    options.isFlowing ? after >= options.quietWindows : world.everybodyKnowsAll && after >= 3
  }

  private var framesWith: [UInt64] {
    var sum = [UInt64](repeating: 0, count: 32)
    for i in 0..<options.memberCount where i != leader {
      for kind in 0..<32 { sum[kind] += world.node(i) { $0.counters.framesWith[kind] } ?? 0 }
    }
    return sum
  }

  private func submit(at i: Int) {
    let member = world.members[i]
    nextTicket += 1
    _ = options.command.withUnsafeBytes {
      member.station!.pointee.submit(
        $0, token: nil, ticket: Ticket(nextTicket), now: member.local(world.now))
    }
    world.turn(i)
  }
}

extension World {
  /// Everybody knows that everything in the leader's log is decided, and has applied it.
  var everybodyKnowsAll: Bool {
    guard let leader = leaders.first, let last = node(leader, { $0.acceptor.last }) else { return false }
    for i in 0..<members.count where node(i, { $0.acceptor.commit }) != last { return false }
    return true
  }
}
