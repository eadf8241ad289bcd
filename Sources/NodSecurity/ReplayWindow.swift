// Which counters of one sender's start were seen: a bitmap that slides forward in whole words (RFC 6479), so
// that sliding clears words and never shifts bits. The zero value is ready to use.

/// Invariant: a counter is accepted at most once. What lies so far behind the highest that its bit is gone is
/// refused, seen or not.
///
/// Ask before the cipher, tell only after the tag was verified: a forger must not be able to move the window.
package struct ReplayWindow: Sendable {
  private static let wordBits: UInt64 = 64
  private static let wordCount: UInt64 = 8
  /// Counters behind the highest that can still be judged: one word less than the bitmap has, for it slides
  /// by words.
  package static let depth = (wordCount - 1) * wordBits

  /// One more than the highest counter seen; 0 when none was.
  private var end: UInt64 = 0
  private var seen = InlineArray<8, UInt64>(repeating: 0)

  package init() {}

  /// Whether a frame with this counter may be opened.
  package func accepts(_ counter: UInt32) -> Bool {
    let position = UInt64(counter)
    if position >= end { return true }
    if end - 1 - position >= ReplayWindow.depth { return false }
    return seen[ReplayWindow.slot(position)] & ReplayWindow.bit(position) == 0
  }

  /// Remembers a counter whose frame was authentic.
  package mutating func note(_ counter: UInt32) {
    let position = UInt64(counter)
    guard accepts(counter) else { return }
    if position >= end { slide(to: position) }
    seen[ReplayWindow.slot(position)] |= ReplayWindow.bit(position)
  }

  private mutating func slide(to position: UInt64) {
    let newest = position / ReplayWindow.wordBits
    if end > 0 {
      var word = (end - 1) / ReplayWindow.wordBits
      if newest - word > ReplayWindow.wordCount { word = newest - ReplayWindow.wordCount }
      while word < newest {  // at most `wordCount` words
        word += 1
        seen[Int(word % ReplayWindow.wordCount)] = 0
      }
    }
    end = position + 1
  }

  private static func slot(_ position: UInt64) -> Int { Int(position / wordBits % wordCount) }
  private static func bit(_ position: UInt64) -> UInt64 { 1 << (position % wordBits) }
}
