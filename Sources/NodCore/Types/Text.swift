// Text for people, put together without the standard library's inlining. On a board every piece of an interpolated
// String would become some 300 bytes of machine code, and one `==` between Strings brings 45 KB of Unicode tables
// and their code with it. These are what the code of the board calls instead, without knowing: declarations of
// a module stand before those of the standard library.

extension DefaultStringInterpolation {
  @inline(never) package mutating func appendLiteral(_ literal: String) { write(literal) }
  @inline(never) package mutating func appendInterpolation(_ text: String) { write(text) }
  @inline(never) package mutating func appendInterpolation(_ text: StaticString) {
    write(text.description)
  }
  @inline(never) package mutating func appendInterpolation(_ number: Int64) { write(String(number)) }
  @inline(never) package mutating func appendInterpolation(_ number: UInt64) { write(String(number)) }
  @inline(never) package mutating func appendInterpolation(_ number: Int) {
    appendInterpolation(Int64(number))
  }
  @inline(never) package mutating func appendInterpolation(_ number: Int32) {
    appendInterpolation(Int64(number))
  }
  @inline(never) package mutating func appendInterpolation(_ number: UInt32) {
    appendInterpolation(Int64(number))
  }
  @inline(never) package mutating func appendInterpolation(_ number: UInt16) {
    appendInterpolation(Int64(number))
  }
  @inline(never) package mutating func appendInterpolation(_ number: UInt8) {
    appendInterpolation(Int64(number))
  }
}

extension String {
  /// The same bytes: names and keys of files are compared so, not as a reader of Unicode would.
  @inline(never) package func isSame(as other: String) -> Bool {
    let sizes = (utf8.count, other.utf8.count)
    guard sizes.0 == sizes.1 else { return false }
    return withBytes { mine in other.withBytes { mine.equals($0) } }
  }

  @inline(never) package func begins(with prefix: String) -> Bool {
    withBytes { mine in
      prefix.withBytes { $0.count <= mine.count && Bytes(rebasing: mine[..<$0.count]).equals($0) }
    }
  }
  @inline(never) package func ends(with suffix: String) -> Bool {
    withBytes { mine in
      suffix.withBytes {
        $0.count <= mine.count && Bytes(rebasing: mine[(mine.count - $0.count)...]).equals($0)
      }
    }
  }

  /// Lends the text's bytes.
  package func withBytes<Result>(_ body: (Bytes) -> Result) -> Result {
    var text = self
    return text.withUTF8 { body(Bytes($0)) }
  }
}
