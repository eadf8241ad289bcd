// The radios that are built in, each with the source of its figures. Where a figure was chosen and not found
// it is said so. Fields that only bound the frame (`mtu` of LoRa) are choices too: the radio itself could do
// more.

extension RadioProfile {
  /// Looks a built-in profile up by its name.
  package static func named(_ name: Bytes) -> RadioProfile? {
    guard name.count <= ProfileName.limit else { return nil }
    return builtIn.first { $0.name == ProfileName(name) }
  }

  package static var builtIn: [RadioProfile] {
    [loopback, ieee802154nRF52840, ieee802154CC2420, loraSF7, loraSF9, loraSF12, wifiESP32]
  }

  /// UDP between processes of one machine, paced like a radio. No current is drawn; the slot floor is what an
  /// ordinary Linux scheduler keeps.
  package static var loopback: RadioProfile {
    var p = RadioProfile(
      name: ProfileName("loopback"), modulation: .constantRate(bitsPerSecond: 100_000_000, preambleBytes: 8),
      mtu: 1_280)
    p.overheadBytes = 18 + 20 + 8  // Ethernet, IPv4, UDP
    p.slotJitter = Microseconds(500)
    p.slotFloor = Microseconds(2_000)
    return p
  }

  /// nRF52840 at 0 dBm with its DC/DC converter. Currents: Nordic nRF52840 product specification, I_radio TX5
  /// and RX2; sleep: embedwise.pages.dev.
  package static var ieee802154nRF52840: RadioProfile {
    var p = ieee802154("ieee802154-nrf52840")
    p.transmitCurrent = .microamperes(6_400)
    p.receiveCurrent = .microamperes(6_530)
    p.sleepCurrent = Current(nanoamperes: 1_500)
    return p
  }

  /// CC2420, the radio of Wireless Paxos and A2. Currents: CC2420 data sheet; sleep: the whole TelosB board
  /// (Contiki-NG, tutorial on instrumenting energy).
  package static var ieee802154CC2420: RadioProfile {
    var p = ieee802154("ieee802154-cc2420")
    p.transmitCurrent = .microamperes(17_400)
    p.receiveCurrent = .microamperes(18_800)
    p.sleepCurrent = .microamperes(23)
    return p
  }

  /// IEEE 802.15.4 at 2.4 GHz: 250 kbit/s, frames of 127 bytes, turn-round 12 symbols (aTurnaroundTime).
  /// Beside a nod frame: 6 bytes PHY (preamble, delimiter, length), 11 MAC (header, check sum), 7 compressed
  /// IPv6 and UDP (RFC 6282). The jitter is chosen: a radio driven by a controller of its own.
  private static func ieee802154(_ name: StaticString) -> RadioProfile {
    var p = RadioProfile(
      name: ProfileName(name), modulation: .constantRate(bitsPerSecond: 250_000, preambleBytes: 6),
      mtu: 127 - 11 - 7)
    p.overheadBytes = 11 + 7
    p.turnaround = Microseconds(192)
    p.slotJitter = Microseconds(100)
    return p
  }

  package static var loraSF7: RadioProfile { loraEU868("lora-sf7-eu868", spreadingFactor: 7, mtu: 222) }
  package static var loraSF9: RadioProfile { loraEU868("lora-sf9-eu868", spreadingFactor: 9, mtu: 128) }
  package static var loraSF12: RadioProfile { loraEU868("lora-sf12-eu868", spreadingFactor: 12, mtu: 100) }

  /// SX1262, 125 kHz, rate 4/5, in 868.0 to 868.6 MHz, where 1 % of the time may be used (ETSI EN 300 220).
  /// Currents: transmit at 22 dBm (zbotic.in), receive likewise, sleep with configuration kept (SX126x
  /// driver's notes on sleep modes). Turn-round and jitter are chosen: SPI and an ordinary scheduler. A nod
  /// frame is the payload, with nothing between.
  private static func loraEU868(_ name: StaticString, spreadingFactor: UInt8, mtu: Int) -> RadioProfile {
    let lora = LoRaParameters(spreadingFactor: spreadingFactor, bandwidthHertz: 125_000)
    var p = RadioProfile(name: ProfileName(name), modulation: .lora(lora), mtu: mtu)
    p.transmitCurrent = .milliamperes(118)
    p.receiveCurrent = .microamperes(4_600)
    p.sleepCurrent = Current(nanoamperes: 600)
    p.turnaround = .milliseconds(1)
    p.slotJitter = .milliseconds(2)
    p.dutyPermille = 10
    return p
  }

  /// ESP32 Wi-Fi, multicast at 1 Mbit/s with the long preamble (192 microseconds, 24 bytes' time). Currents
  /// are averages measured by github.com/tobymurray/esp32-mqtt-sntp: 129 mA without power save, 41 mA in its
  /// deepest modem sleep. It gives none for transmitting alone: 129 mA stands for that too.
  package static var wifiESP32: RadioProfile {
    var p = RadioProfile(
      name: ProfileName("wifi-esp32"), modulation: .constantRate(bitsPerSecond: 1_000_000, preambleBytes: 24),
      mtu: 1_280)
    p.overheadBytes = 24 + 4 + 8 + 20 + 8  // 802.11 header and check sum, LLC, IPv4, UDP
    p.transmitCurrent = .milliamperes(129)
    p.receiveCurrent = .milliamperes(129)
    p.sleepCurrent = .milliamperes(41)
    p.turnaround = Microseconds(50)  // DIFS
    p.slotJitter = .milliseconds(1)  // chosen
    return p
  }
}
