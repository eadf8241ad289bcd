// What an idle cluster costs: the share of time with the radio on, of followers and of the leader.
import NodCore

package struct IdleFigures: Sendable {
  package var followerShare = 0.0
  package var leaderShare = 0.0
  package var framesPerWindow = 0.0
  package var eventsPerWindow = 0.0
  package var beaconBytes = 0.0
  package var windows = 0
  package var leaderChanges = 0
}

package struct IdleOptions: Sendable {
  package var memberCount = 5
  package var lossPermille = 0
  package var period = Microseconds.seconds(10)
  package var radio = RadioProfile.ieee802154nRF52840
  /// From a timer to a board that listens; with it the guard grows.
  package var hostLatency = Microseconds.zero
  package var clockAccuracyPPM = 20
  package var windows = 2_000
  package var seed: UInt64 = 1
  package init() {}
}

/// Lets a cluster without commands run; the time until it has settled is not counted.
package func measureIdle(_ o: IdleOptions) -> IdleFigures {
  var options = quietDay(members: o.memberCount, seed: o.seed)
  options.commandEvery = nil
  options.useUncontended(o.radio, period: o.period)
  options.driftPPM = o.clockAccuracyPPM
  options.clockAccuracyPPM = o.clockAccuracyPPM
  options.hostLatency = o.hostLatency
  options.fullEvery = UInt32(max(16, o.memberCount))
  let world = World(options)
  world.run(windows: 40)
  world.lossPermille = o.lossPermille
  world.run(windows: 100)
  var f = IdleFigures()
  let frames = world.framesOnAir
  let bytes = world.bytesOnAir
  let events = world.eventsHandled
  let leaders = world.checker.leaderChanges
  var follower = (on: Int64(0), time: Int64(0))
  var leader = (on: Int64(0), time: Int64(0))
  // In pieces, so that a change of leaders puts each in its own place.
  for _ in 0..<max(1, o.windows / 50) {
    let leads = world.leaders
    let before = world.figures.members
    world.run(windows: 50)
    let time = 50 * o.period.raw
    let after = world.figures.members
    for i in 0..<o.memberCount {
      let on = after[i].receiving + after[i].transmitting - before[i].receiving - before[i].transmitting
      if leads.contains(i) {
        leader.on += on
        leader.time += time
      } else {
        follower.on += on
        follower.time += time
      }
    }
    f.windows += 50
  }
  f.followerShare = Double(follower.on) / Double(max(1, follower.time))
  f.leaderShare = Double(leader.on) / Double(max(1, leader.time))
  f.framesPerWindow = Double(world.framesOnAir - frames) / Double(f.windows)
  f.beaconBytes = Double(world.bytesOnAir - bytes) / Double(max(1, world.framesOnAir - frames))
  f.eventsPerWindow = Double(world.eventsHandled - events) / Double(f.windows)
  f.leaderChanges = world.checker.leaderChanges - leaders
  return f
}
