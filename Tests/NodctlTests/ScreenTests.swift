// The screens about a node: what belongs together stands together, nothing that an agent tells is dropped, and what an
// older agent does not tell is left out.
import Foundation
import Testing

@testable import NodConsole
@testable import nodctl

private func field(_ key: String, _ value: RESPValue) -> RESPValue.Field { .init(key: key, value: value) }

private func screen(_ fields: [RESPValue.Field]) -> [String] {
  var screen = StatusScreen(.map(fields), .plain)
  return screen.lines()
}

@Test func theStatusScreenGroupsAndShowsEveryTermOfTheGuard() {
  let lines = screen([
    field("name", .text("gate")), field("leader", .text("barn")), field("leader_since_ms", .integer(200_000)),
    field("quorum", .boolean(true)), field("healthy", .boolean(true)), field("why", .text("")),
    field("role", .text("follower")), field("votes", .boolean(true)), field("ballot", .text("4.1")),
    field("guard_us", .integer(912)), field("guard_own_drift_us", .integer(100)),
    field("guard_peer_drift_us", .integer(120)), field("guard_own_uncertainty_us", .integer(42)),
    field("guard_peer_uncertainty_us", .integer(50)), field("guard_host_latency_us", .integer(100)),
    field("guard_slack_us", .integer(500)), field("clock_offset_us", .integer(-12)),
    field("clock_error_us", .integer(300)), field("drift_ppb", .none),
    field("air_time_wait_ms", .integer(2500)),
    field("next_wake_us", .integer(320_000)), field("window_kind", .text("ordinary")),
    field("next_expected", .text("barn")),
  ])
  #expect(
    lines == [
      "healthy, led by barn for 3 min 20 s: gate",
      "role      follower; votes; ballot 4.1",
      "window    next in 320 ms, ordinary, barn is expected",
      "guard     912 µs = own drift 100 µs, peer drift 120 µs, own uncertainty 42 µs,",
      "          peer uncertainty 50 µs, host latency 100 µs, slack 500 µs",
      "clock     offset -12 µs ± 300 µs; drift unknown",
      "air time  a full frame waits 2.5 s",
    ])
}

@Test func whyNothingIsDecidedIsALineOfItsOwn() {
  let lines = screen([
    field("leader", .text("barn")), field("quorum", .boolean(true)), field("healthy", .boolean(false)),
    field("why", .text("entry 7 has not been acknowledged")),
  ])
  #expect(lines == ["unhealthy", "why: entry 7 has not been acknowledged"])
}

@Test func aFieldThatThisConsoleDoesNotKnowIsShownAtTheEnd() {
  let lines = screen([
    field("leader", .text("barn")), field("frob_ms", .integer(5)), field("window", .integer(7)),
  ])
  #expect(lines.last == "frob  5 ms")
}

@Test func aLinkMatrixSaysWhoHearsWhomAndWhoHasNotSaid() {
  func row(_ name: String, _ ago: RESPValue, _ hears: [RESPValue], _ loss: [RESPValue]) -> RESPValue {
    .map([
      field("name", .text(name)), field("said_windows_ago", ago), field("hears", .list(hears)),
      field("loss_permille", .list(loss)),
    ])
  }
  let links = RESPValue.list([
    row("n1", .integer(0), [.none, .integer(1), .integer(0)], [.none, .integer(12), .none]),
    row("n2", .integer(3), [.integer(1), .none, .integer(1)], [.none, .none, .integer(300)]),
    row("n3", .none, [.none, .none, .none], [.none, .none, .none]),
  ])
  #expect(
    LinkMatrix(links).lines(.plain) == [
      "hears  n1   n2     n3    said", "n1     -    1.2 %  no    now",
      "n2     yes  -      30 %  3 windows ago",
      "n3     ?    ?      -     never",
    ])
  let narrow = Style(isTerminal: true, hasColour: false, width: 20)
  #expect(LinkMatrix(links).lines(narrow).contains("n3  has not said whom it hears"))
  #expect(OneWayLink.all(in: links.elements).isEmpty)
}

@Test func aOneWayLinkIsFoundFromWhatBothEndsSay() {
  func row(_ name: String, _ hears: [RESPValue]) -> RESPValue {
    .map([field("name", .text(name)), field("said_windows_ago", .integer(1)), field("hears", .list(hears))])
  }
  let links = [row("n1", [.none, .integer(0)]), row("n2", [.integer(1), .none])]
  #expect(OneWayLink.all(in: links) == [OneWayLink(speaker: "n2", deaf: "n1", saidAgo: 1)])
}

@Test func eventsAreLinesWithTheirPlaceInTheWindow() {
  var cast = Cast()
  cast.names = ["n1", "n2"]
  cast.period = 500_000
  let event = RESPValue.map([
    field("t", .integer(5_001_230)), field("node", .integer(0)), field("kind", .text("heard")),
    field("seq", .integer(9)), field("window", .integer(10)), field("frame", .integer(0xabc << 32 | 17)),
    field("from", .integer(1)), field("says", .list([.text("entries"), .text("votes")])),
    field("new", .integer(1)),
  ])
  #expect(
    eventLine(event, cast, .plain)
      == "w10 +1.23 ms            n1      heard      frame abc.17 of n2, says entries, votes  new=1")
}

@Test(arguments: [("1200", 1200...1200), ("5-9", 5...9), ("7-", 7...Int64.max)])
func windowsAreGivenAsOneOrAsARange(text: String, windows: ClosedRange<Int64>) {
  #expect(TraceCommand.windows(text) == windows)
}

@Test(arguments: ["", "x", "9-5", "-3", "1-2-3"])
func whatIsNoRangeOfWindowsIsRefused(text: String) { #expect(TraceCommand.windows(text) == nil) }

@Test(arguments: [
  (0.0, 2, "0.00"), (1.005, 1, "1.0"), (-12.345, 1, "-12.3"), (-0.04, 1, "0.0"), (1234.5, 0, "1235"),
  (0.0625, 3, "0.063"),
])
func fractionsAreWrittenWithoutACLibrary(number: Double, digits: Int, text: String) {
  #expect(Digits.text(number, digits: digits) == text)
}

@Test(arguments: [("1.5", 1.5), ("-12", -12.0), ("2e3", 2000), ("25e-1", 2.5), (".5", 0.5)])
func fractionsAreRead(text: String, number: Double) { #expect(Digits.value(text) == number) }

@Test(arguments: ["", "-", "1.2.3", "e5", "1e", "x", "1e9999", "1-2"])
func whatIsNoNumberIsNotReadAsOne(text: String) {
  #expect(Digits.value(text) == nil || text == "1e")
}

@Test func aLineIsCutToTheColumnsThatItShows() {
  #expect(clipped("\u{1b}[31mabcdef\u{1b}[0m", 3) == "\u{1b}[31mabc")
}
