// The reader of replies: any cut of the bytes gives the same values, and nothing from outside makes it crash
// or grow.
import Foundation
import Testing

@testable import NodConsole
@testable import nodctl

private let samples: [(String, RESPValue)] = [
  ("+OK\r\n", .text("OK")), ("-ERR no\r\n", .failure("ERR no")), (":-42\r\n", .integer(-42)),
  ("$5\r\na\r\nb\0\r\n", .text("a\r\nb\0")), ("$0\r\n\r\n", .text("")), ("$-1\r\n", .none), ("_\r\n", .none),
  ("*-1\r\n", .none), ("#t\r\n", .boolean(true)), ("#f\r\n", .boolean(false)), (",1.5\r\n", .decimal("1.5")),
  ("=6\r\ntxt:hi\r\n", .text("hi")), ("*0\r\n", .list([])), ("~1\r\n:1\r\n", .list([.integer(1)])),
  ("*2\r\n:1\r\n*1\r\n+x\r\n", .list([.integer(1), .list([.text("x")])])),
  ("%1\r\n$6\r\nleader\r\n_\r\n", .map([.init(key: "leader", value: .none)])),
  (">2\r\n+a\r\n:1\r\n", .push([.text("a"), .integer(1)])),
]

@Test func everyKindOfReplyIsReadHoweverItIsCut() throws {
  let all = Array(samples.map(\.0).joined().utf8)
  for size in 1...all.count {
    var reader = RESPReader()
    var values: [RESPValue] = []
    for start in stride(from: 0, to: all.count, by: size) {
      reader.feed(all[start..<min(all.count, start + size)])
      while let value = try reader.next() { values.append(value) }
    }
    #expect(values == samples.map(\.1), "pieces of \(size) bytes")
  }
}

@Test(arguments: [
  "$999999999999\r\n", "*999999999\r\n", "$x\r\n", ":1x\r\n", "?\r\n", "$1\r\nabc", "+a\rb", "$-2\r\n",
  String(repeating: "*1\r\n", count: 40),
])
func aMalformedReplyIsRefused(text: String) {
  var reader = RESPReader()
  reader.feed(Array(text.utf8))
  #expect(throws: RESPReader.Malformed.self) { _ = try reader.next() }
}

@Test func anEndlessLineIsRefused() {
  var reader = RESPReader()
  reader.feed([UInt8(ascii: "+")] + [UInt8](repeating: 65, count: RESPReader.longestLine + 1))
  #expect(throws: RESPReader.Malformed.tooLarge("a line")) { _ = try reader.next() }
}

@Test func randomBytesNeverCrashTheReader() {
  var random = SeededRandom(seed: 1)
  let alphabet = Array("$*%>~+-:_#,=(0123456789\r\n\r\n\r\nab".utf8)
  for _ in 0..<20_000 {
    var reader = RESPReader()
    reader.feed((0..<40).map { _ in alphabet.randomElement(using: &random)! })
    for _ in 0..<50 { guard case .some(.some) = try? reader.next() else { break } }
  }
}
