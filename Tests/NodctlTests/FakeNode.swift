// A node of paper: listens on a Unix socket, greets in RESP3 and answers each command as the test says. And
// the way to run the real nodctl beside it, as a shell would.
import Foundation

@testable import NodConsole
@testable import nodctl

/// Sockets and outputs of this test run; gone when it ends.
let runDirectory: String = {
  let path = NSTemporaryDirectory() + "nodctl-tests-\(getpid())"
  try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  atexit { try? FileManager.default.removeItem(atPath: NSTemporaryDirectory() + "nodctl-tests-\(getpid())") }
  return path + "/"
}()

/// It lives until the run ends, so that a test may name it by its path alone.
final class FakeNode: Sendable {
  enum Answer: Sendable {
    /// Bytes as they go on the wire.
    case reply(String)
    case silence
    /// The connection is closed instead of an answer.
    case hangUp
  }

  let path: String
  private let listener: Int32
  private let answer: @Sendable ([String]) -> Answer

  init(_ answer: @escaping @Sendable ([String]) -> Answer) {
    path = runDirectory + "\(UInt32.random(in: 0 ... .max)).sock"
    self.answer = answer
    listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let isBound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    precondition(isBound && listen(listener, 16) == 0, "no socket at \(path)")
    Thread.detachNewThread { [self] in
      while true {  // forever
        let caller = accept(listener, nil, nil)
        guard caller >= 0 else { return }
        Thread.detachNewThread { self.serve(caller) }
      }
    }
  }

  private func serve(_ caller: Int32) {
    defer { close(caller) }
    var reader = RESPReader()
    while true {  // until the caller hangs up
      var piece = [UInt8](repeating: 0, count: 4096)
      let count = recv(caller, &piece, piece.count, 0)
      guard count > 0 else { return }
      reader.feed(piece.prefix(count))
      while let value = try? reader.next(), case .list(let words) = value {
        let words = words.map { $0.string ?? "" }
        switch words[0] == "HELLO" ? .reply("%1\r\n+proto\r\n:3\r\n") : answer(words) {
        case .reply(let text): _ = text.withCString { send(caller, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        case .silence: break
        case .hangUp: return
        }
      }
    }
  }
}

/// What a command did.
struct Ran {
  let status: Int32
  let out: String
  let complaint: String
}

/// The nodctl that was built beside these tests.
let nodctlPath = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
  .appendingPathComponent("nodctl").path

func run(_ words: [String], environment: [String: String] = [:], program: String = nodctlPath) throws -> Ran {
  let running = try Running(words, environment: environment, program: program)
  return running.ended()
}

/// A command under way. Its output goes to files: a pipe would stay open as long as any other process that
/// was started meanwhile has inherited it.
final class Running {
  private let process = Process()
  private let outPath = runDirectory + "\(UInt64.random(in: 0 ... .max)).out"
  private var complaintPath: String { outPath + ".complaint" }

  init(_ words: [String], environment: [String: String] = [:], program: String = nodctlPath) throws {
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = words
    process.environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"]
      .merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    for path in [outPath, complaintPath] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    process.standardOutput = FileHandle(forWritingAtPath: outPath)
    process.standardError = FileHandle(forWritingAtPath: complaintPath)
    try process.run()
  }

  deinit {
    // Not a request to end: the threads that start processes block that signal, and children inherit it
    // blocked.
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    for path in [outPath, complaintPath] { unlink(path) }
  }

  /// Waits for its end.
  func ended() -> Ran {
    process.waitUntilExit()
    func text(_ path: String) -> String {
      String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
    return Ran(status: process.terminationStatus, out: text(outPath), complaint: text(complaintPath))
  }
}
