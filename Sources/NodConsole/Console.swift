// Where a command's words go: standard output for what was asked for, standard error for what is wrong. Both
// are written at once, so that a reader behind a pipe sees each line when it happens.
import CBoard
import NodCore

package enum Console {
  package static var output: Int32 { 1 }
  package static var errors: Int32 { 2 }

  /// One line of the answer.
  package static func put(_ line: String) { write(line + "\n", to: output) }

  package static func put(_ lines: [String]) {
    var text = ""
    for line in lines {
      text += line
      text += "\n"
    }
    write(text, to: output)
  }

  /// One line on standard error.
  package static func complain(_ line: String) { write(line + "\n", to: errors) }

  package static func write(_ bytes: [UInt8]) {
    _ = bytes.withUnsafeBytes { board_console_write(output, $0.baseAddress, $0.count) }
  }

  package static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { _ = board_console_write(descriptor, $0.baseAddress, $0.count) }
  }

  /// A variable of the environment; nil when it is not set, or empty.
  package static func environment(_ name: String) -> String? {
    guard let value = board_environment(name), value[0] != 0 else { return nil }
    return String(cString: value)
  }

  /// The board's own clock, for deadlines.
  package static var now: LocalTime { LocalTime(microseconds: board_boot_microseconds()) }

  /// Wall time now: "21:04:05.123" here, or as ISO 8601 in UTC.
  package static func clock(universal: Bool) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { text in
      board_clock_text(board_wall_milliseconds(), universal ? 1 : 0, text.baseAddress, text.count)
      return String(cString: text.baseAddress!)
    }
  }
}
