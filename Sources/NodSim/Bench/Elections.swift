// What the loss of a leader costs, under either rule: windows, frames and bytes from the moment its power goes until
// another leads and the first entry of its ballot is decided.
import NodCore

package struct ElectionFigures: Sendable {
  package var elections = 0
  /// Rounds that were not counted: no single leader before, or none within 200 windows after.
  package var discarded = 0
  package var windows = 0.0
  package var windowsP99 = 0
  package var frames = 0.0
  package var bytes = 0.0
}

package func measureElections(
  memberCount: Int, rule: ElectionRule, lossPermille: Int, elections: Int, seed: UInt64
) -> ElectionFigures {
  var options = quietDay(members: memberCount, seed: seed)
  options.commandEvery = nil
  options.rule = rule
  let world = World(options)
  world.run(windows: 40)
  world.lossPermille = lossPermille
  var f = ElectionFigures()
  var all: [Int] = []
  for _ in 0..<elections {
    world.run(windows: 40)
    guard let (windows, frames, bytes) = oneElection(world) else {
      f.discarded += 1
      continue
    }
    f.elections += 1
    f.windows += Double(windows)
    f.frames += Double(frames)
    f.bytes += Double(bytes)
    all.append(windows)
  }
  let counted = Double(max(1, f.elections))
  f.windows /= counted
  f.frames /= counted
  f.bytes /= counted
  all.sort()
  if !all.isEmpty { f.windowsP99 = all[min(all.count - 1, all.count * 99 / 100)] }
  return f
}

private func oneElection(_ world: World) -> (windows: Int, frames: Int, bytes: Int)? {
  guard world.leaders.count == 1, world.checker.violation == nil else { return nil }
  let old = world.leaders[0]
  let before = world.checker.highestDecided
  let frames = world.framesOnAir
  let bytes = world.bytesOnAir
  world.cutPower(old)
  defer { world.powerOn(old) }
  for windows in 1...200 {
    world.run(windows: 1)
    if let new = world.leaders.first, world.leaders.count == 1,
      world.node(new, { $0.acceptor.commit == $0.acceptor.last && $0.acceptor.commit.raw > before }) == true
    {
      return (windows, world.framesOnAir - frames, world.bytesOnAir - bytes)
    }
  }
  return nil
}
