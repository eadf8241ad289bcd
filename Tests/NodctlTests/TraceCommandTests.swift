// The live trace against a node of paper: it follows from page to page, filters, and says what it could not tell.
import Testing

@testable import nodctl

private func event(_ seq: Int, _ kind: String, from: Int) -> String {
  "%5\r\n+t\r\n:\(seq)\r\n+node\r\n:0\r\n+kind\r\n+\(kind)\r\n+seq\r\n:\(seq)\r\n+from\r\n:\(from)\r\n"
}

/// Tells events 3 to 6, after it has overwritten three.
private let node = FakeNode { words in
  switch Array(words.prefix(3)) {
  case ["NOD", "STATUS"]: .reply("%2\r\n+name\r\n+n1\r\n+slot\r\n:0\r\n")
  case ["NOD", "PEERS"]: .reply("*1\r\n%2\r\n+name\r\n+n2\r\n+slot\r\n:1\r\n")
  case ["NOD", "TRACE", "0"]:
    .reply(
      "%3\r\n+lost\r\n:3\r\n+events\r\n*2\r\n\(event(3, "heard", from: 1))\(event(4, "sent", from: 2))+next\r\n:5\r\n"
    )
  case ["NOD", "TRACE", "5"]:
    .reply("%3\r\n+lost\r\n:0\r\n+events\r\n*1\r\n\(event(5, "heard", from: 2))+next\r\n:6\r\n")
  default: .reply("%3\r\n+lost\r\n:0\r\n+events\r\n*0\r\n+next\r\n:6\r\n")
  }
}

private func sequence(_ words: String...) throws -> [String] {
  let ran = try run(["trace", "--dump", "--json", "--socket", node.path] + words)
  #expect(ran.status == 0)
  #expect(ran.complaint.contains("3 events were overwritten"))
  return ran.out.split(separator: "\n").map { $0.split(separator: ":")[4].prefix(1).description }
}

@Test func aTraceFollowsFromPageToPageAndSaysWhatWasLost() throws {
  #expect(try sequence() == ["3", "4", "5"])
}

@Test func aTraceShowsOnlyWhatItIsAskedFor() throws {
  #expect(try sequence("--kind", "heard,lost") == ["3", "5"])
  #expect(try sequence("--member", "n2") == ["3"])
  #expect(try sequence("--count", "1") == ["3"])
}

@Test func aMemberThatIsNotThereIsAWrongCommandLine() throws {
  #expect(try run(["trace", "--member", "n9", "--socket", node.path]).status == 2)
}
