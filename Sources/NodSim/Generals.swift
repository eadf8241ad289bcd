// Two generals and a scout, by Paxos over the same lossy link: how long one agreement takes, and that it
// never
// contradicts itself.
import NodCore

/// What one simulated agreement came to.
package struct GeneralsReport: Sendable {
  /// Two members decided different entries, or any other safety check failed.
  package var contradiction: Bool
  /// Windows from the order until all three had applied it.
  package var windows: Int
  /// Frames sent in them.
  package var frames: Int
}

/// Three members that have found each other; the first is given one order.
///
/// - Returns: nil when they did not get that far within `limit` windows, which is told and not counted.
package func generalsAgree(lossPermille: Int, seed: UInt64, limit: Int = 400) -> GeneralsReport? {
  var options = WorldOptions()
  options.seed = seed
  options.lossPermille = lossPermille
  options.commandEvery = nil
  let world = World(options)
  var windows = 0
  while world.leaders.count != 1 || !world.isSettled {
    world.run(windows: 1)
    windows += 1
    if windows > limit || world.checker.violation != nil { break }
  }
  guard windows <= limit else { return nil }
  let frames = world.framesOnAir
  let before = world.checker.highestDecided
  world.traffic.submit(world, member: 0, key: 0, token: nil)
  windows = 0
  while world.checker.violation == nil && (world.checker.highestDecided == before || !world.isSettled) {
    world.run(windows: 1)
    windows += 1
    if windows > limit { return nil }
  }
  return GeneralsReport(
    contradiction: world.checker.violation != nil, windows: windows, frames: world.framesOnAir - frames)
}
