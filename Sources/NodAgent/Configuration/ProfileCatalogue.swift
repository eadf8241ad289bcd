// Radio profiles by name: those that are built in (NodCore/Air), and files like those in
// Firmware-config/radios for radios that are not. The shipped files say the same as the built-in profiles,
// as a start for one's own.
import NodCore

package enum ProfileCatalogue {
  /// What a profile file may be called: everything else is a built-in name.
  package static func isFile(_ named: String) -> Bool {
    named.utf8.contains(UInt8(ascii: "/")) || named.ends(with: ".conf")
  }

  package static func builtIn(_ named: String) -> RadioProfile? {
    named.withBytes { RadioProfile.named($0) }
  }

  /// "loopback, ieee802154-nrf52840, ..."
  package static var builtInNames: [String] {
    RadioProfile.builtIn.map { $0.name.withBytes { String(decoding: $0, as: UTF8.self) } }
  }

  package static func read(path: String) throws(ConfigurationErrors) -> RadioProfile {
    var reader = ConfigurationReader(path: path)
    let profile = ask(&reader)
    let errors = reader.finish()
    if !errors.isEmpty { throw errors }
    return profile
  }

  /// Everything that a profile file can say.
  package static var questions: [ConfigurationReader.Question] {
    var reader = ConfigurationReader(emptyNamed: "profile")
    _ = ask(&reader)
    return reader.questions
  }

}

// MARK: - Questions

extension ProfileCatalogue {
  /// The keys that only one of the two modulations uses.
  private static let constantKeys = ["bit_rate_bps", "preamble_bytes"]
  private static let loraKeys = ["spreading_factor", "bandwidth_hz", "coding_rate", "preamble_symbols"]

  static func ask(_ reader: inout ConfigurationReader) -> RadioProfile {
    let section = "radio"
    let name = reader.name(section, "name", usual: nil, meaning: "the profile's name")
    let isLoRa =
      reader.word(section, "modulation", ["constant", "lora"], meaning: "what the air time follows from") == 1
    let constant = askConstant(&reader, section, isAsked: !isLoRa)
    let lora = askLoRa(&reader, section, isAsked: isLoRa)
    for key in isLoRa ? constantKeys : loraKeys where reader.has(section, key) {
      reader.refuse(
        section, key, "has no effect with modulation = \(isLoRa ? "lora" : "constant"): take it out")
    }
    let mtu = reader.number(section, "mtu", 51...1280, usual: nil, meaning: "bytes of the largest nod frame")
    var profile = RadioProfile(
      name: name.withBytes { ProfileName($0) }, modulation: isLoRa ? lora : constant, mtu: Int(mtu))
    profile.overheadBytes = Int(
      reader.number(
        section, "overhead_bytes", 0...256, usual: 0,
        meaning: "bytes that the layers between a nod frame and the preamble add"))
    if isLoRa && profile.overheadBytes + profile.mtu > 255 {
      reader.refuse(section, "mtu", "with overhead_bytes it is more than the 255 bytes of a LoRa frame")
    }
    askCurrents(&reader, section, &profile)
    askTimes(&reader, section, &profile)
    profile.dutyPermille = UInt16(
      reader.number(
        section, "duty_permille", 1...1000, usual: 1000,
        meaning: "thousandths of an hour that may be spent transmitting, by law"))
    return profile
  }

  /// Of the modulation that is not meant nothing need be given.
  private static func askConstant(_ reader: inout ConfigurationReader, _ section: String, isAsked: Bool)
    -> Modulation
  {
    let rate = reader.number(
      section, "bit_rate_bps", 300...1_000_000_000, usual: isAsked ? nil : 300,
      meaning: "bits per second, of modulation = constant")
    let preamble = reader.number(
      section, "preamble_bytes", 0...64, usual: 0,
      meaning: "preamble in bytes of that rate, of modulation = constant")
    return .constantRate(bitsPerSecond: UInt32(rate), preambleBytes: Int(preamble))
  }

  private static func askLoRa(_ reader: inout ConfigurationReader, _ section: String, isAsked: Bool)
    -> Modulation
  {
    let factor = reader.number(
      section, "spreading_factor", 7...12, usual: isAsked ? nil : 7,
      meaning: "spreading factor, of modulation = lora")
    let bandwidth = reader.number(
      section, "bandwidth_hz", 7800...500_000, usual: 125_000,
      meaning: "bandwidth in hertz, of modulation = lora")
    let rate = reader.number(
      section, "coding_rate", 1...4, usual: 1, meaning: "1 is 4/5, 4 is 4/8, of modulation = lora")
    let preamble = reader.number(
      section, "preamble_symbols", 6...65_535, usual: 8, meaning: "preamble in symbols, of modulation = lora")
    return .lora(
      LoRaParameters(
        spreadingFactor: UInt8(factor), bandwidthHertz: UInt32(bandwidth), codingRate: UInt8(rate),
        preambleSymbols: UInt16(preamble)))
  }

  private static func askCurrents(
    _ reader: inout ConfigurationReader, _ section: String, _ profile: inout RadioProfile
  ) {
    let transmit = reader.thousandths(section, "tx_ma", 0...2000, meaning: "milliamperes while transmitting")
    let receive = reader.thousandths(section, "rx_ma", 0...2000, meaning: "milliamperes while receiving")
    let sleep = reader.thousandths(
      section, "sleep_ua", 0...1_000_000, meaning: "microamperes while the radio is off")
    profile.transmitCurrent = .microamperes(UInt32(transmit))
    profile.receiveCurrent = .microamperes(UInt32(receive))
    profile.sleepCurrent = Current(nanoamperes: UInt32(sleep))
  }

  private static func askTimes(
    _ reader: inout ConfigurationReader, _ section: String, _ profile: inout RadioProfile
  ) {
    profile.turnaround = Microseconds(
      reader.number(
        section, "turnaround_us", 0...1_000_000, usual: 0,
        meaning: "microseconds from receiving to transmitting or back"))
    profile.slotJitter = Microseconds(
      reader.number(
        section, "slot_jitter_us", 0...1_000_000, usual: 0,
        meaning: "microseconds by which a frame's beginning may miss its moment, either way"))
    profile.slotFloor = Microseconds(
      reader.number(
        section, "slot_floor_us", 0...10_000_000, usual: 0,
        meaning: "microseconds that no slot is shorter than"))
  }
}
