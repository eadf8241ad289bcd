// Replies in the order of requests, whatever waits for the cluster: the promises at the head of
// Clients.swift.
import NodCore
import Testing

@testable import NodAgent

@Test func writesOfAPipelineAreSubmittedWithoutWaitingForEachOther() {
  var desk = Desk()
  desk.decidesAtOnce = false
  let slot = desk.open()
  desk.send(
    slot, request("SET", "a", "1") + request("GET", "a") + request("SET", "a", "2") + request("INCR", "a"))
  #expect(desk.cluster.submissions.count == 3)
  #expect(desk.receive(slot) == "")
  desk.cluster.decide(0, &desk.clients)
  // The read between two writes sees the first and not the second.
  #expect(desk.receive(slot) == "+OK\r\n$1\r\n1\r\n")
  desk.cluster.decide(0, &desk.clients)
  #expect(desk.receive(slot) == "+OK\r\n")
  desk.cluster.decide(0, &desk.clients)
  #expect(desk.receive(slot) == ":3\r\n")
}

@Test func theClusterIsToldWhichWritesAReadFollows() {
  var desk = Desk()
  desk.decidesAtOnce = false
  let slot = desk.open()
  let other = desk.open()
  desk.send(slot, request("SET", "a", "1") + request("SET", "a", "2") + request("PING"))
  desk.send(other, request("SET", "b", "1"))
  #expect(desk.cluster.readsFollow == [])
  desk.send(slot, request("GET", "a"))
  #expect(desk.cluster.readsFollow == [desk.cluster.submissions[1].ticket])
  // Its write is answered, so nothing need wait for this one.
  desk.cluster.decide(0, &desk.clients)
  desk.cluster.decide(0, &desk.clients)
  #expect(desk.receive(slot) == "+OK\r\n+OK\r\n+PONG\r\n$1\r\n2\r\n")
  desk.send(slot, request("GET", "a"))
  #expect(desk.cluster.readsFollow.count == 1)
}

@Test func repliesKeepTheOrderOfRequestsWhenAnswersDoNot() {
  var desk = Desk()
  desk.decidesAtOnce = false
  let slot = desk.open()
  desk.send(
    slot,
    request("SET", "a", "1") + request("PING") + request("SET", "b", "2", "GET") + request("NONSENSE")
      + request("SET", "c") + request("NOD", "READ", "b") + request("ECHO", "end"))
  desk.cluster.decide(1, &desk.clients)
  desk.clients.readReady(desk.cluster.reads[0], now: .zero, port: &desk.cluster)
  #expect(desk.receive(slot) == "")
  desk.cluster.decide(0, &desk.clients)
  #expect(
    desk.receive(slot)
      == "+OK\r\n+PONG\r\n$-1\r\n"
      + "-ERR unknown command 'NONSENSE'; COMMAND LIST and NOD HELP show what there is\r\n"
      + "-ERR wrong number of arguments for 'SET' command\r\n$1\r\n2\r\n$3\r\nend\r\n")
}

@Test func anOldValueIsKeptUntilItsReplyIsDue() {
  var desk = Desk()
  let slot = desk.open()
  #expect(desk.say(slot, "SET", "k", "before") == "+OK\r\n")
  desk.decidesAtOnce = false
  desk.send(slot, request("SET", "a", "1") + request("SET", "k", "after", "GET"))
  desk.cluster.decide(1, &desk.clients)
  #expect(desk.receive(slot) == "")
  desk.cluster.decide(0, &desk.clients)
  #expect(desk.receive(slot) == "+OK\r\n$6\r\nbefore\r\n")
}

@Test func oldValuesBeyondTheRoomForThemAreSaidToBeLostAndTheRoomComesBack() {
  var limits = LocalLimits()
  limits.heldValues = 2
  var desk = Desk(limits)
  let slot = desk.open()
  for round in 0..<3 {
    desk.decidesAtOnce = true
    #expect(desk.say(slot, "SET", "k", "v") == "+OK\r\n")
    desk.decidesAtOnce = false
    let swap = request("SET", "k", "v", "GET")
    desk.send(slot, request("SET", "a", "1") + swap + swap + swap)
    for _ in 0..<3 { desk.cluster.decide(1, &desk.clients) }
    desk.cluster.decide(0, &desk.clients)
    let lost = "-ERR done, but the old value is no longer kept\r\n"
    #expect(desk.receive(slot) == "+OK\r\n$1\r\nv\r\n$1\r\nv\r\n\(lost)", "round \(round)")
  }
}

@Test func oneMoreThanMayWaitIsBusyAndTheOthersAreNot() {
  var limits = LocalLimits()
  limits.outstandingPerConnection = 4
  var desk = Desk(limits)
  desk.decidesAtOnce = false
  let slot = desk.open()
  for number in 1...6 { desk.send(slot, request("SET", "k", "\(number)")) }
  desk.send(slot, request("PING"))
  #expect(desk.cluster.submissions.count == 4)
  desk.cluster.decide(0, &desk.clients)
  desk.send(slot, request("SET", "k", "7"))
  #expect(desk.cluster.submissions.count == 4)
  desk.decideAll()
  let busy = "-BUSY too many requests wait for the cluster; not sent, no effect\r\n"
  #expect(desk.receive(slot) == String(repeating: "+OK\r\n", count: 4) + busy + busy + busy + "+OK\r\n")
  desk.decidesAtOnce = true
  #expect(desk.say(slot, "GET", "k") == "$1\r\n7\r\n")
}

@Test func requestsThatWaitOnAllConnectionsTogetherAreBounded() {
  var limits = LocalLimits()
  limits.outstanding = 3
  var desk = Desk(limits)
  desk.decidesAtOnce = false
  let first = desk.open()
  let second = desk.open()
  for _ in 0..<3 { desk.send(first, request("INCR", "n")) }
  desk.send(second, request("INCR", "n"))
  #expect(desk.receive(second).hasPrefix("-BUSY "))
  desk.decideAll()
  desk.send(second, request("INCR", "n"))
  desk.decideAll()
  #expect(desk.receive(second) == ":4\r\n")
}

@Test func aBusyClusterIsToldInTurnAndDoesNotStopLaterWrites() {
  var desk = Desk()
  desk.decidesAtOnce = false
  let slot = desk.open()
  desk.send(slot, request("SET", "a", "1"))
  desk.cluster.verdict = .busy("the air-time budget is spent", retryAfterMilliseconds: 1500)
  desk.send(slot, request("SET", "a", "2"))
  desk.cluster.verdict = .refused("this node is a learner")
  desk.send(slot, request("SET", "a", "3"))
  desk.cluster.verdict = .accepted
  desk.send(slot, request("GET", "a"))
  desk.decideAll()
  #expect(
    desk.receive(slot)
      == "+OK\r\n-BUSY the air-time budget is spent; not sent, no effect; try again in 1500 ms\r\n"
      + "-ERR this node is a learner\r\n$1\r\n1\r\n")
}

@Test func aWaitThatRunsOutIsToldAsUnknownWithTheTokenThatMakesRepeatingSafe() {
  var desk = Desk()
  desk.decidesAtOnce = false
  let slot = desk.open()
  desk.send(slot, request("SET", "k", "v") + request("GET", "k"))
  #expect(desk.clients.nextDeadline == LocalTime(microseconds: 10_000_000))
  desk.clients.expire(now: LocalTime(microseconds: 9_999_999), port: &desk.cluster)
  #expect(desk.receive(slot) == "")
  desk.clients.expire(now: LocalTime(microseconds: 10_000_000), port: &desk.cluster)
  #expect(
    desk.receive(slot)
      == "-TIMEOUT outcome unknown after 10000 ms: the command may still take effect; to retry safely on "
      + "any node within the token window: NOD WITH 1-7-1-0 SET ...\r\n$-1\r\n")
  // Decided after all; nobody waits any more, and the repetition finds it done.
  desk.decideAll()
  #expect(desk.receive(slot) == "")
  desk.send(slot, request("NOD", "WITH", "1-7-1-0", "SET", "k", "v"))
  desk.decideAll()
  #expect(desk.receive(slot) == "+OK\r\n")
  #expect(desk.clients.nextDeadline == .never)
}

@Test func aWriteThatNeverLeftIsSaidToHaveNoEffect() {
  var desk = Desk()
  desk.decidesAtOnce = false
  desk.cluster.sendsAtOnce = false
  let slot = desk.open()
  desk.send(slot, request("SET", "k", "v") + request("NOD", "WITH", "1-7-9-0", "DEL", "k"))
  desk.clients.expire(now: LocalTime(microseconds: 10_000_000), port: &desk.cluster)
  #expect(
    desk.receive(slot)
      == "-TIMEOUT not sent, no effect\r\n"
      + "-TIMEOUT this attempt was not sent; whether an earlier one took effect is still unknown\r\n")
}

@Test func aLinearizableReadThatFindsNoQuorumTimesOut() {
  var desk = Desk()
  desk.decidesAtOnce = false
  let slot = desk.open()
  desk.send(slot, request("NOD", "READ", "k"))
  let ticket = desk.cluster.reads[0]
  desk.clients.expire(now: LocalTime(microseconds: 10_000_000), port: &desk.cluster)
  #expect(
    desk.receive(slot)
      == "-TIMEOUT no linearizable read point within 10000 ms; GET reads what this node knows\r\n")
  #expect(desk.cluster.abandoned == [ticket])
  desk.clients.readReady(ticket, now: .zero, port: &desk.cluster)
  #expect(desk.receive(slot) == "")
}

@Test func aStaleTokenIsToldApart() {
  var limits = RegistryLimits()
  limits.tokenWindow = 16
  var desk = Desk()
  desk.cluster = ModelCluster(limits: limits)
  let slot = desk.open()
  let token = desk.say(slot, "NOD", "TOKEN").split(separator: "\r\n")[1]
  for _ in 0..<20 { _ = desk.say(slot, "INCR", "n") }
  #expect(desk.say(slot, "NOD", "WITH", String(token), "INCR", "n").hasPrefix("-STALETOKEN "))
  #expect(desk.say(slot, "GET", "n") == "$2\r\n20\r\n")
}

@Test func theClusterIsToldWhenAClientLeaves() {
  var desk = Desk()
  desk.decidesAtOnce = false
  let slot = desk.open()
  desk.send(slot, request("SET", "a", "1") + request("PING") + request("NOD", "READ", "a"))
  let tickets = [desk.cluster.submissions[0].ticket, desk.cluster.reads[0]]
  desk.clients.close(slot, port: &desk.cluster)
  #expect(desk.cluster.abandoned == tickets)
  #expect(desk.clients.nextDeadline == .never)
  // The next client in the same place gets none of its answers.
  let next = desk.open()
  desk.send(next, request("SET", "b", "1"))
  desk.cluster.decide(0, &desk.clients)
  #expect(desk.receive(next) == "")
  desk.cluster.decide(0, &desk.clients)
  #expect(desk.receive(next) == "+OK\r\n")
}

@Test func aClientThatSendsNoMoreStillGetsItsAnswers() {
  var desk = Desk()
  desk.decidesAtOnce = false
  let slot = desk.open()
  desk.send(slot, request("SET", "a", "1") + request("GET", "a"))
  desk.clients.inputEnded(slot)
  #expect(desk.clients.fate(slot) == .stay)
  desk.decideAll()
  #expect(desk.clients.fate(slot) == .stay)
  #expect(desk.receive(slot) == "+OK\r\n$1\r\n1\r\n")
  #expect(desk.clients.fate(slot) == .close)
}

@Test func theFencingIndexIsThatOfTheLastAcknowledgedWrite() {
  var desk = Desk()
  let slot = desk.open()
  #expect(desk.say(slot, "NOD", "INDEX") == ":0\r\n")
  #expect(desk.say(slot, "SET", "lock", "a", "NX") == "+OK\r\n")
  #expect(desk.say(slot, "NOD", "INDEX") == ":1\r\n")
  #expect(desk.say(slot, "SET", "lock", "b", "NX") == "$-1\r\n")
  #expect(desk.say(slot, "NOD", "INDEX") == ":1\r\n")
  desk.decidesAtOnce = false
  desk.send(slot, request("SET", "a", "1") + request("NOD", "INDEX") + request("SET", "b", "1"))
  desk.cluster.decide(1, &desk.clients)
  desk.cluster.decide(0, &desk.clients)
  // The later write was applied first, but acknowledged last.
  #expect(desk.receive(slot) == "+OK\r\n:4\r\n+OK\r\n")
}
