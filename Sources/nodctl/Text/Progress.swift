// How far something long has come, on standard error: nothing for what takes less than two seconds, one line that
// rewrites itself on a terminal, a line now and then elsewhere.
import Foundation

final class Progress {
  private let begin = Date()
  private var last = Date.distantPast
  private var wrote = false
  private let isTerminal = isatty(2) == 1

  /// Says what is being done, and how much of it is done, 0 ... 1.
  func note(_ what: String, _ share: Double) {
    let now = Date()
    guard now.timeIntervalSince(begin) > 2, now.timeIntervalSince(last) > (isTerminal ? 0.2 : 10) else {
      return
    }
    last = now
    wrote = true
    let text = "\(what) \(Int((share * 100).rounded(.down))) %"
    FileHandle.standardError.write(Data((isTerminal ? "\r\u{1b}[K" + text : text + "\n").utf8))
  }

  /// Takes the line away.
  func end() {
    if wrote && isTerminal { FileHandle.standardError.write(Data("\r\u{1b}[K".utf8)) }
  }
}
