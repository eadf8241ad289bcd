// Requests in pieces: however the bytes are cut, the same requests come out.
import NodCore
import Testing

@testable import NodAgent

/// The arguments of all requests in `bytes`, fed in pieces that end at `cuts`; nil when the bytes are
/// refused.
private func requests(_ bytes: [UInt8], cuts: [Int], limits: LocalLimits = LocalLimits()) -> [[String]]? {
  var scanner = RequestScanner()
  var arguments = Arguments(limits: limits)
  var found: [[String]] = []
  var start = 0
  for end in cuts + [bytes.count] {
    while start < end {
      let verdict = bytes[start..<end].withUnsafeBytes { scanner.scan($0, limits: limits) }
      guard case .complete(let length) = verdict else {
        if case .refused = verdict { return nil }
        break
      }
      let understood = bytes[start..<start + length].withUnsafeBytes { piece -> Bool in
        guard arguments.collect(piece) else { return false }
        found.append((0..<arguments.count).map { String(decoding: arguments[$0], as: UTF8.self) })
        return true
      }
      guard understood else { return nil }
      start += length
      scanner = RequestScanner()
    }
  }
  return found
}

@Test func everySplitOfAPipelineGivesTheSameRequests() {
  let bytes = Array(
    ("*3\r\n$3\r\nSET\r\n$3\r\na\r\n\r\n$0\r\n\r\nPING\r\n*1\r\n$4\r\nPING\r\n"
      + "SET k \"x y\\n\"\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n").utf8)
  let expected = [["SET", "a\r\n", ""], ["PING"], ["PING"], ["SET", "k", "x y\n"], ["GET", "k"]]
  #expect(requests(bytes, cuts: []) == expected)
  for first in 0...bytes.count {
    for second in first...bytes.count {
      #expect(requests(bytes, cuts: [first, second]) == expected)
    }
  }
  #expect(requests(bytes, cuts: Array(0...bytes.count)) == expected)
}

@Test(arguments: [
  ("*1\r\n:4\r\n", "a bulk is expected"), ("*x\r\n", "digits are expected"), ("*\r\n", "no digits"),
  ("*1\r\n$-1\r\n", "negative length"), ("*1\r\n$1\r\nab\r\n", "longer than announced"),
  ("*1000000\r\n", "too many arguments"), ("*1\r\n$1073741824\r\n", "too long"),
  ("*1\r\n$99999999999999999999\r\n", "beyond 64 bits"), ("*1\n$4\nPING\n", "line feeds alone"),
  ("*+1\r\n", "a plus sign"), ("GET 'x\r\n", "an open quote"),
  ("GET \"x\"y\r\n", "a quote that ends in a word"),
])
func whatIsNoRequestIsRefused(bytes: String, why: String) {
  let all = Array(bytes.utf8)
  #expect(requests(all, cuts: []) == nil, "\(why)")
  #expect(requests(all, cuts: Array(0..<all.count)) == nil, "\(why), byte by byte")
}

@Test(arguments: [
  ("PING\r\n", [["PING"]]), ("  PING  \n", [["PING"]]), ("\r\nPING\r\n", [[], ["PING"]]),
  ("*0\r\n*-1\r\nPING\r\n", [[], [], ["PING"]]),
  ("SET k 'it\\'s'\r\n", [["SET", "k", "it's"]]), ("SET k \"\\x41\\t\\\"\"\r\n", [["SET", "k", "A\t\""]]),
  ("SET k \"\"\r\n", [["SET", "k", ""]]),
])
func inlineRequestsAreSplitAsRedisSplitsThem(bytes: String, expected: [[String]]) {
  #expect(requests(Array(bytes.utf8), cuts: []) == expected)
}

@Test func aRequestAtTheLimitPassesAndOneBeyondIsRefusedBeforeItsBytesArrive() {
  var limits = LocalLimits()
  limits.inputBytes = 1024
  limits.keyBytes = 16
  limits.valueBytes = 1000
  let largest = limits.commandBytes
  let header = "*1\r\n$2515\r\n"
  #expect(largest == 16 + 2000 + 512)
  var scanner = RequestScanner()
  let fits = Array(header.utf8) + [UInt8](repeating: 0x61, count: 2515) + Array("\r\n".utf8)
  #expect(fits.count == largest)
  guard case .complete(largest) = fits.withUnsafeBytes({ scanner.scan($0, limits: limits) }) else {
    Issue.record("a request at the limit is complete")
    return
  }
  var other = RequestScanner()
  let announced = Array("*1\r\n$2516\r\n".utf8)
  guard case .refused = announced.withUnsafeBytes({ other.scan($0, limits: limits) }) else {
    Issue.record("refused by its length alone")
    return
  }
}

@Test func aHugeRequestByteByByteCostsOneLookAtEachByte() {
  var limits = LocalLimits()
  limits.valueBytes = 1 << 20
  let bytes = request("SET", "k", String(repeating: "v", count: 1 << 20))
  var scanner = RequestScanner()
  let clock = ContinuousClock()
  let spent = clock.measure {
    bytes.withUnsafeBytes { all in
      for end in 1..<all.count { _ = scanner.scan(all.part(0, end), limits: limits) }
    }
  }
  // A scanner that began anew each time would need 10^12 steps.
  #expect(spent < .seconds(20))
}

@Test(arguments: [
  ("1-7-42-1033", true), ("0-0-0-0", true), ("30-4294967295-4294967295-18446744073709551615", true),
  ("31-1-1-1", false), ("1-7-42", false), ("1-7-42-1033-1", false), ("1-7-42-", false),
  ("-1-7-42-1033", false),
  ("1-07-42-1033", false), ("1-7-4294967296-1033", false), ("1-7-42-18446744073709551616", false),
  ("", false),
  (" 1-7-42-1033", false), ("1-7-42-1033 ", false), ("1--42-1033", false), ("a-7-42-1033", false),
])
func tokensAreReadStrictlyAndWrittenAlike(text: String, isToken: Bool) {
  let bytes = Array(text.utf8)
  let token = bytes.withUnsafeBytes { CommandToken(text: $0) }
  #expect((token != nil) == isToken)
  guard let token else { return }
  withReply {
    $0.token(token)
  } check: {
    #expect($0 == text)
  }
}

@Test(
  arguments: [
    ("0", 0), ("-1", -1), ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
    ("9223372036854775808", nil), ("-9223372036854775809", nil), ("", nil), ("-", nil), ("01", nil),
    ("-0", nil),
    ("+1", nil), (" 1", nil), ("1e3", nil), ("99999999999999999999999", nil),
  ] as [(String, Int64?)])
func numbersAreReadAsRedisReadsThem(text: String, value: Int64?) {
  #expect(Array(text.utf8).withUnsafeBytes { $0.decimal } == value)
}

func withReply(
  isRESP3: Bool = false, room: Int = 4096, _ body: (inout ReplyWriter) -> Void, check: (String) -> Void
) {
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
  defer { memory.deallocate() }
  var writer = ReplyWriter(memory, isRESP3: isRESP3)
  body(&writer)
  check(String(decoding: writer.written, as: UTF8.self))
}
