// Air time, slots, budgets and energy, against figures worked out elsewhere.
import NodCore
import Testing

@Suite struct AirTimeTests {
  /// A secured frame of 49 bytes, and 40 bytes at SF12 (1,974.3 ms; a formula in circulation gives 1,810).
  @Test(arguments: [
    (7, 49, 97_536), (9, 49, 328_704), (10, 49, 575_488), (12, 49, 2_301_952), (12, 40, 1_974_272),
    (7, 42, 87_296),
    (11, 49, 1_232_896), (7, 255, 399_616), (12, 0, 663_552),
  ])
  func loraFramesTakeWhatAN1200Says(_ spreadingFactor: Int, _ bytes: Int, _ microseconds: Int) {
    let lora = LoRaParameters(spreadingFactor: UInt8(spreadingFactor), bandwidthHertz: 125_000)
    #expect(TimeOnAir.lora(payload: bytes, lora) == Microseconds(Int64(microseconds)))
  }

  /// The formula once more in floating point, over all parameters.
  @Test func integerArithmeticAgreesWithTheFormula() {
    for sf in 7...12 {
      for bandwidth in [62_500, 125_000, 250_000, 500_000] {
        for rate in 1...4 {
          for payload in stride(from: 0, through: 255, by: 5) {
            for (header, crc) in [(true, true), (false, true), (true, false), (false, false)] {
              var lora = LoRaParameters(
                spreadingFactor: UInt8(sf), bandwidthHertz: UInt32(bandwidth), codingRate: UInt8(rate),
                preambleSymbols: 12)
              lora.hasExplicitHeader = header
              lora.hasCRC = crc
              let symbol = Double(1 << sf) / Double(bandwidth)
              let de: Double = symbol >= 0.016 ? 2 : 0
              let bits = Double(8 * payload - 4 * sf + 28 + (crc ? 16 : 0) - (header ? 0 : 20))
              let blocks = max(0, (bits / (4 * (Double(sf) - de))).rounded(.up))
              let seconds = (12 + 4.25 + 8 + blocks * Double(rate + 4)) * symbol
              let difference = Double(TimeOnAir.lora(payload: payload, lora).raw) - seconds * 1e6
              #expect(difference > -0.01 && difference < 1)
            }
          }
        }
      }
    }
  }

  @Test func framesAtAConstantRateTakeTheirBytes() {
    let radio = RadioProfile.ieee802154nRF52840
    // 6 PHY, 11 MAC, 7 6LoWPAN and UDP, 49 of nod: 73 bytes at 32 microseconds.
    #expect(radio.airTime(49) == Microseconds(73 * 32))
    #expect(radio.airTime(radio.mtu) == Microseconds((6 + 127) * 32))
    #expect(RadioProfile.loopback.airTime(1_280) == Microseconds(107))
  }

  @Test func aSlotHoldsItsFrameItsJitterAndTheTurnRound() {
    var radio = RadioProfile.ieee802154nRF52840
    radio.slotJitter = Microseconds(300)
    #expect(radio.slotLength(for: 49) == Microseconds(73 * 32 + 2 * 300 + 192))
    #expect(radio.slotLength(for: 49, jitter: Microseconds(1_000)) == Microseconds(73 * 32 + 2_000 + 192))
    #expect(RadioProfile.loopback.slotLength(for: 1_280) == Microseconds(2_000))
    #expect(RadioProfile.loopback.slotLength(for: 100, jitter: .milliseconds(3)) > Microseconds(6_000))
  }

  @Test func silenceIsKnownInLessThanHalfAFullSlot() {
    for radio in RadioProfile.builtIn where radio.slotFloor == .zero {
      #expect(radio.silenceLength() * 2 < radio.slotLength(for: radio.mtu))
    }
  }

  /// Beacons of 42 bytes every 10 s; 50 % of a budget of 1 % allow them every 17.5 s at SF7.
  @Test func beaconsMustFitTheBudget() {
    #expect(RadioProfile.loraSF7.budgetPermille(frameBytes: 42, every: .seconds(10)) == 873)
    #expect(RadioProfile.loraSF9.budgetPermille(frameBytes: 42, every: .seconds(10)) > 2_800)
    let least = RadioProfile.loraSF7.leastPeriod(frameBytes: 42, permille: 500)
    #expect(least > .seconds(17) && least < .seconds(18))
    #expect(RadioProfile.loraSF7.budgetPermille(frameBytes: 42, every: least) <= 500)
    #expect(RadioProfile.loraSF7.budgetPermille(frameBytes: 42, every: least - Microseconds(2)) > 500)
  }

  /// What `nodd --check` asks for: protocol review B7 says 20 s, 60 s and 8 min for beacons of 42 bytes, rounded up.
  @Test(arguments: zip([7, 9, 12], [(20, 23), (66, 72), (490, 530)]))
  func leastPeriodsOfLoRaAreAboutThoseOfTheReview(spreadingFactor: Int, seconds: (Int64, Int64)) {
    let radio: RadioProfile =
      spreadingFactor == 7 ? .loraSF7 : spreadingFactor == 9 ? .loraSF9 : .loraSF12
    let least = radio.leastPeriod(frameBytes: RadioProfile.beaconBytes, permille: 500)
    #expect(least >= .seconds(seconds.0) && least <= .seconds(seconds.1), "\(least.raw)")
  }

  @Test func builtInProfilesAreFoundByTheirNamesAndFitTheirRadio() {
    for radio in RadioProfile.builtIn {
      #expect(radio.name.withBytes { RadioProfile.named($0) } == radio)
      #expect(radio.mtu >= 96 && radio.mtu <= 1_280)
      if case .lora(let lora) = radio.modulation {
        #expect(radio.mtu + radio.overheadBytes <= 255)
        #expect(lora.areWithinBounds)
      }
    }
    #expect("lora".utf8.withContiguousStorageIfAvailable { RadioProfile.named(Bytes($0)) } == .some(nil))
    #expect(RadioProfile.builtIn.count == 7)
  }
}

@Suite struct AirtimeBudgetTests {
  private let start = LocalTime(microseconds: 123 * 60_000_000 + 30_000_000)  // half a minute into a minute

  @Test func aHundredAndNinthSF9FrameOfTheHourMustWait() {
    let radio = RadioProfile.loraSF9
    var budget = AirtimeBudget(limit: radio.hourlyAirtime, at: start)
    var sent = 0
    while budget.admit(radio.airTime(49), .ordinary, at: start + .seconds(1) * sent) == .admitted {
      sent += 1
    }
    #expect(sent == 109)
  }

  @Test func whoMustWaitIsToldHowLongAndThatIsTrue() {
    var budget = AirtimeBudget(limit: .seconds(36), at: start)
    #expect(budget.admit(.seconds(20), .ordinary, at: start) == .admitted)
    #expect(budget.admit(.seconds(16), .ordinary, at: start + .seconds(600)) == .admitted)
    let now = start + .seconds(700)
    // The first minute leaves 62 minutes after it began, which was 30 s before the start.
    let wait = Microseconds.seconds(62 * 60 - 30 - 700)
    #expect(budget.verdict(.seconds(5), .ordinary, at: now) == .wait(wait))
    #expect(
      budget.verdict(.seconds(5), .ordinary, at: now + wait - Microseconds(1)) == .wait(Microseconds(1)))
    #expect(budget.verdict(.seconds(5), .ordinary, at: now + wait) == .admitted)
    #expect(budget.used(at: now + wait) == .seconds(16))
  }

  @Test func theQueueBeforeAFrameCounts() {
    var budget = AirtimeBudget(limit: .seconds(36), at: start)
    budget.spend(.seconds(30), at: start)
    #expect(budget.verdict(.seconds(4), .ordinary, after: .seconds(2), at: start) == .admitted)
    let wait = Microseconds.seconds(62 * 60 - 30)
    #expect(budget.verdict(.seconds(4), .ordinary, after: .seconds(3), at: start) == .wait(wait))
    // Queues worth two more budgets: what is spent now leaves room for the rest, or does not.
    let rings = Microseconds.seconds(2 * 62 * 60)
    #expect(budget.verdict(.seconds(4), .ordinary, after: .seconds(73), at: start) == .wait(rings))
    #expect(budget.verdict(.seconds(4), .ordinary, after: .seconds(75), at: start) == .wait(rings + wait))
    let closed = AirtimeBudget(limit: .zero, at: start)
    #expect(closed.verdict(.zero, .ordinary, after: .seconds(1), at: start) == .never)
  }

  @Test func theReserveIsForWhatIsEssential() {
    var budget = AirtimeBudget(limit: .seconds(36), at: start)
    budget.reserve = .seconds(6)
    #expect(budget.admit(.seconds(30), .ordinary, at: start) == .admitted)
    #expect(budget.isDownToReserve(at: start))
    #expect(budget.admit(.seconds(1), .ordinary, at: start) != .admitted)
    #expect(budget.admit(.seconds(6), .essential, at: start) == .admitted)
    #expect(budget.admit(.seconds(1), .essential, at: start) != .admitted)
    #expect(budget.left(at: start) == .zero)
  }

  @Test func whatIsLargerThanTheBudgetIsNeverAdmitted() {
    var budget = AirtimeBudget(limit: .seconds(36), at: start)
    budget.reserve = .seconds(6)
    #expect(budget.verdict(.seconds(31), .ordinary, at: start) == .never)
    #expect(budget.verdict(.seconds(36), .essential, at: start) == .admitted)
    #expect(budget.verdict(.seconds(37), .essential, at: start) == .never)
  }

  /// Random traffic: no hour whatsoever exceeds the limit, and what is admitted keeps to it.
  @Test func noHourEverExceedsTheLimit() {
    var random = SeededRandom(seed: 21)
    for _ in 0..<20 {
      var budget = AirtimeBudget(limit: .seconds(36), at: start)
      var sent: [(at: LocalTime, airtime: Microseconds)] = []
      var now = start
      for _ in 0..<3_000 {
        now = now + .milliseconds(Int64(random.below(20_000)))
        let airtime = Microseconds.milliseconds(Int64(1 + random.below(2_000)))
        if budget.admit(airtime, .ordinary, at: now) == .admitted { sent.append((now, airtime)) }
        let hour = sent.reversed().prefix { (now - $0.at) < .seconds(3_600) }.reduce(Microseconds.zero) {
          $0 + $1.airtime
        }
        #expect(hour <= .seconds(36))
        #expect(budget.used(at: now) >= hour)
      }
      #expect(sent.count > 100)
    }
  }

  @Test func aClockThatGoesBackOrLeapsDoesNoHarm() {
    var budget = AirtimeBudget(limit: .seconds(36), at: start)
    budget.spend(.seconds(36), at: start)
    #expect(budget.used(at: .zero) == .seconds(36))
    #expect(budget.used(at: start + .seconds(100_000_000)) == .zero)
  }

  @Test func anUnknownPastCountsAsSpent() {
    var budget = AirtimeBudget(limit: .seconds(36), at: start)
    budget.assumeSpent(at: start)
    #expect(budget.left(at: start) == .zero)
    #expect(budget.left(at: start + .seconds(3_720)) == .seconds(36))
  }

  @Test func aRestartKeepsWhatWasSpent() {
    var budget = AirtimeBudget(limit: .seconds(36), at: start)
    budget.spend(.seconds(7), at: start)
    budget.spend(Microseconds(1_500), at: start + .seconds(1_200))
    let bytes = encoded { budget.write(to: &$0, at: start + .seconds(1_500)) }
    #expect(bytes.count == AirtimeBudget.savedBytes)
    let boot = LocalTime(microseconds: 5_000_000)
    var again = AirtimeBudget(limit: .seconds(36), at: boot)
    #expect(bytes.withUnsafeBytes { again.read($0, at: boot) })
    #expect(again.used(at: boot) == Microseconds(7_002_000))
    #expect(again.used(at: boot + .seconds(40 * 60)) == Microseconds(2_000))
    #expect(!bytes.dropLast().withUnsafeBytes { again.read($0, at: boot) })
  }

  @Test func nothingIsSentThatNoNoteStandsFor() {
    var budget = AirtimeBudget(limit: .seconds(36), isNoted: true, at: start)
    #expect(budget.admit(.seconds(1), .essential, at: start) == .unnoted)
    budget.cover(budget.coverage(ahead: budget.ahead(.seconds(4), at: start)))
    for _ in 0..<4 { #expect(budget.admit(.seconds(1), .ordinary, at: start) == .admitted) }
    #expect(budget.admit(.seconds(1), .ordinary, at: start) == .unnoted)
    #expect(budget.wantsNote(ahead: .seconds(4), at: start))
    // A note never allows more than the budget has left, and none is wanted when nothing is.
    budget.spend(.seconds(31), at: start)
    #expect(budget.ahead(.seconds(4), at: start) == .seconds(1))
    budget.spend(.seconds(1), at: start)
    #expect(!budget.wantsNote(ahead: .seconds(4), at: start))
  }

  /// Random traffic, notes that become durable late or never, power cuts, clocks that begin anew at any second of a
  /// minute: over all starts together no hour exceeds the limit.
  @Test func noHourExceedsTheLimitOverRestarts() {
    var random = SeededRandom(seed: 22)
    let limit = Microseconds.seconds(36)
    for _ in 0..<20 {
      var sent: [(at: LocalTime, airtime: Microseconds)] = []
      var now = start
      var boot = start - .seconds(Int64(random.below(60)))
      func local() -> LocalTime { LocalTime(microseconds: (now - boot).raw) }
      var budget = AirtimeBudget(limit: limit, isNoted: true, at: local())
      var disk: [UInt8] = []
      var pending: (bytes: [UInt8], coverage: Microseconds)?
      for _ in 0..<3_000 {
        now = now + .milliseconds(Int64(random.below(20_000)))
        switch random.below(400) {
        case 0:  // the power goes; what was being written is on the disk, or is not
          if let pending, random.below(2) == 0 { disk = pending.bytes }
          pending = nil
          boot = now - .seconds(Int64(random.below(60)))
          budget = AirtimeBudget(limit: limit, isNoted: true, at: local())
          if !disk.isEmpty { #expect(disk.withUnsafeBytes { budget.read($0, at: local()) }) }
        case 1..<200:
          if let done = pending {
            disk = done.bytes
            budget.cover(done.coverage)
            pending = nil
          } else if budget.wantsNote(ahead: .seconds(5), at: local()) {
            let ahead = budget.ahead(.seconds(5), at: local())
            let bytes = encoded { budget.write(to: &$0, ahead: ahead, at: local()) }
            pending = (bytes, budget.coverage(ahead: ahead))
          }
        default: break
        }
        let airtime = Microseconds.milliseconds(Int64(1 + random.below(1_000)))
        if budget.admit(airtime, .ordinary, at: local()) == .admitted { sent.append((now, airtime)) }
        let hour = sent.reversed().prefix { (now - $0.at) < .seconds(3_600) }.reduce(Microseconds.zero) {
          $0 + $1.airtime
        }
        #expect(hour <= limit)
      }
      #expect(sent.count > 100)
    }
  }

  @Test func aRadioWithoutDutyCycleIsNeverHeldBack() {
    var budget = AirtimeBudget(limit: RadioProfile.loopback.hourlyAirtime, at: start)
    var now = start
    for _ in 0..<2_000 {
      #expect(budget.admit(.seconds(9), .ordinary, at: now) == .admitted)
      now = now + .seconds(10)
    }
  }
}

@Suite struct EnergyMeterTests {
  private let start = LocalTime(microseconds: 1_000)

  @Test func aMinuteIdleCostsThePiThirtySixJoulesAndTheRadioAlmostNothing() {
    var meter = EnergyMeter(.ieee802154nRF52840, host: .piZero2W, at: start)
    meter.radio(.receiving, at: start + .seconds(10))
    meter.radio(.sleeping, at: start + .seconds(10) + .milliseconds(10))
    meter.update(at: start + .seconds(60))
    #expect(meter.hostMicrojoules == 36_000_000)
    // 10 ms at 6.53 mA and 59.99 s at 1.5 microamperes: 65.3 + 89.985 microcoulombs, each rounded down.
    #expect(meter.radioMicrocoulombs == 65 + 89)
    #expect(meter.radioMicrojoules(millivolts: 3_000) == 462)
    #expect(meter.radioOnTime == .milliseconds(10))
    #expect(meter.radioOnPartsPerMillion == 166)
    #expect(meter.radioWakes == 1)
  }

  @Test func transmittingIsTakenOutOfTheStateItHappensIn() {
    var meter = EnergyMeter(.ieee802154nRF52840, at: start)
    meter.radio(.receiving, at: start)
    meter.transmitted(.milliseconds(2), at: start + .milliseconds(5))
    meter.radio(.sleeping, at: start + .milliseconds(10))
    #expect(meter.radioTime(.transmitting) == .milliseconds(2))
    #expect(meter.radioTime(.receiving) == .milliseconds(8))
    #expect(meter.radioTime(.sleeping) == .zero)
  }

  @Test func aSuspendedHostIsCountedApart() {
    let host = HostProfile(
      awakeCurrent: .milliamperes(100), suspendedCurrent: .milliamperes(2), millivolts: 5_000)
    var meter = EnergyMeter(.loopback, host: host, at: start)
    meter.host(.suspended, at: start + .seconds(1))
    meter.host(.awake, at: start + .seconds(10))
    meter.update(at: start + .seconds(11))
    #expect(meter.hostTime(.awake) == .seconds(2))
    #expect(meter.hostTime(.suspended) == .seconds(9))
    #expect(meter.hostMicrocoulombs == 200_000 + 18_000)
    #expect(meter.radioMicrocoulombs == 0)
  }

  @Test func aCenturyDoesNotOverflow() {
    var meter = EnergyMeter(.wifiESP32, host: .piZero2W, at: .zero)
    meter.radio(.receiving, at: .zero)
    meter.update(at: LocalTime(microseconds: 100 * 365 * 86_400 * 1_000_000))
    let seconds: UInt64 = 100 * 365 * 86_400
    #expect(meter.radioMicrocoulombs == seconds * 129_000)
    #expect(meter.hostMicrojoules == seconds * 600_000)
  }

  @Test func timeThatGoesBackAddsNothing() {
    var meter = EnergyMeter(.loopback, at: start + .seconds(5))
    meter.radio(.receiving, at: start)
    meter.update(at: start + .seconds(6))
    #expect(meter.radioTime(.receiving) == .seconds(1))
  }
}
