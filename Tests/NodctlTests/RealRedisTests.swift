// The plumbing against a real Redis server, which speaks the same protocol; skipped where none is installed.
import Foundation
import NodCore
import Testing

@testable import NodConsole
@testable import nodctl

private let redisPath = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].first {
  FileManager.default.isExecutableFile(atPath: $0)
}

@Suite(.enabled(if: redisPath != nil, "no redis-server here"))
final class RealRedis {
  private let server: Running
  private let path = runDirectory + "redis-\(UInt32.random(in: 0 ... .max)).sock"

  init() throws {
    server = try Running(
      [
        "--port", "0", "--unixsocket", path, "--save", "", "--notify-keyspace-events", "KA", "--loglevel",
        "warning",
      ], program: redisPath ?? "")
    let deadline = Date() + 20
    while (try? RESPClient(path: path)) == nil, Date() < deadline { usleep(20_000) }
  }

  private func nodctl(_ words: String...) throws -> Ran { try run(words, environment: ["NOD_SOCKET": path]) }

  @Test func aValueIsSetGotAndRemoved() throws {
    let value = "two\nlines, é"
    #expect(try nodctl("set", "k", value).status == 0)
    #expect(try nodctl("get", "k").out == value + "\n")
    #expect(try nodctl("set", "k", "other", "--nx").status == 1)
    #expect(try nodctl("del", "k", "x").out == "1 removed\n")
    #expect(try nodctl("del", "k").status == 1)
    #expect(try nodctl("get", "k").status == 1)
  }

  @Test func aWatcherSeesOnlyTheKeysItAskedFor() throws {
    let watcher = try Running(["watch", "valve*", "--count", "2", "--socket", path])
    let client = try RESPClient(path: path)
    let deadline = Date() + 20
    while try client.call(["PUBSUB", "NUMPAT"], within: .seconds(5)) != .integer(1), Date() < deadline {
      usleep(10_000)
    }
    for words in [["SET", "other", "x"], ["SET", "valve", "open"], ["DEL", "valve"]] {
      _ = try client.call(words, within: .seconds(5))
    }
    let lines = watcher.ended().out.split(separator: "\n")
      .map { $0.split(separator: " ").dropFirst().first.map(String.init) }
    #expect(lines == ["set", "del"])
  }

  @Test func somethingThatIsNoNodIsCalledSo() throws {
    let ran = try nodctl("status")
    #expect(ran.status == 3)
    #expect(ran.complaint.contains("is this the socket of a nodd?"))
  }
}
