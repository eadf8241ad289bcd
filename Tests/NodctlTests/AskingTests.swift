// The asking commands against a node of paper: what they send, what they print, and their exit codes.
import Foundation
import Testing

@testable import NodConsole
@testable import nodctl

private let healthyStatus = "%3\r\n+name\r\n+gate\r\n+leader\r\n+barn\r\n+quorum\r\n#t\r\n"
private let token = "1-7-42-1033"

/// Answers with a token and an index, and everything else with `reply`.
private func node(_ reply: FakeNode.Answer) -> FakeNode {
  FakeNode { words in
    switch words.prefix(2) {
    case ["NOD", "TOKEN"]: .reply("+\(token)\r\n")
    case ["NOD", "INDEX"]: .reply(":1034\r\n")
    default: reply
    }
  }
}

@Test func aHealthyStatusIsShownAndExitsWithZero() throws {
  let ran = try run(["status", "--socket", node(.reply(healthyStatus)).path])
  #expect(ran.status == 0)
  #expect(ran.out == "healthy, led by barn: gate\n")
}

@Test func aStatusWithoutALeaderExitsWithFour() throws {
  let fake = node(.reply("%2\r\n+leader\r\n_\r\n+why\r\n+heard 1 of 5\r\n"))
  let ran = try run(["status", "--socket", fake.path])
  #expect(ran.status == 4)
  #expect(ran.out == "no leader is known\nwhy: heard 1 of 5\n")
}

@Test func waitingForHealthEndsWhenALeaderIsThere() throws {
  let asked = LockedCount()
  let fake = FakeNode { _ in .reply(asked.next() < 3 ? "%1\r\n+leader\r\n_\r\n" : healthyStatus) }
  #expect(try run(["status", "--wait", "60", "--socket", fake.path]).status == 0)
}

@Test func statusInJSONIsOneLineOfTheNodesOwnFields() throws {
  let ran = try run(["status", "--json"], environment: ["NOD_SOCKET": node(.reply(healthyStatus)).path])
  #expect(ran.out == #"{"name":"gate","leader":"barn","quorum":true}"# + "\n")
}

@Test func theTailOfTheLogIsCountedFromItsEnd() throws {
  let fake = FakeNode { words in
    switch words {
    case ["NOD", "LOG"]: .reply("*1\r\n%1\r\n+index\r\n:30\r\n")
    case ["NOD", "LOG", "26", "5"]: .reply("*1\r\n%2\r\n+index\r\n:26\r\n+what\r\n+set\r\n")
    default: .reply("-ERR \(words)\r\n")
    }
  }
  let ran = try run(["log", "--count", "5", "--socket", fake.path])
  #expect(ran.out == "index  what\n   26  set\n")
}

@Test func anAbsentKeyExitsWithOne() throws {
  let ran = try run(["get", "k", "--socket", node(.reply("_\r\n")).path])
  #expect(ran.status == 1)
  #expect(ran.out == "")
}

@Test func aLinearizableReadThatTimesOutExitsWithFive() throws {
  let ran = try run(["get", "k", "--linearizable", "--socket", node(.reply("-TIMEOUT no quorum\r\n")).path])
  #expect(ran.status == 5)
}

@Test func aChangeTravelsUnderATokenAndReportsItsIndex() throws {
  let fake = FakeNode { words in
    switch words {
    case ["NOD", "TOKEN"]: .reply("+\(token)\r\n")
    case ["NOD", "WITH", token, "SET", "k", "v", "NX", "PX", "500"]: .reply("+OK\r\n")
    case ["NOD", "INDEX"]: .reply(":1034\r\n")
    default: .reply("-ERR unexpected \(words)\r\n")
    }
  }
  let ran = try run(["set", "k", "v", "--nx", "--ttl-ms", "500", "--socket", fake.path])
  #expect(ran.out == "done, at log index 1034\n", "\(ran.complaint)")
  #expect(ran.status == 0)
}

@Test func aConditionThatIsNotMetExitsWithOne() throws {
  let ran = try run(["set", "k", "v", "--if-equal", "x", "--socket", node(.reply("_\r\n")).path])
  #expect(ran.status == 1)
  #expect(ran.complaint.contains("k is not 'x'"))
}

@Test(arguments: [
  FakeNode.Answer.silence, .hangUp, .reply("-TIMEOUT outcome unknown after 10000 ms\r\n"),
  .reply("?what\r\n"),
])
func whateverBreaksAfterSendingLeavesALineThatRepeatsSafely(answer: FakeNode.Answer) throws {
  let fake = node(answer)
  let ran = try run(["set", "k", "it's", "--xx", "--timeout", "0.5", "--socket", fake.path])
  #expect(ran.status == 5)
  #expect(
    ran.complaint.contains(
      #"  nodctl set k 'it'\''s' --socket \#(fake.path) --xx --token \#(token)"#), "\(ran.complaint)")
}

@Test func aGivenTokenIsUsedInsteadOfANewOne() throws {
  let fake = FakeNode { words in
    words.prefix(4) == ["NOD", "WITH", "9-9-9-9", "DEL"] ? .reply(":2\r\n") : .reply("-ERR \(words)\r\n")
  }
  let ran = try run(["del", "a", "b", "--token", "9-9-9-9", "--socket", fake.path])
  #expect(ran.out == "2 removed\n")
  #expect(ran.status == 0)
}

@Test(arguments: [
  ("-TIMEOUT not sent, no effect\r\n", 1), ("-BUSY too many waiting\r\n", 1), ("-ERR value too long\r\n", 1),
  ("-STALETOKEN issued 2000 entries ago\r\n", 5),
])
func aRefusalExitsByWhatItMeans(reply: String, status: Int32) throws {
  #expect(try run(["set", "k", "v", "--socket", node(.reply(reply)).path]).status == status)
}

@Test func aSocketThatIsNotThereExitsWithThreeAndSaysWhatToDo() throws {
  let ran = try run(["peers", "--socket", "/tmp/no-such-directory/nod.sock"])
  #expect(ran.status == 3)
  #expect(ran.complaint.contains("is nodd running?"))
}

@Test func anAgentThatNeverGreetsIsUnreachable() throws {
  // The listener's queue takes the connection; nobody accepts it.
  let path = runDirectory + "mute-\(UInt32.random(in: 0 ... .max)).sock"
  let script =
    "import socket,time; s=socket.socket(socket.AF_UNIX); s.bind('\(path)'); s.listen(); time.sleep(60)"
  let mute = try Running(["python3", "-c", script], program: "/usr/bin/env")
  defer { withExtendedLifetime(mute) {} }
  let deadline = Date() + 20
  while !FileManager.default.fileExists(atPath: path), Date() < deadline { usleep(10_000) }
  let ran = try run(["get", "k", "--socket", path])
  #expect(ran.status == 3, "\(ran.complaint)")
}

@Test(arguments: [
  ["set", "k"], ["frob"], ["set", "k", "v", "--nx", "--xx"], ["get", "k", "--socket", "a", "--node", "b"],
  ["log", "--from", "0"], ["demo", "two-generals", "--loss", "1.5"], ["del"], ["get", "k", "--timeout", "0"],
  ["provision"],
])
func aWrongCommandLineExitsWithTwo(words: [String]) throws {
  let ran = try run(words)
  #expect(ran.status == 2)
  #expect(ran.out == "")
}

@Test(arguments: [
  "provision", "check", "status", "peers", "log", "trace", "watch", "get", "set", "del", "demo",
])
func everyCommandsHelpShowsAnExample(command: String) throws {
  let ran = try run([command, "--help"])
  #expect(ran.status == 0)
  #expect(ran.out.contains("Example") && ran.out.contains("nodctl \(command)"))
}

@Test func watchingShowsChangesAndTheirValues() throws {
  let fake = FakeNode { words in
    switch words[0] {
    case "PSUBSCRIBE":
      .reply(
        ">3\r\n+psubscribe\r\n+\(words[1])\r\n:1\r\n"
          + ">4\r\n+pmessage\r\n+p\r\n+__keyspace@0__:valve\r\n+set\r\n"
          + ">4\r\n+pmessage\r\n+p\r\n+__keyspace@0__:lock\r\n+expired\r\n")
    case "GET": .reply(words[1] == "valve" ? "$4\r\nopen\r\n" : "_\r\n")
    default: .reply("-ERR\r\n")
    }
  }
  let ran = try run(["watch", "*", "--count", "2", "--json", "--socket", fake.path])
  let lines = ran.out.split(separator: "\n")
  #expect(lines.count == 2, "\(ran)")
  #expect(lines.first?.hasSuffix(#""event":"set","key":"valve","value":"open"}"#) == true)
  #expect(lines.last?.hasSuffix(#""event":"expired","key":"lock","value":null}"#) == true)
}

/// Counts calls from any thread.
private final class LockedCount: @unchecked Sendable {
  private let lock = NSLock()
  private var count = 0
  func next() -> Int {
    lock.withLock {
      count += 1
      return count
    }
  }
}
