// A directory of its own for a test, gone when the test is.
import Foundation

final class ScratchDirectory {
  let path: String

  init() {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("nod-test-\(UUID().uuidString)").path
    try! FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ name: String, _ text: String, mode: Int = 0o600) -> String {
    write(name, Data(text.utf8), mode: mode)
  }

  @discardableResult
  func write(_ name: String, _ data: Data, mode: Int = 0o600) -> String {
    let file = "\(path)/\(name)"
    _ = FileManager.default.createFile(atPath: file, contents: data, attributes: [.posixPermissions: mode])
    return file
  }

  /// Lets `body` read a file that is there only meanwhile.
  static func reading<R>(_ name: String, _ text: String, _ body: (_ path: String) throws -> R) rethrows -> R {
    let scratch = ScratchDirectory()
    let path = scratch.write(name, text)
    return try withExtendedLifetime(scratch) { try body(path) }
  }

  func names() -> [String] { try! FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}
