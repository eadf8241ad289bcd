// What a radio costs: how long a frame is on the air, how long a slot must be, what transmitting, listening
// and sleeping draw, how much of an hour it may transmit. Profiles that are known are in
// RadioProfile+Catalogue; the agent reads others from a file.

/// An electric current; sleeping radios draw fractions of a microampere.
package struct Current: Hashable, Comparable, Sendable {
  package var nanoamperes: UInt32
  package init(nanoamperes: UInt32) { self.nanoamperes = nanoamperes }
  package static func microamperes(_ n: UInt32) -> Current { Current(nanoamperes: n * 1_000) }
  package static func milliamperes(_ n: UInt32) -> Current { Current(nanoamperes: n * 1_000_000) }
  package static let zero = Current(nanoamperes: 0)
  package static func < (a: Current, b: Current) -> Bool { a.nanoamperes < b.nanoamperes }
}

/// A short name in fixed memory; what is longer is cut.
package struct ProfileName: Equatable, Sendable {
  package static let limit = 32
  private var bytes = InlineArray<32, UInt8>(repeating: 0)
  package private(set) var count = 0

  package init(_ text: StaticString) {
    self.init(Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
  package init(_ text: Bytes) {
    count = min(text.count, Self.limit)
    for i in 0..<count { bytes[i] = text[i] }
  }

  package func withBytes<Result>(_ body: (Bytes) -> Result) -> Result {
    withUnsafeBytes(of: bytes) { body($0.part(0, count)) }
  }
  package static func == (a: ProfileName, b: ProfileName) -> Bool {
    a.withBytes { left in b.withBytes { left.equals($0) } }
  }
}

package enum Modulation: Hashable, Sendable {
  /// Every byte takes the same time; the preamble is counted in bytes of that rate.
  case constantRate(bitsPerSecond: UInt32, preambleBytes: Int)
  case lora(LoRaParameters)
}

package struct RadioProfile: Equatable, Sendable {
  package var name: ProfileName
  package var modulation: Modulation
  /// What the layers between a nod frame and the preamble add to each frame.
  package var overheadBytes = 0
  /// Largest nod frame in bytes.
  package var mtu: Int
  package var transmitCurrent = Current.zero
  package var receiveCurrent = Current.zero
  package var sleepCurrent = Current.zero
  /// From receiving to transmitting or back.
  package var turnaround = Microseconds.zero
  /// By how much the moment at which a frame really begins may miss the one intended, either way, in 99 of
  /// 100 cases.
  package var slotJitter = Microseconds.zero
  /// No slot is shorter: what the system below can keep, where that is more than the radio's own needs.
  package var slotFloor = Microseconds.zero
  /// How much of any hour may be spent transmitting, in thousandths; 1,000 where nobody asks.
  package var dutyPermille: UInt16 = 1_000
  /// The supply that energy is counted at, in millivolts: the data sheets' typical conditions.
  package static let supplyMillivolts: Int64 = 3_000

  package init(name: ProfileName, modulation: Modulation, mtu: Int) {
    self.name = name
    self.modulation = modulation
    self.mtu = mtu
  }

  /// How long a nod frame of so many bytes is on the air, preamble and lower layers included.
  package func airTime(_ bytes: Int) -> Microseconds {
    switch modulation {
    case .constantRate(let rate, let preamble):
      TimeOnAir.constantRate(bytes: preamble + overheadBytes + bytes, bitsPerSecond: rate)
    case .lora(let parameters):
      TimeOnAir.lora(payload: min(255, overheadBytes + bytes), parameters)
    }
  }

  /// How long a slot must be for frames of so many bytes: air time, the jitter before and behind it,
  /// turn-round.
  ///
  /// - Parameter jitter: as measured on this host; nil for the profile's own.
  package func slotLength(for bytes: Int, jitter: Microseconds? = nil) -> Microseconds {
    max(slotFloor, airTime(bytes) + (jitter ?? slotJitter) * 2 + turnaround)
  }

  /// How long into a slot a listener must listen to know that nobody speaks in it: jitter either way and a
  /// preamble.
  package func silenceLength(jitter: Microseconds? = nil) -> Microseconds {
    let preamble: Microseconds
    switch modulation {
    case .constantRate(let rate, let bytes):
      preamble = TimeOnAir.constantRate(bytes: bytes, bitsPerSecond: rate)
    case .lora(let parameters): preamble = TimeOnAir.loraPreamble(parameters)
    }
    return preamble + (jitter ?? slotJitter) * 2
  }

  /// Sealed bytes of an idle cluster's beacon, at most: 44 in three windows of four, 52 with the start salt in the
  /// fourth (as the simulator sends them), and a few for the numbers of a long log.
  package static let beaconBytes = 56

  /// What of an hour may be spent transmitting.
  package var hourlyAirtime: Microseconds { Microseconds(3_600_000 * Int64(dutyPermille)) }

  /// What share of the budget one frame a period takes, in thousandths, rounded up; above 1,000 it does not
  /// fit.
  package func budgetPermille(frameBytes: Int, every period: Microseconds) -> Int64 {
    // share = air / period over duty / 1000, in thousandths
    let air = airTime(frameBytes).raw * 1_000_000
    let allowed = period.raw * Int64(dutyPermille)
    return (air + allowed - 1) / allowed
  }

  /// The least period at which one frame a period takes no more than `permille` of the budget.
  package func leastPeriod(frameBytes: Int, permille: Int64) -> Microseconds {
    let allowed = permille * Int64(dutyPermille)
    return Microseconds((airTime(frameBytes).raw * 1_000_000 + allowed - 1) / allowed)
  }
}
