// The files of a trace, line by line. What is no line of a trace is told with its file and number, and nothing is made.
import Foundation
import NodConsole

enum TraceFiles {
  /// Larger files are refused: a day of five nodes takes 100 MB.
  private static let largest = 1 << 31

  static func read(_ paths: [String], names: [String]) throws -> Trace {
    var builder = TraceBuilder(names: names)
    var lines = 0
    for path in paths {
      builder.beginFile(URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent)
      let data = try bytes(of: path)
      try data.withUnsafeBytes { raw in
        lines += try read(raw.bindMemory(to: UInt8.self), path, &builder)
      }
    }
    guard lines > 0 else {
      throw Trouble(
        .usage, "no event in \(paths.joined(separator: ", "))",
        "nodctl sim --trace FILE writes them, and nodctl trace --json")
    }
    return builder.finish()
  }

  private static func bytes(of path: String) throws -> Data {
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
      guard data.count <= largest else {
        throw Trouble(.usage, "\(path): \(data.count) bytes are more than nodctl report reads (\(largest))")
      }
      return data
    } catch let trouble as Trouble {
      throw trouble
    } catch {
      throw Trouble(.usage, "\(path) cannot be read: \(systemReason(error))")
    }
  }

  private static func read(
    _ bytes: UnsafeBufferPointer<UInt8>, _ path: String, _ builder: inout TraceBuilder
  ) throws -> Int {
    var events = 0
    var number = 0
    var start = 0
    while start < bytes.count {
      number += 1
      let rest = UnsafeBufferPointer(rebasing: bytes[start...])
      let length = rest.firstIndex(of: 0x0a) ?? rest.count
      start += length + 1
      let line = UnsafeBufferPointer(rebasing: rest[..<length])
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }) { continue }
      switch TraceLine.read(line) {
      case .success(let event): builder.add(event)
      case .failure where start > bytes.count && events > 0:
        // Somebody writes it still, or was ended while writing.
        Console.complain("nodctl: \(path):\(number): the last line is cut off, and left out")
      case .failure(let flaw):
        throw Trouble(
          .usage, "\(path):\(number): \(flaw.text)",
          "the form of a line is in docs/performance.md, \"Every event\"")
      }
      events += 1
    }
    return events
  }
}

/// What the system says is the matter with a file, without the words around it.
func systemReason(_ error: any Error) -> String {
  let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
  return underlying.map { String(cString: strerror(Int32($0.code))) } ?? error.localizedDescription
}
