// The paces of a simulated cluster, from its radio: what an agent's roster derives from the same profile.
import NodCore

extension WorldOptions {
  /// Slots, frame size and pace as the profile asks for; without one, slots as short as tests like them.
  var clusterSettings: ClusterSettings {
    guard let profile = radio else {
      return ClusterSettings(
        memberCount: memberCount, period: period, slot: .milliseconds(2), syncGap: .milliseconds(4),
        framePace: Microseconds(200), mtu: mtu)
    }
    let size = min(mtu, profile.mtu)
    return ClusterSettings(
      memberCount: memberCount, period: period, slot: profile.slotLength(for: size),
      syncGap: .milliseconds(5),
      framePace: profile.airTime(size) + profile.turnaround, mtu: size)
  }
}
