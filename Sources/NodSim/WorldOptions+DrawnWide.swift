// A drawn world and what a bare medium does not have: a radio, links unlike each other, clocks, slow disks, members
// that stand still, bits that rot. Drawn from a stream of its own, so that the worlds of `drawn` stay what they are.
import NodCore

extension WorldOptions {
  /// The world of this seed, wide.
  package static func drawnWide(seed: UInt64) -> WorldOptions {
    var options = drawn(seed: seed)
    var random = Random(seed: seed &* 991 &+ 13)
    if random.below(2) == 0 { options.drawRadio(&random) }
    options.drawClocks(&random)
    options.links = drawnLinks(&random, options)
    if random.below(3) == 0 { options.slowSyncPermille = [2, 20][random.below(2)] }
    if random.below(3) == 0 { options.suspendEvery = options.period * (20 + random.below(80)) }
    if options.memberCount >= 3 && random.below(3) == 0 { options.rotPermille = 300 }
    options.quietWindows = 800
    return options
  }

  /// Faults and load keep their measure in windows, whatever the period.
  private mutating func drawRadio(_ random: inout Random) {
    let radios: [(RadioProfile, Microseconds)] = [
      (.ieee802154nRF52840, .seconds(1)), (.ieee802154CC2420, .seconds(10)), (.wifiESP32, .milliseconds(500)),
      (.loraSF7, .seconds(60)), (.loraSF9, .seconds(180)),
    ]
    let (profile, period) = radios[random.below(radios.count)]
    let scale = Int(period.raw / self.period.raw)
    use(profile, period: period)
    air.capturePermille = [0, 0, 500][random.below(3)]
    repeatPermille = 0
    darkness = darkness * scale
    powerCutEvery = powerCutEvery.map { $0 * scale }
    partitionEvery = partitionEvery.map { $0 * scale }
    diskTroubleEvery = diskTroubleEvery.map { $0 * scale }
    commandEvery = commandEvery.map { $0 * scale * 4 }
    readEvery = readEvery.map { $0 * scale * 8 }
    valueBytes = min(valueBytes, 40)
    if profile.dutyPermille < 1000 {
      // So much an hour: the load of a band with a duty limit is a command every few windows.
      commandEvery = period * 3
      readEvery = nil
      valueBytes = 0
    }
  }

  private mutating func drawClocks(_ random: inout Random) {
    driftPPM = [0, 20, 100, 2_700][random.below(4)]
    clockAccuracyPPM = max(50, driftPPM)
    if random.below(3) == 0 {
      wakeJitter = .milliseconds(1)
      hostLatency = .milliseconds(2)
    }
  }

  /// Some directions lose more than others; some lose in bursts. The text is what a person would write.
  private static func drawnLinks(_ random: inout Random, _ options: WorldOptions) -> Topology? {
    guard random.below(2) == 0, options.memberCount > 1 else { return nil }
    var text = ""
    let period = options.period.raw / 1000
    for a in 0..<options.memberCount {
      for b in 0..<options.memberCount where a != b {
        switch random.below(6) {
        case 0: text += "n\(a) -> n\(b) loss \([10, 30, 50][random.below(3)])\n"
        case 1:
          text += "n\(a) -> n\(b) burst \(period * Int64(1 + random.below(20)))ms \(period * 100)ms 90\n"
        default: break
        }
      }
    }
    return try? Topology(text, memberCount: options.memberCount)
  }
}
