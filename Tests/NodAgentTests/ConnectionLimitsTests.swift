// Every bound of the local interface, from its inside: what is refused, what is held up, and who is cut.
import NodCore
import Testing

@testable import NodAgent

@Test func aGigabyteAnnouncedIsRefusedAtOnce() {
  var desk = Desk()
  let slot = desk.open()
  desk.send(slot, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1073741824\r\n")
  #expect(
    desk.receive(slot)
      == "-ERR Protocol error: 1073741824 bytes announced: a command may take 16384\r\n")
  #expect(desk.clients.fate(slot) == .finishWriting)
  // What still comes is thrown away, and not for long.
  #expect(desk.clients.room(slot).count > 0)
  desk.clients.received(slot, count: 100, now: .zero, port: &desk.cluster)
  #expect(desk.receive(slot) == "")
  #expect(desk.clients.nextDeadline == LocalTime(microseconds: 500_000))
  desk.clients.expire(now: LocalTime(microseconds: 500_000), port: &desk.cluster)
  #expect(desk.clients.fate(slot) == .close)
}

@Test func repliesThatAreOwedComeBeforeTheRefusal() {
  var desk = Desk()
  desk.decidesAtOnce = false
  let slot = desk.open()
  desk.send(slot, request("SET", "k", "v") + Array("*1\r\n:1\r\n".utf8))
  #expect(desk.receive(slot) == "")
  desk.decideAll()
  #expect(desk.receive(slot) == "+OK\r\n-ERR Protocol error: expected '$', got byte 58\r\n")
}

@Test func halfARequestWaitsForItsOtherHalf() {
  var desk = Desk()
  let slot = desk.open()
  let bytes = request("SET", "k", "v")
  for byte in bytes.dropLast() { desk.send(slot, [byte]) }
  #expect(desk.receive(slot) == "")
  desk.send(slot, [bytes.last!])
  #expect(desk.receive(slot) == "+OK\r\n")
}

@Test func aLargeValueBorrowsABufferAndGivesItBack() {
  var limits = LocalLimits()
  limits.inputBytes = 1024
  limits.valueBytes = 60_000
  limits.largeBuffers = 1
  var desk = Desk(limits)
  desk.cluster = ModelCluster(
    limits: RegistryLimits(
      storeBytes: 1 << 20, storeKeys: 100, keyBytes: 128, valueBytes: 60_000, tokenWindow: 1024))
  let first = desk.open()
  let second = desk.open()
  let value = String(repeating: "v", count: 60_000)
  let large = request("SET", "k", value)
  for round in 0..<3 {
    // A half one holds the only buffer...
    desk.send(first, Array(large[..<30_000]))
    desk.send(second, Array(large[..<30_000]))
    #expect(desk.receive(second).hasPrefix("-BUSY all buffers for large commands"))
    desk.clients.close(second, port: &desk.cluster)
    #expect(desk.open() == second)
    // ...until it is whole.
    desk.send(first, Array(large[30_000...]) + request("STRLEN", "k"))
    #expect(desk.receive(first) == "+OK\r\n:60000\r\n", "round \(round)")
  }
  // Nor does a client that leaves keep it.
  desk.send(first, Array(large[..<30_000]))
  desk.clients.close(first, port: &desk.cluster)
  desk.send(second, large + request("GET", "k"))
  #expect(desk.receive(second) == "+OK\r\n$60000\r\n\(value)\r\n")
}

@Test func aPipelineLargerThanAllBuffersGoesThrough() {
  var limits = LocalLimits()
  limits.inputBytes = 1024
  var desk = Desk(limits)
  let slot = desk.open()
  var expected = ""
  var bytes: [UInt8] = []
  for number in 0..<2_000 {
    bytes += request("SET", "key:\(number % 7)", "value \(number)") + request("GET", "key:\(number % 7)")
    expected += "+OK\r\n$\("value \(number)".utf8.count)\r\nvalue \(number)\r\n"
  }
  var received = ""
  for start in stride(from: 0, to: bytes.count, by: 777) {
    desk.send(slot, Array(bytes[start..<min(start + 777, bytes.count)]))
    received += desk.receive(slot)
  }
  #expect(received == expected)
}

@Test func readsThatWaitHoldTheirInputAndNothingIsLost() {
  var limits = LocalLimits()
  limits.inputBytes = 1024
  var desk = Desk(limits)
  desk.decidesAtOnce = false
  let slot = desk.open()
  desk.send(slot, request("SET", "a", "1"))
  var sent = 0
  let echo = request("ECHO", "0123456789")
  while desk.clients.room(slot).count >= echo.count {
    desk.send(slot, echo)
    sent += 1
  }
  #expect(sent > 20 && sent < 50)
  #expect(desk.receive(slot) == "")
  desk.decideAll()
  #expect(desk.receive(slot) == "+OK\r\n" + String(repeating: "$10\r\n0123456789\r\n", count: sent))
  #expect(desk.clients.room(slot).count == 1024)
}

@Test func aClientThatDoesNotReadIsHeldUpAndThenCut() {
  var limits = LocalLimits()
  limits.outputBytes = 16 << 10
  var desk = Desk(limits)
  let slot = desk.open()
  let value = String(repeating: "v", count: 4_000)
  _ = desk.say(slot, "SET", "k", value)
  for _ in 0..<100 { desk.send(slot, request("GET", "k")) }
  #expect(desk.clients.unsent(slot).count <= 16 << 10)
  #expect(desk.clients.room(slot).count == 0)
  #expect(desk.clients.nextDeadline == LocalTime(microseconds: 2_000_000))
  desk.clients.expire(now: LocalTime(microseconds: 2_000_000), port: &desk.cluster)
  #expect(desk.clients.fate(slot) == .close)
  #expect(desk.clients.counters.droppedUnread == 1)
}

@Test func aSlowReaderGetsEverything() {
  var limits = LocalLimits()
  limits.outputBytes = 16 << 10
  var desk = Desk(limits)
  let slot = desk.open()
  let value = String(repeating: "v", count: 4_000)
  _ = desk.say(slot, "SET", "k", value)
  let gets = (0..<100).flatMap { _ in request("GET", "k") }
  desk.send(slot, gets)
  var received = 0
  while desk.clients.unsent(slot).count > 0 {
    desk.now = desk.now + .seconds(1)
    desk.clients.expire(now: desk.now, port: &desk.cluster)
    let count = min(desk.clients.unsent(slot).count, 999)
    desk.clients.sent(slot, count: count, now: desk.now, port: &desk.cluster)
    received += count
  }
  #expect(received == 100 * "$4000\r\n\(value)\r\n".utf8.count)
  #expect(desk.clients.fate(slot) == .stay)
}

@Test func aSubscriberThatDoesNotReadIsCutAndTheOthersGoOn() {
  var limits = LocalLimits()
  limits.outputBytes = 16 << 10
  var desk = Desk(limits)
  let deaf = desk.open()
  let other = desk.open()
  _ = desk.say(deaf, "PSUBSCRIBE", "*")
  var sets = 0
  while desk.clients.fate(deaf) == .stay, sets < 10_000 {
    #expect(desk.say(other, "SET", "k", "v") == "+OK\r\n")
    sets += 1
  }
  #expect(desk.clients.fate(deaf) == .close)
  #expect(sets > 50 && sets < 500)
}

@Test func aReplyLargerThanTheOutputIsRefusedAndTheConnectionLives() {
  var limits = LocalLimits()
  limits.outputBytes = 8 << 10
  limits.valueBytes = 1_000
  var desk = Desk(limits)
  let slot = desk.open()
  for number in 0..<400 { _ = desk.say(slot, "SET", "a-rather-long-name-of-a-key:\(number)", "v") }
  desk.send(slot, request("PING") + request("KEYS", "*") + request("KEYS", "*:39?"))
  let reply = desk.receive(slot)
  #expect(
    reply.hasPrefix(
      "+PONG\r\n-ERR the reply is larger than a connection's output: ask for less (SCAN, COUNT)\r\n*10\r\n"))
}

@Test func keysAndValuesBeyondTheLimitsAreRefusedByName() {
  var desk = Desk()
  let slot = desk.open()
  #expect(
    desk.say(slot, "SET", String(repeating: "k", count: 129), "v")
      == "-ERR key of 129 bytes: at most 128 are allowed\r\n")
  #expect(
    desk.say(slot, "SET", "k", String(repeating: "v", count: 4097))
      == "-ERR value of 4097 bytes: at most 4096 are allowed\r\n")
  #expect(
    desk.say(slot, "SET", String(repeating: "k", count: 128), String(repeating: "v", count: 4096))
      == "+OK\r\n")
}

@Test func placesForClientsAreBoundedAndComeBack() {
  var limits = LocalLimits()
  limits.connections = 3
  var desk = Desk(limits)
  for _ in 0..<3 { _ = desk.open() }
  #expect(desk.clients.open() == nil)
  desk.clients.close(1, port: &desk.cluster)
  #expect(desk.clients.open() == 1)
  #expect(desk.say(1, "PING") == "+PONG\r\n")
}

@Test func aBrowserIsCutWithoutAWord() {
  var desk = Desk()
  let slot = desk.open()
  desk.send(slot, "POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET k v\r\n")
  #expect(desk.clients.fate(slot) == .close)
  #expect(desk.cluster.keyCount == 0)
}
