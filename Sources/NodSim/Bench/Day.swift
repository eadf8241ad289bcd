// A day of a small cluster on an IEEE 802.15.4 radio: idle but for a command a minute, nothing breaks. How long that
// takes to simulate is the simulator's own figure; what the radios did is the cluster's.
import NodCore

/// Options of that day, or of as many hours as asked for.
package func quietDay(members: Int, seed: UInt64) -> WorldOptions {
  var options = WorldOptions()
  options.seed = seed
  options.memberCount = members
  options.useUncontended(.ieee802154nRF52840, period: .seconds(10))
  options.commandEvery = .seconds(60)
  options.tears = false
  options.recordsHistories = false
  return options
}

extension WorldOptions {
  /// This radio's air time, slots and frames on a medium that carries whatever is sent, with little jitter: what is
  /// measured is the protocol, not the collisions of frames.
  mutating func useUncontended(_ profile: RadioProfile, period: Microseconds) {
    use(profile, period: period)
    air = .datagrams
    jitter = Microseconds(100)
  }
}

package struct DayFigures: Sendable {
  package var simulatedSeconds = 0.0
  package var windows = 0
  package var events = 0
  package var frames = 0
  package var acknowledged = 0
  package var violation: Violation?
  package var fingerprint: UInt64 = 0
}

/// Runs a world for so many windows.
package func simulateDay(_ options: WorldOptions, windows: Int) -> DayFigures {
  let world = World(options)
  world.run(windows: windows)
  return DayFigures(
    simulatedSeconds: Double(windows) * Double(options.period.raw) / 1e6, windows: windows,
    events: world.eventsHandled, frames: world.framesOnAir, acknowledged: world.traffic.acknowledged,
    violation: world.checker.violation, fingerprint: world.fingerprint)
}
