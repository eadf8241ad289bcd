// Golden traces: every scenario in Tests/Traces is played, and the exchange must be the one that was read and accepted.
// NOD_REWRITE_TRACES=1 writes what comes out instead; the difference is then read, and named in the commit.
import Foundation
import NodSim
import Testing

private let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "Traces")

private func traces() -> [String] {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
  return names.filter { $0.hasSuffix(".trace") }.sorted()
}

@Test func thereAreTracesToHold() { #expect(traces().count >= 8) }

@Test(arguments: traces()) func theExchangeIsTheOneThatWasAccepted(name: String) throws {
  let file = folder.appending(path: name)
  let scenario = Scenario(try String(contentsOf: file, encoding: .utf8))
  let played = try scenario.play()
  if ProcessInfo.processInfo.environment["NOD_REWRITE_TRACES"] != nil {
    try (scenario.script + "\n" + Scenario.separator + "\n" + played)
      .write(to: file, atomically: true, encoding: .utf8)
    return
  }
  let wanted = scenario.exchange.split(separator: "\n", omittingEmptySubsequences: false)
  let got = played.split(separator: "\n", omittingEmptySubsequences: false)
  let line = zip(wanted, got).enumerated().first { $0.element.0 != $0.element.1 }
  if let line {
    Issue.record(
      "\(name), line \(line.offset + 1) of the exchange:\nwas \(line.element.0)\nis  \(line.element.1)")
  } else {
    #expect(wanted.count == got.count, "\(name) has \(got.count) lines, had \(wanted.count)")
  }
}
