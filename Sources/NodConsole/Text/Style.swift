// Colour and width, where a terminal is there to show them: piped output is plain, and NO_COLOR is obeyed.
import CBoard

package struct Style {
  package let isTerminal: Bool
  private let hasColour: Bool
  /// Columns; nil when output goes elsewhere, where lines may be as long as they are.
  package let width: Int?

  package init(descriptor: Int32 = Console.output) {
    isTerminal = board_is_terminal(descriptor) == 1
    hasColour =
      isTerminal && Console.environment("NO_COLOR") == nil && Console.environment("TERM") != "dumb"
    var columns: Int32 = 0
    var lines: Int32 = 0
    let isKnown = isTerminal && board_terminal_size(descriptor, &columns, &lines) == 0 && columns > 0
    width = isKnown ? Int(columns) : nil
  }

  /// What a program would get.
  package static var plain: Style { Style(isTerminal: false, hasColour: false, width: nil) }

  package init(isTerminal: Bool, hasColour: Bool, width: Int?) {
    self.isTerminal = isTerminal
    self.hasColour = hasColour
    self.width = width
  }

  /// The same for text that is cut to the terminal's width afterwards.
  package var withoutWidth: Style { Style(isTerminal: isTerminal, hasColour: hasColour, width: nil) }

  package func heading(_ text: String) -> String { paint(text, "1") }
  package func faint(_ text: String) -> String { paint(text, "2") }
  package func good(_ text: String) -> String { paint(text, "32") }
  package func doubtful(_ text: String) -> String { paint(text, "33") }
  package func bad(_ text: String) -> String { paint(text, "31") }

  private func paint(_ text: String, _ code: String) -> String {
    hasColour ? "\u{1b}[" + code + "m" + text + "\u{1b}[0m" : text
  }
}
