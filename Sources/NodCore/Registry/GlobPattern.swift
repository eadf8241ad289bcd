// Patterns over keys as Redis writes them: * ? [abc] [a-z] [^x] and \ before a byte that stands for itself.

/// Borrowed; a pattern that is cut off (`[ab`, a last `\`) reads as if it went on as far as it can.
package struct GlobPattern {
  private let pattern: Bytes
  package init(_ pattern: Bytes) { self.pattern = pattern }

  /// Whether the whole of `text` fits.
  ///
  /// Complexity: O(pattern x text): only the last star is ever tried again.
  @inline(never)
  package func matches(_ text: Bytes) -> Bool {
    var at = 0
    var i = 0
    /// Behind the last star, and the text that it has not swallowed yet.
    var star: (at: Int, i: Int)?
    while i < text.count {
      if at < pattern.count && pattern[at] == UInt8(ascii: "*") {
        at += 1
        star = (at, i)
      } else if let next = step(at, text[i]) {
        at = next
        i += 1
      } else if let last = star {
        star = (last.at, last.i + 1)
        at = last.at
        i = last.i + 1
      } else {
        return false
      }
    }
    while at < pattern.count && pattern[at] == UInt8(ascii: "*") { at += 1 }
    return at == pattern.count
  }

  /// Where the pattern goes on when its element at `at` takes this byte; nil when it does not.
  private func step(_ at: Int, _ byte: UInt8) -> Int? {
    guard at < pattern.count else { return nil }
    switch pattern[at] {
    case UInt8(ascii: "?"): return at + 1
    case UInt8(ascii: "["): return stepClass(at + 1, byte)
    case UInt8(ascii: "\\") where at + 1 < pattern.count: return pattern[at + 1] == byte ? at + 2 : nil
    default: return pattern[at] == byte ? at + 1 : nil
    }
  }

  private func stepClass(_ start: Int, _ byte: UInt8) -> Int? {
    var at = start
    var isNegated = false
    if at < pattern.count && pattern[at] == UInt8(ascii: "^") {
      isNegated = true
      at += 1
    }
    var isMember = false
    while at < pattern.count && pattern[at] != UInt8(ascii: "]") {
      if pattern[at] == UInt8(ascii: "\\") && at + 1 < pattern.count { at += 1 }
      let low = pattern[at]
      var high = low
      if at + 2 < pattern.count && pattern[at + 1] == UInt8(ascii: "-") {
        high = pattern[at + 2]
        at += 2
      }
      if min(low, high) <= byte && byte <= max(low, high) { isMember = true }
      at += 1
    }
    return isMember != isNegated ? min(at + 1, pattern.count) : nil
  }
}
