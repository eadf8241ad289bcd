// Colour and width, where a terminal is there to show them: piped output is plain, and NO_COLOR is obeyed.
import Foundation

struct Style {
  let isTerminal: Bool
  private let hasColour: Bool

  init(descriptor: Int32 = STDOUT_FILENO) {
    let environment = ProcessInfo.processInfo.environment
    isTerminal = isatty(descriptor) == 1
    hasColour = isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
  }

  /// What a program would get.
  static let plain = Style(isTerminal: false, hasColour: false)

  private init(isTerminal: Bool, hasColour: Bool) {
    self.isTerminal = isTerminal
    self.hasColour = hasColour
  }

  func heading(_ text: String) -> String { paint(text, "1") }
  func faint(_ text: String) -> String { paint(text, "2") }
  func good(_ text: String) -> String { paint(text, "32") }
  func doubtful(_ text: String) -> String { paint(text, "33") }
  func bad(_ text: String) -> String { paint(text, "31") }

  private func paint(_ text: String, _ code: String) -> String {
    hasColour ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }

  /// Columns of the terminal; nil when output goes elsewhere, where lines may be as long as they are.
  var width: Int? {
    guard isTerminal else { return nil }
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }
}
