// What is waited for, on standard error, when it takes more than two seconds and a person looks on: one line
// that rewrites itself, and goes when the wait is over.
import CBoard
import NodCore

package struct Waiting {
  private static let silence = Microseconds.seconds(2)

  private let what: String
  private let begin = Console.now
  private let isSeen = board_is_terminal(Console.errors) == 1
  private var wrote = false

  package init(_ what: String) { self.what = what }

  package mutating func note() {
    let passed = Console.now - begin
    guard isSeen, passed >= Self.silence else { return }
    wrote = true
    Console.write("\r\u{1b}[K" + what + ", " + String(passed.raw / 1_000_000) + " s", to: Console.errors)
  }

  package mutating func end() {
    if wrote { Console.write("\r\u{1b}[K", to: Console.errors) }
    wrote = false
  }
}
