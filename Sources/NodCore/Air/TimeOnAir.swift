// How long a frame occupies the channel. Integer arithmetic in 64 bits (an `Int` of a 32-bit board is too
// small), rounded up to the microsecond: an air-time budget may be charged too much by one, never too little.

/// The parameters of a LoRa transmission that its duration depends on.
package struct LoRaParameters: Hashable, Sendable {
  /// 7 ... 12. (5 and 6 exist on some chips and follow another formula.)
  package var spreadingFactor: UInt8
  /// 7,800 ... 500,000.
  package var bandwidthHertz: UInt32
  /// 1 ... 4, for rates 4/5 ... 4/8.
  package var codingRate: UInt8
  package var preambleSymbols: UInt16
  package var hasExplicitHeader = true
  package var hasCRC = true

  package init(
    spreadingFactor: UInt8, bandwidthHertz: UInt32, codingRate: UInt8 = 1, preambleSymbols: UInt16 = 8
  ) {
    self.spreadingFactor = spreadingFactor
    self.bandwidthHertz = bandwidthHertz
    self.codingRate = codingRate
    self.preambleSymbols = preambleSymbols
  }

  package var areWithinBounds: Bool {
    spreadingFactor >= 7 && spreadingFactor <= 12 && bandwidthHertz >= 7_800 && bandwidthHertz <= 500_000
      && codingRate >= 1 && codingRate <= 4
  }

  /// Low data rate optimisation: required where a symbol lasts 16 ms or longer (SF11 and SF12 at 125 kHz).
  package var isLowDataRate: Bool { UInt64(1_000) << UInt64(spreadingFactor) >= 16 * UInt64(bandwidthHertz) }
}

package enum TimeOnAir {
  /// A LoRa frame, by Semtech AN1200.13 (2013), as in the SX126x driver of LoRaMac-node:
  ///
  ///     n = max(ceil((8 PL - 4 SF + 28 + 16 CRC - 20 IH) / (4 (SF - 2 DE))), 0) (CR + 4)
  ///     T = (Npre + 4.25 + 8 + n) 2^SF / BW
  ///
  /// with IH = 1 for an implicit header and DE = 1 for low data rate optimisation.
  ///
  /// - Parameter payload: bytes of the frame, 0 ... 255.
  package static func lora(payload: Int, _ lora: LoRaParameters) -> Microseconds {
    precondition(lora.areWithinBounds && payload >= 0 && payload <= 255)
    let sf = Int64(lora.spreadingFactor)
    let bits = 8 * Int64(payload) - 4 * sf + 28 + (lora.hasCRC ? 16 : 0) - (lora.hasExplicitHeader ? 0 : 20)
    let bitsPerBlock = 4 * (sf - (lora.isLowDataRate ? 2 : 0))
    let blocks = max(0, ceilingDivide(bits, bitsPerBlock))
    let payloadSymbols = 8 + blocks * (Int64(lora.codingRate) + 4)
    return symbols(quarters: 4 * (Int64(lora.preambleSymbols) + payloadSymbols) + 17, lora)
  }

  /// The part of a LoRa frame before its header: the preamble and the sync word's 4.25 symbols.
  package static func loraPreamble(_ lora: LoRaParameters) -> Microseconds {
    symbols(quarters: 4 * Int64(lora.preambleSymbols) + 17, lora)
  }

  /// A frame at a constant rate: at IEEE 802.15.4's 250 kbit/s 32 microseconds a byte.
  package static func constantRate(bytes: Int, bitsPerSecond: UInt32) -> Microseconds {
    precondition(bytes >= 0 && bitsPerSecond > 0)
    return Microseconds(ceilingDivide(Int64(bytes) * 8_000_000, Int64(bitsPerSecond)))
  }

  private static func symbols(quarters: Int64, _ lora: LoRaParameters) -> Microseconds {
    let chips = quarters << Int64(lora.spreadingFactor)
    return Microseconds(ceilingDivide(chips * 250_000, Int64(lora.bandwidthHertz)))
  }

  private static func ceilingDivide(_ a: Int64, _ b: Int64) -> Int64 { a <= 0 ? a / b : (a + b - 1) / b }
}
