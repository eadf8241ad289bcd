// The doctor against nodes of paper, for troubles that are slow or dangerous to make with real ones; the others are
// made with real agents in Tests/integration/test_doctor.py.
import Foundation
import Testing

@testable import nodctl

/// A node that is well but for these fields (`+name\r\n+value\r\n` each).
private func node(_ fields: [(String, String)], peers: String = "*0\r\n") -> FakeNode {
  let well = [
    ("leader", "+n1"), ("quorum", "#t"), ("healthy", "#t"), ("why", "+"), ("votes", "#t"),
    ("period_ms", ":500"),
    ("cluster", "+field"), ("uptime_ms", ":90000"), ("incarnation", ":1"),
  ].filter { mine in !fields.contains { $0.0 == mine.0 } }
  let all = well + fields
  let status = "%\(all.count)\r\n" + all.map { "+\($0.0)\r\n\($0.1)\r\n" }.joined()
  return FakeNode { words in
    switch words {
    case ["NOD", "STATUS"]: .reply(status)
    case ["NOD", "PEERS"]: .reply(peers)
    case ["NOD", "LINKS"]: .reply("*0\r\n")
    default: .reply("-ERR unknown\r\n")
    }
  }
}

private func kinds(_ nodes: FakeNode...) throws -> [String] {
  let ran = try run(["doctor", "--json"] + nodes.flatMap { ["--socket", $0.path] })
  let kinds = ran.out.split(separator: "\n").map { line in
    line.split(separator: "\"").dropFirst(2).first { $0 != ":" }.map(String.init) ?? ""
  }
  #expect(ran.status == (kinds.isEmpty ? 0 : 1), "\(ran)")
  return kinds
}

@Test func aNodeThatIsWellHasNothing() throws {
  #expect(try kinds(node([("name", "+n1"), ("slot", ":0")])) == [])
}

@Test(arguments: [
  ("air_time_wait_ms", ":4000", "air-time"), ("votes", "#f", "does-not-vote"),
  ("disk_failures", ":3", "disk"),
  ("slowest_sync_us", ":2500000", "disk"), ("drift_ppb", ":-450000", "clock"),
  ("guard_host_latency_us", ":200000", "clock"), ("leader", "_", "no-quorum"), ("healthy", "#f", "unhealthy"),
])
func aFieldThatTellsOfATroubleIsFound(field: String, value: String, kind: String) throws {
  #expect(try kinds(node([("name", "+n1"), ("slot", ":0"), (field, value)])) == [kind])
}

@Test func aDriftThatIsNotSureYetIsNoTrouble() throws {
  let fake = node([("name", "+n1"), ("slot", ":0"), ("drift_ppb", ":450000"), ("drift_error_ppb", ":400000")])
  #expect(try kinds(fake) == [])
}

@Test func framesThatDoNotOpenAndMembersThatAreSilentAreFound() throws {
  let peers =
    "*2\r\n%3\r\n+name\r\n+n2\r\n+windows_ago\r\n:1\r\n+frames_not_opened\r\n:9\r\n"
    + "%2\r\n+name\r\n+n3\r\n+windows_ago\r\n:300\r\n"
  #expect(
    try kinds(node([("name", "+n1"), ("slot", ":0")], peers: peers)) == ["keys-differ", "member-not-heard"])
}

@Test(arguments: [
  ("period_ms", ":500", ":600", "wrong-period"), ("roster_hash", "+aa", "+bb", "rosters-differ"),
  ("key_id", "+aa", "+bb", "keys-differ"), ("key_epoch", ":1", ":2", "keys-differ"),
  ("cluster", "+field", "+farm", "rosters-differ"), ("cluster_time_us", ":5000000", ":9000000", "clock"),
])
func whatMustBeAlikeAndIsNotIsFound(field: String, one: String, two: String, kind: String) throws {
  let first = node([("name", "+n1"), ("slot", ":0"), ("leader_since_ms", ":1"), (field, one)])
  let second = node([("name", "+n2"), ("slot", ":1"), ("leader_since_ms", ":1"), (field, two)])
  #expect(try kinds(first, second) == [kind])
}

@Test func oneMemberThatRunsTwiceIsFound() throws {
  let first = node([("name", "+n1"), ("slot", ":0"), ("uptime_ms", ":900000")])
  #expect(try kinds(first, node([("name", "+n1"), ("slot", ":0")])) == ["same-member-twice"])
}
