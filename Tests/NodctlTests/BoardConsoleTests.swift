// The small nodctl for boards and the workstation's say the same and end alike; only the help is laid out otherwise.
import Foundation
import Testing

@testable import nodctl

private let boardPath = URL(fileURLWithPath: nodctlPath).deletingLastPathComponent()
  .appendingPathComponent("nodctl-board").path

private let node = FakeNode { words in
  switch words {
  case ["NOD", "STATUS"]: .reply("%3\r\n+name\r\n+gate\r\n+leader\r\n_\r\n+why\r\n+heard 1 of 5\r\n")
  case ["NOD", "PEERS"]: .reply("*1\r\n%2\r\n+name\r\n+barn\r\n+loss_in_permille\r\n:12\r\n")
  case ["NOD", "VIA", "barn", "PEERS"]: .reply("*1\r\n%1\r\n+name\r\n+gate\r\n")
  case ["NOD", "LOG", "7"]: .reply("*1\r\n%2\r\n+index\r\n:7\r\n+what\r\n+set a\r\n")
  case ["NOD", "TOKEN"]: .reply("+1-7-42-1033\r\n")
  case ["NOD", "INDEX"]: .reply(":1034\r\n")
  case ["NOD", "WITH", "1-7-42-1033", "SET", "k", "-v", "NX"]: .reply("_\r\n")
  case ["NOD", "WITH", "1-7-42-1033", "DEL", "a", "b"]: .reply(":2\r\n")
  case ["GET", "k"]: .reply("$4\r\nopen\r\n")
  case ["GET", "gone"]: .reply("_\r\n")
  case ["NOD", "TRACE", "0", "256"]:
    .reply(
      "%3\r\n+lost\r\n:0\r\n+events\r\n*1\r\n%2\r\n+t\r\n:1500000\r\n+kind\r\n+synced\r\n+next\r\n:1\r\n")
  case ["NOD", "TRACE", "1", "256"]: .reply("%3\r\n+lost\r\n:0\r\n+events\r\n*0\r\n+next\r\n:1\r\n")
  default: .reply("-ERR unexpected \(words)\r\n")
  }
}

/// Words, and the exit status that they end with.
private let whatIsTyped: [([String], Int32)] = [
  (["status"], 4), (["status", "--json"], 4), (["status", "--all"], 4), (["peers"], 0),
  (["peers", "--via", "barn"], 0), (["peers", "--json"], 0), (["log", "--from", "7"], 0),
  (["get", "k"], 0), (["get", "gone"], 1), (["get", "k", "--json"], 0),
  (["set", "k", "--nx", "--", "-v"], 1),
  (["del", "a", "b"], 0), (["trace", "--dump"], 0), (["get", "k", "--timeout=0"], 2), (["set", "k"], 2),
  (["log", "--from", "0"], 2), (["frob"], 2), (["peers", "--socket"], 2),
]

@Test(arguments: whatIsTyped)
func bothConsolesSayTheSameAndEndAlike(words: [String], status: Int32) throws {
  let environment = ["NOD_SOCKET": node.path]
  let here = try run(words, environment: environment)
  let board = try run(words, environment: environment, program: boardPath)
  #expect(here.status == status, "\(here)")
  #expect(board.status == status, "\(board)")
  #expect(here.out == board.out)
  if status != 2 { #expect(here.complaint == board.complaint) }
}

@Test(arguments: ["status", "peers", "log", "trace", "watch", "get", "set", "del", "check"])
func everyCommandOfTheBoardHasHelpWithAnExample(command: String) throws {
  let ran = try run([command, "--help"], program: boardPath)
  #expect(ran.status == 0)
  #expect(ran.out.contains("Example") && ran.out.contains("nodctl \(command)"))
  #expect(ran.out.split(separator: "\n").allSatisfy { $0.count <= 120 })
}

@Test func checkRunsTheAgentThatLiesBesideIt() throws {
  let directory = runDirectory + "beside-\(UInt32.random(in: 0 ... .max))"
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  try FileManager.default.copyItem(atPath: boardPath, toPath: directory + "/nodctl")
  let agent = "#!/bin/sh\necho \"$@\"\nexit 1\n"
  _ = FileManager.default.createFile(
    atPath: directory + "/nodd", contents: Data(agent.utf8), attributes: [.posixPermissions: 0o755])
  let ran = try run(["check", directory], program: directory + "/nodctl")
  #expect(ran.out == "--check --config \(directory)/nod.conf\n")
  #expect(ran.status == 1)
}
