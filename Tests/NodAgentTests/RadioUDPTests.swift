// UDP as a radio, over the real loopback interface: who hears what, what is lost while off, what is thrown
// away on purpose.
import CBoard
import Foundation
import NodAgent
import NodCore
import Testing

/// Waits for one datagram as the agent does, with a deadline.
private func next(_ radio: inout UDPRadio) throws -> String? {
  var poll = try Poll()
  try poll.add(radio.descriptor, token: 1)
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1280, alignment: 8)
  defer { buffer.deallocate() }
  guard try poll.wait(timeoutMilliseconds: 10_000) == 1, let count = try radio.receive(into: buffer) else {
    return nil
  }
  return String(decoding: buffer[..<count], as: UTF8.self)
}

/// What is there now.
private func pending(_ radio: inout UDPRadio) throws -> Int? {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
  defer { buffer.deallocate() }
  return try radio.receive(into: buffer)
}

private func transmit(_ text: String, _ radio: inout UDPRadio) throws {
  let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
  defer { bytes.deallocate() }
  bytes.copyBytes(from: text.utf8)
  try radio.transmit(Bytes(bytes))
}

/// Waits until the kernel has put something into the receiver's buffer.
private func waitForArrival(_ radio: borrowing UDPRadio) throws {
  var poll = try Poll()
  try poll.add(radio.descriptor, token: 1)
  #expect(try poll.wait(timeoutMilliseconds: 10_000) == 1)
}

@Suite struct RadioUnicastTests {
  @Test(arguments: ["127.0.0.1", "[::1]", "localhost"])
  func aFrameReachesEveryPeerOnTheList(host: String) throws {
    var a = try UDPRadio(listen: "\(host):0")
    var b = try UDPRadio(listen: "\(host):0")
    var c = try UDPRadio(listen: "\(host):0")
    try a.add(NodeID(1), address: "\(host):\(b.port)")
    try a.add(NodeID(30), address: "\(host):\(c.port)")
    try b.turn(on: true)
    try c.turn(on: true)
    try transmit("beacon", &a)
    #expect(try next(&b) == "beacon")
    #expect(try next(&c) == "beacon")
    #expect(a.figures.framesSent == 1)
    #expect(a.figures.bytesSent == 6)
    #expect(a.figures.datagramsSent == 2)
    #expect(b.figures.framesReceived == 1)
    #expect(b.figures.bytesReceived == 6)
  }

  @Test func whatArrivesWhileOffIsLost() throws {
    var a = try UDPRadio(listen: "127.0.0.1:0")
    var b = try UDPRadio(listen: "127.0.0.1:0")
    try a.add(NodeID(1), address: "127.0.0.1:\(b.port)")
    for _ in 0..<5 { try transmit("early", &a) }
    try waitForArrival(b)
    #expect(try pending(&b) == nil)
    try b.turn(on: true)
    try transmit("late", &a)
    #expect(try next(&b) == "late")
    #expect(b.figures.framesMissed == 5)
    // Staying on loses nothing.
    try transmit("kept", &a)
    try waitForArrival(b)
    try b.turn(on: true)
    #expect(try next(&b) == "kept")
  }

  @Test func anEmptyDatagramIsNotTheEnd() throws {
    var a = try UDPRadio(listen: "127.0.0.1:0")
    var b = try UDPRadio(listen: "127.0.0.1:0")
    try a.add(NodeID(1), address: "127.0.0.1:\(b.port)")
    try b.turn(on: true)
    try transmit("", &a)
    try transmit("after", &a)
    #expect(try next(&b) == "")
    #expect(try next(&b) == "after")
  }

  @Test func aDatagramLargerThanTheBufferIsCountedAndDropped() throws {
    var a = try UDPRadio(listen: "127.0.0.1:0")
    var b = try UDPRadio(listen: "127.0.0.1:0")
    try a.add(NodeID(1), address: "127.0.0.1:\(b.port)")
    try b.turn(on: true)
    try transmit(String(repeating: "x", count: 1281), &a)
    try transmit("fits", &a)
    #expect(try next(&b) == "fits")
    #expect(b.figures.oversized == 1)
  }

  @Test func aPeerThatIsGoneIsLossAndNoFailure() throws {
    var a = try UDPRadio(listen: "127.0.0.1:0")
    let port: Int
    do { port = try UDPRadio(listen: "127.0.0.1:0").port }
    try a.add(NodeID(1), address: "127.0.0.1:\(port)")
    try a.turn(on: true)
    for _ in 0..<3 { try transmit("anybody?", &a) }
    #expect(try pending(&a) == nil)
    #expect(a.figures.framesSent == 3)
  }

  @Test func aPortInUseSaysSo() throws {
    let first = try UDPRadio(listen: "127.0.0.1:0")
    let address = "127.0.0.1:\(first.port)"
    do {
      _ = try UDPRadio(listen: address)
      Issue.record("bound twice")
    } catch {
      #expect(error.description == "cannot listen on \(address): Address already in use")
    }
  }

  @Test func aPeerOfAnotherFamilyIsRefused() throws {
    var radio = try UDPRadio(listen: "127.0.0.1:0")
    do {
      try radio.add(NodeID(1), address: "[::1]:7100")
      Issue.record("added")
    } catch {
      #expect(
        error.description == "cannot take as a peer [::1]:7100: Address family not supported by protocol")
    }
  }
}

@Suite struct RadioMulticastTests {
  /// A port that nobody has, for a group of this test's own.
  private func freePort(_ host: String) throws -> Int { try UDPRadio(listen: "\(host):0").port }

  /// The loopback interface has no IPv6 multicast: another one that is up is taken, if there is one.
  private static let multicastInterface: String? = {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return nil }
    defer { freeifaddrs(first) }
    for entry in sequence(first: first!, next: { $0.pointee.ifa_next }) {
      let wanted = UInt32(IFF_UP | IFF_RUNNING | IFF_MULTICAST)
      let isV6 = entry.pointee.ifa_addr?.pointee.sa_family == sa_family_t(AF_INET6)
      if isV6 && entry.pointee.ifa_flags & wanted == wanted { return String(cString: entry.pointee.ifa_name) }
    }
    return nil
  }()

  @Test func aFrameReachesTheGroupOnThisBoard() throws {
    try expectHeard(group: "239.78.79.68", host: "127.0.0.1", interface: "lo")
  }

  @Test(.enabled(if: RadioMulticastTests.multicastInterface != nil, "no interface with IPv6 multicast"))
  func aFrameReachesTheIPv6GroupOnThisBoard() throws {
    try expectHeard(group: "[ff02::4e6f]", host: "[::1]", interface: Self.multicastInterface!)
  }

  private func expectHeard(group: String, host: String, interface: String) throws {
    let address = "\(group):\(try freePort(host))"
    var a = try UDPRadio(group: address, interface: interface)
    var b = try UDPRadio(group: address, interface: interface)
    try a.turn(on: true)
    try b.turn(on: true)
    try transmit("to all", &a)
    #expect(try next(&b) == "to all")
    // Its sender hears it too, and knows its own frames.
    #expect(try next(&a) == "to all")
    #expect(a.figures.datagramsSent == 1)
  }

  @Test func anInterfaceThatIsNotThereIsNamed() {
    do {
      _ = try UDPRadio(group: "239.78.79.68:7100", interface: "nosuch0")
      Issue.record("joined")
    } catch {
      #expect(error.description == "cannot join 239.78.79.68:7100 on nosuch0: No such device")
    }
  }

  @Test func aGroupMustBeOne() {
    #expect(throws: BoardFailure.self) { _ = try UDPRadio(group: "10.0.0.1:7100", interface: "") }
  }
}

@Suite struct RadioLossTests {
  @Test func lossStrikesAsOftenAsAskedAndTheSameWayEachTime() {
    for percent in [0, 1, 10, 30, 50, 99, 100] {
      var loss = DeliberateLoss(percent: percent, seed: 42)
      var again = loss
      let trials = 100_000
      let struck = (0..<trials).filter { _ in loss.strikes() }.count
      // Five standard deviations.
      let share = Double(percent) / 100
      let spread = 5 * (Double(trials) * share * (1 - share)).squareRoot()
      #expect(abs(Double(struck) - Double(trials) * share) <= spread)
      #expect((0..<trials).filter { _ in again.strikes() }.count == struck)
    }
  }

  @Test func seedsLoseDifferently() {
    var a = DeliberateLoss(percent: 50, seed: 1)
    var b = DeliberateLoss(percent: 50, seed: 2)
    let equal = (0..<1000).filter { _ in a.strikes() == b.strikes() }.count
    #expect(equal > 400 && equal < 600)
  }

  @Test func droppedFramesAreCountedAndTheRestArrives() throws {
    var a = try UDPRadio(listen: "127.0.0.1:0")
    var b = try UDPRadio(listen: "127.0.0.1:0", loss: DeliberateLoss(percent: 50, seed: 7))
    try a.add(NodeID(1), address: "127.0.0.1:\(b.port)")
    try b.turn(on: true)
    for _ in 0..<100 {
      try transmit("x", &a)
      try waitForArrival(b)
      _ = try pending(&b)
    }
    #expect(b.figures.framesReceived + b.figures.framesDropped == 100)
    #expect(b.figures.framesDropped > 20 && b.figures.framesDropped < 80)
  }

  @Test func aFloodOfWorthlessDatagramsDoesNotHoldTheLoop() throws {
    var a = try UDPRadio(listen: "127.0.0.1:0")
    var b = try UDPRadio(listen: "127.0.0.1:0", loss: DeliberateLoss(percent: 100, seed: 7))
    try a.add(NodeID(1), address: "127.0.0.1:\(b.port)")
    try b.turn(on: true)
    for _ in 0..<UDPRadio.looksPerReceive + 10 { try transmit("x", &a) }
    try waitForArrival(b)
    #expect(try pending(&b) == nil)
    #expect(b.figures.framesDropped <= UInt64(UDPRadio.looksPerReceive))
  }
}

@Suite struct RadioAddressTests {
  @Test(arguments: [
    "10.0.0.7:7100", "255.255.255.255:1", "localhost:65535", "[fd00::7]:7100", "[::1]:1",
    "[fe80::1%nosuch0]:7100",
  ])
  func anAddressIsUnderstood(text: String) { #expect(BoardAddress.isValid(text)) }

  @Test(arguments: [
    "", ":", "10.0.0.7", "10.0.0.7:", "10.0.0.7:0", "10.0.0.7:65536", "10.0.0.7:+1", "10.0.0.7: 1",
    "10.0.0:7100",
    "10.0.0.256:7100", "fd00::7:7100", "[fd00::7]", "[fd00::7:7100", "fd00::7]:7100", "[fe80::1%]:7100",
    "node-a:7100",
    "10.0.0.7:7100:", "[10.0.0.7]:7100", "10.0.0.7:0000007100",
    "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:7100",
  ])
  func whatIsNoAddressIsRefused(text: String) { #expect(!BoardAddress.isValid(text)) }

  @Test func aGroupIsAMulticastAddress() {
    #expect(BoardAddress.isValid("239.78.79.68:7100", isMulticast: true))
    #expect(BoardAddress.isValid("[ff02::4e6f]:7100", isMulticast: true))
    #expect(!BoardAddress.isValid("10.0.0.7:7100", isMulticast: true))
    #expect(!BoardAddress.isValid("[fd00::7]:7100", isMulticast: true))
  }
}
