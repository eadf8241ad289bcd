// What happens to frames between antennas. As datagrams they behave as the agent's do on a loopback interface; as a
// radio they occupy the channel for their time on air. docs/simulation.md says where the two differ.
import NodCore

package struct AirRules: Sendable, Equatable {
  /// Who transmits hears nothing.
  package var isHalfDuplex: Bool
  /// Two frames that overlap at a receiver destroy each other there.
  package var collides: Bool
  /// How often the one of them that began first is read all the same (the capture effect), in thousandths.
  package var capturePermille = 0
  /// A frame is heard only by who listened from its beginning to its end; else by who listens at its end.
  package var needsWholeFrame: Bool
  /// One delay for a frame and all who hear it; else one for each of them, so that frames overtake each other.
  package var isOneBroadcast: Bool

  /// UDP on one machine: no channel, every receiver its own delay.
  package static let datagrams = AirRules(
    isHalfDuplex: false, collides: false, needsWholeFrame: false, isOneBroadcast: false)
  package static let radio = AirRules(
    isHalfDuplex: true, collides: true, needsWholeFrame: true, isOneBroadcast: true)
}

extension WorldOptions {
  /// A world under this radio, by its rules: MTU, slot and pace follow from the profile as the agent derives them.
  package mutating func use(_ profile: RadioProfile, period: Microseconds) {
    radio = profile
    air = .radio
    mtu = profile.mtu
    jitter = profile.slotJitter
    syncGap = .milliseconds(5)
    self.period = period
  }

  /// What the roster says of slots under a profile, as an agent settles it (NodAgent: NodeFiles, Opening); without one,
  /// slots as short as tests like them, and a pace that spreads a burst of datagrams.
  var clusterSettings: ClusterSettings {
    guard let radio else {
      return ClusterSettings(
        memberCount: memberCount, period: period, slot: slot, syncGap: syncGap,
        framePace: Microseconds(200), mtu: mtu)
    }
    return ClusterSettings(
      memberCount: memberCount, period: period, slot: radio.slotLength(for: mtu), syncGap: syncGap,
      framePace: radio.airTime(mtu) + radio.turnaround, mtu: mtu)
  }
}
