// Where the battery goes: how long the radio and the host were in each of their states, times what each state
// draws. Radio and host are kept apart, always: on a board that cannot suspend the radio is the smallest part
// of it.

package enum RadioState: UInt8, Sendable {
  case sleeping = 0
  case receiving
  case transmitting
}

package enum HostState: UInt8, Sendable {
  case suspended = 0
  case awake
}

/// What the board around the radio draws.
package struct HostProfile: Hashable, Sendable {
  package var awakeCurrent: Current
  package var suspendedCurrent: Current
  package var millivolts: UInt32
  package init(awakeCurrent: Current, suspendedCurrent: Current, millivolts: UInt32) {
    self.awakeCurrent = awakeCurrent
    self.suspendedCurrent = suspendedCurrent
    self.millivolts = millivolts
  }
  /// Raspberry Pi Zero 2 W, idle: 120 mA at 5 V (cnx-software.com, 2021-12-09). It cannot suspend, so it
  /// never draws less.
  package static let piZero2W = HostProfile(
    awakeCurrent: .milliamperes(120), suspendedCurrent: .milliamperes(120), millivolts: 5_000)
  /// A board that is not counted.
  package static let none = HostProfile(awakeCurrent: .zero, suspendedCurrent: .zero, millivolts: 0)
}

/// Times are summed and multiplied by currents when asked: exact for centuries.
package struct EnergyMeter: Sendable {
  private let radio: (sleep: Current, receive: Current, transmit: Current)
  private let host: HostProfile
  private var radioTimes = InlineArray<3, Int64>(repeating: 0)
  private var hostTimes = InlineArray<2, Int64>(repeating: 0)
  private var radioState = RadioState.sleeping
  private var hostState = HostState.awake
  private var radioSince: LocalTime
  private var hostSince: LocalTime
  package private(set) var radioWakes: UInt64 = 0

  /// Radio asleep, host awake.
  package init(_ profile: RadioProfile, host: HostProfile = .none, at now: LocalTime) {
    radio = (profile.sleepCurrent, profile.receiveCurrent, profile.transmitCurrent)
    self.host = host
    radioSince = now
    hostSince = now
  }

  // MARK: States

  package mutating func radio(_ state: RadioState, at now: LocalTime) {
    settle(now)
    if radioState == .sleeping && state != .sleeping { radioWakes += 1 }
    radioState = state
  }
  package mutating func host(_ state: HostState, at now: LocalTime) {
    settle(now)
    hostState = state
  }
  /// A frame of known air time, sent out of whatever state the radio is in; that state is counted by so much
  /// less.
  package mutating func transmitted(_ airtime: Microseconds, at now: LocalTime) {
    settle(now)
    radioTimes[Int(RadioState.transmitting.rawValue)] += airtime.raw
    radioTimes[Int(radioState.rawValue)] -= airtime.raw
  }

  private mutating func settle(_ now: LocalTime) {
    radioTimes[Int(radioState.rawValue)] += max(0, (now - radioSince).raw)
    hostTimes[Int(hostState.rawValue)] += max(0, (now - hostSince).raw)
    radioSince = max(radioSince, now)
    hostSince = max(hostSince, now)
  }

  // MARK: Figures, as of the last call that named a time

  /// Brings the figures up to `now`.
  package mutating func update(at now: LocalTime) { settle(now) }

  package func radioTime(_ state: RadioState) -> Microseconds {
    Microseconds(max(0, radioTimes[Int(state.rawValue)]))
  }
  package func hostTime(_ state: HostState) -> Microseconds { Microseconds(hostTimes[Int(state.rawValue)]) }
  /// Receiving and transmitting.
  package var radioOnTime: Microseconds { radioTime(.receiving) + radioTime(.transmitting) }
  /// Share of the time with the radio on, in millionths.
  package var radioOnPartsPerMillion: Int64 {
    let all = radioOnTime.raw + radioTime(.sleeping).raw
    return all == 0 ? 0 : Int64(Self.product(UInt64(radioOnTime.raw), 1_000_000, over: UInt64(all)))
  }

  /// Charge through the radio in microcoulombs, rounded down; 3.6 million of them are a milliampere-hour.
  package var radioMicrocoulombs: UInt64 {
    charge(radioTime(.sleeping), radio.sleep) + charge(radioTime(.receiving), radio.receive)
      + charge(radioTime(.transmitting), radio.transmit)
  }
  /// Charge through the host in microcoulombs, the radio's not included.
  package var hostMicrocoulombs: UInt64 {
    charge(hostTime(.suspended), host.suspendedCurrent) + charge(hostTime(.awake), host.awakeCurrent)
  }
  /// Energy of the radio in microjoules, at a supply of so many millivolts.
  package func radioMicrojoules(millivolts: UInt32) -> UInt64 {
    Self.product(radioMicrocoulombs, UInt64(millivolts), over: 1_000)
  }
  package var hostMicrojoules: UInt64 {
    Self.product(hostMicrocoulombs, UInt64(host.millivolts), over: 1_000)
  }

  private func charge(_ time: Microseconds, _ current: Current) -> UInt64 {
    // 1 microsecond at 1 nanoampere is 1e-15 coulomb.
    Self.product(UInt64(max(0, time.raw)), UInt64(current.nanoamperes), over: 1_000_000_000)
  }

  /// a x b / c with all bits in between; c > 0.
  private static func product(_ a: UInt64, _ b: UInt64, over c: UInt64) -> UInt64 {
    let wide = a.multipliedFullWidth(by: b)
    guard wide.high < c else { return .max }
    return c.dividingFullWidth(wide).quotient
  }
}
