// Capture files come from anywhere. Cut anywhere and with any bit turned, one is read up to the flaw, and whatever is
// found in it lies within the file.
import Foundation
import NodCore
import NodSecurity
import Testing

@testable import nodctl

@Suite struct CaptureFuzzTests {
  /// Captures tried, each cut or changed in another way.
  private static let tries: UInt64 = 20_000

  private static func little(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// Three frames over Ethernet and IPv4, in a classic capture.
  private static var capture: [UInt8] {
    var bytes: [UInt8] = little(0xa1b2_c3d4) + [2, 0, 4, 0]
    for word: UInt32 in [0, 0, 65_535, 1] { bytes += little(word) }
    for counter in UInt8(0)..<3 {
      var frame: [UInt8] = [0x11, 1, 1, counter, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]
      frame += [UInt8](repeating: 0xaa, count: 20)
      let udp: [UInt8] = [0x1b, 0xbc, 0x1b, 0xbd, 0, UInt8(8 + frame.count), 0, 0]
      let length = UInt8(20 + udp.count + frame.count)
      let network: [UInt8] = [0x45, 0, 0, length, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
      var packet = [UInt8](repeating: 2, count: 12) + [8, 0]
      for layer in [network, udp, frame] { packet += layer }
      let size = UInt32(packet.count)
      for word in [1, 0, size, size] { bytes += little(word) }
      bytes += packet
    }
    return bytes
  }

  private func frames(_ bytes: [UInt8]) -> (CaptureFile, [CapturedFrame]) {
    let file = CaptureFile(bytes)
    var finder = DatagramFinder(file.view)
    return (file, CapturedFrame.all(in: file, ports: nil, finder: &finder))
  }

  @Test func aSoundCaptureIsReadWhole() throws {
    let (file, found) = frames(Self.capture)
    #expect(file.flaw == nil && found.count == 3)
    #expect(try found.map { try $0.header.get().counter } == [0, 1, 2])
    #expect(found[0].datagram.source == "10.0.0.1" && found[0].datagram.sourcePort == 7100)
  }

  @Test func whateverIsFoundLiesWithinTheFile() {
    let whole = Self.capture
    for seed in 0..<Self.tries {
      var bytes = whole
      var state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1
      func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
      }
      for _ in 0..<next(6) { bytes[next(bytes.count)] ^= 1 << UInt8(next(8)) }
      if seed % 3 == 0 { bytes.removeLast(next(bytes.count)) }
      let (file, found) = frames(bytes)
      for each in found {
        let end = each.datagram.offset + each.datagram.count
        #expect(each.datagram.count >= 0 && end <= bytes.count && each.datagram.offset >= each.packet.offset)
      }
      if let flaw = file.flaw { #expect(flaw.offset <= bytes.count) }
    }
  }

  @Test func aCaptureWithoutAHeaderSaysSo() {
    for bytes in [[], [1, 2, 3], [UInt8]("hello, this is text".utf8)] {
      #expect(CaptureFile(bytes).flaw?.offset == 0)
    }
  }
}
