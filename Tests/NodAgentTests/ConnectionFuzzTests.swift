// Bytes that nobody meant: two million of them, from random and from mutated requests, into the whole of the
// local interface. Nothing may stop it, nothing may pile up, and afterwards it serves as before.
import NodCore
import Testing

@testable import NodAgent

/// SplitMix64 (Steele, Lea, Flood 2014): a seed is all there is to a run.
private struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

private let words = [
  "GET", "SET", "DEL", "INCRBY", "EXPIRE", "TTL", "SCAN", "KEYS", "SUBSCRIBE", "PSUBSCRIBE", "UNSUBSCRIBE",
  "PING",
  "HELLO", "NOD", "WITH", "READ", "TOKEN", "LOG", "STATUS", "INFO", "CONFIG", "COMMAND", "DOCS", "CLIENT",
  "SETNAME",
  "RESET", "NX", "XX", "IFEQ", "EX", "PX", "GET", "KEEPTTL", "MATCH", "COUNT", "k", "key:1", "0", "3", "-1",
  "99", "*",
  "[a-", "__key*", "1-7-1-0", "9223372036854775807", "DELEX", "EXISTS", "MGET", "\r\n", "",
]

private func randomRequests(_ random: inout SplitMix64) -> [UInt8] {
  var bytes: [UInt8] = []
  for _ in 0..<Int.random(in: 1...20, using: &random) {
    let count = Int.random(in: 1...6, using: &random)
    let chosen = (0..<count).map { _ in words.randomElement(using: &random)! }
    if Bool.random(using: &random) {
      bytes += request(chosen)
    } else {
      bytes += Array((chosen.joined(separator: " ") + "\r\n").utf8)
    }
  }
  switch Int.random(in: 0..<4, using: &random) {
  case 0: break
  case 1:
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
  case 2: bytes.removeSubrange(0..<Int.random(in: 0..<bytes.count, using: &random))
  default: bytes = (0..<bytes.count).map { _ in UInt8.random(in: 0...255, using: &random) }
  }
  return bytes
}

@Test(arguments: [1, 2] as [UInt64]) func noBytesStopTheLocalInterface(seed: UInt64) {
  var limits = LocalLimits()
  limits.connections = 4
  limits.inputBytes = 1024
  limits.outputBytes = 12 << 10
  limits.outstandingPerConnection = 16
  limits.outstanding = 40
  limits.subscriptions = 8
  limits.heldValues = 2
  var desk = Desk(limits)
  desk.decidesAtOnce = false
  var random = SplitMix64(state: seed)
  for _ in 0..<4 { _ = desk.open() }
  var total = 0
  while total < 1_000_000 {
    let slot = Int.random(in: 0..<4, using: &random)
    let bytes = randomRequests(&random)
    total += bytes.count
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(Int.random(in: 1...200, using: &random))
      rest = rest.dropFirst(piece.count)
      desk.send(slot, Array(piece))
      takeATurn(&desk, &random)
    }
    for slot in 0..<4 where desk.clients.fate(slot) != .stay {
      desk.clients.close(slot, port: &desk.cluster)
      #expect(desk.open() == slot)
    }
  }
  for slot in 0..<4 { desk.clients.close(slot, port: &desk.cluster) }
  #expect(desk.clients.connectionCount == 0 && desk.clients.nextDeadline == .never)
  #expect(desk.clients.waiting.count == 0 && desk.clients.subscriptions.count == 0)
  desk.cluster.submissions = []
  desk.cluster.reads = []
  desk.cluster.verdict = .accepted
  let slot = desk.open()
  desk.decidesAtOnce = true
  #expect(desk.say(slot, "SET", "k", "v") == "+OK\r\n")
  #expect(desk.say(slot, "SET", "k", "w", "GET") == "$1\r\nv\r\n")
}

/// Something else that happens to an agent: an answer, a reader, a timer.
private func takeATurn(_ desk: inout Desk, _ random: inout SplitMix64) {
  desk.now = desk.now + Microseconds(Int64.random(in: 0...300_000, using: &random))
  switch Int.random(in: 0..<8, using: &random) {
  case 0, 1:
    guard let place = desk.cluster.submissions.indices.randomElement(using: &random) else { break }
    desk.cluster.decide(place, &desk.clients, now: desk.now)
  case 2:
    guard let ticket = desk.cluster.reads.popLast() else { break }
    if Bool.random(using: &random) {
      desk.clients.readReady(ticket, now: desk.now, port: &desk.cluster)
    } else {
      desk.clients.readFailed(ticket, reason: "no leader", now: desk.now, port: &desk.cluster)
    }
  case 3, 4, 5:
    let slot = Int.random(in: 0..<4, using: &random)
    let count = desk.clients.unsent(slot).count
    if count > 0 {
      desk.clients.sent(
        slot, count: Int.random(in: 1...count, using: &random), now: desk.now, port: &desk.cluster)
    }
  case 6:
    desk.clients.expire(now: desk.now, port: &desk.cluster)
  default:
    desk.cluster.verdict =
      Int.random(in: 0..<8, using: &random) == 0 ? .busy("x", retryAfterMilliseconds: 1) : .accepted
    while let slot = desk.clients.nextUnflushed() { _ = slot }
  }
  if desk.cluster.submissions.count > 200 { desk.cluster.submissions.removeFirst(100) }
}
