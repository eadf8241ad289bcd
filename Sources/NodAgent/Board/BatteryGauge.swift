// How full the battery is, as the kernel tells it in a file of one number. What cannot be read is not known.
import CBoard
import NodCore

struct BatteryGauge {
  static let readEvery = Microseconds.seconds(60)

  private let directory: String
  private let name: String
  private(set) var percent: UInt8?
  private var readAt: LocalTime?

  /// - Parameter path: empty: there is nothing to read.
  init(path: String) {
    directory = directoryPart(of: path)
    name = String(decoding: Array(path.utf8)[directory.utf8.count...], as: UTF8.self)
  }

  func isDue(_ now: LocalTime) -> Bool {
    guard !name.isEmpty else { return false }
    return readAt.map { now - $0 >= Self.readEvery } ?? true
  }

  mutating func read(_ now: LocalTime) {
    readAt = now
    percent = number().flatMap { $0 <= 100 ? UInt8($0) : nil }
  }

  private func number() -> UInt64? {
    let folder = board_directory_open(directory.isEmpty ? "." : directory)
    guard folder >= 0 else { return nil }
    defer { board_close(folder) }
    let file = board_file_open(folder, name, 0)
    guard file >= 0 else { return nil }
    defer { board_close(file) }
    var text = UInt64(0)
    return withUnsafeMutableBytes(of: &text) { room in
      let count = board_file_read(file, room.baseAddress, room.count, 0)
      guard count > 0 else { return nil }
      var end = 0
      while end < Int(count), room[end] >= 0x30, room[end] <= 0x39 { end += 1 }
      return UnsafeRawBufferPointer(room).part(0, end).unsignedDecimal
    }
  }
}
