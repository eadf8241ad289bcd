// What people and programs get to read: fields that nobody foresaw appear by themselves, units are with the
// values, and nothing that is stored can steer a terminal.
import Testing

@testable import NodConsole
@testable import nodctl

private func field(_ key: String, _ value: RESPValue) -> RESPValue.Field { .init(key: key, value: value) }

@Test func aMapBecomesAlignedLinesWithUnits() {
  let status = RESPValue.map([
    field("leader", .text("n2")), field("period_ms", .integer(500)), field("quorum", .boolean(true)),
    field("guard", .map([field("drift_us", .integer(4_800))])),
  ])
  #expect(
    reportLines(status, .plain) == [
      "leader  n2", "period  500 ms", "quorum  yes", "guard", "  drift  4.8 ms",
    ])
}

@Test func aListOfMapsBecomesATableOfAllItsFields() {
  let peers = RESPValue.list([
    .map([field("name", .text("gate")), field("loss_permille", .integer(305))]),
    .map([field("name", .text("barn")), field("loss_permille", .integer(12)), field("new_field", .text("x"))]
    ),
  ])
  #expect(
    reportLines(peers, .plain) == ["name    loss  new field", "gate  30.5 %  -", "barn   1.2 %  x"])
}

@Test func nothingStoredCanSteerATerminal() {
  let value = RESPValue.map([field("k\u{1b}[2J", .text("a\u{1b}]0;x\u{7}\r\n\u{9b}31m\u{202e}"))])
  let text = reportLines(value, .plain).joined()
  #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control })
  #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .format })
}

@Test(arguments: [
  ("wait_us", 850.0, "850 µs"), ("wait_us", 4_800, "4.8 ms"), ("wait_ms", 90_000, "90 s"),
  ("wait_s", 200, "3 min 20 s"), ("wait_s", 7_200, "2 h"), ("wait_s", 187_200, "2 d 4 h"),
  ("drift_ppb", -12_345, "-12.3 ppm"), ("store_bytes", 262_144, "262 KB"), ("radio_uj", 36_000_000, "36 J"),
])
func aNumberIsShownInASizeThatFitsIt(name: String, number: Double, text: String) {
  #expect(Units.value(number, of: name) == text)
}

@Test func aFieldWithoutAUnitKeepsItsNameAndNumber() {
  #expect(Units.value(7, of: "class") == nil)
  #expect(Units.label("log_end") == "log end")
  #expect(Units.label("_ms") == " ms")
}

@Test func jsonKeepsNamesOrderAndBytes() {
  let value = RESPValue.map([
    field("b_ms", .integer(5)), field("a", .text("\"\\\n\u{1}é")), field("raw", .text([0xff])),
    field("n", .none),
    field("l", .list([.boolean(true), .decimal("0.5")])),
  ])
  #expect(
    jsonText(value)
      == #"{"b_ms":5,"a":"\"\\\n\u0001é","raw":{"base64":"/w=="},"n":null,"l":[true,0.5]}"#)
}

@Test(arguments: [
  ([field("leader", .text("n2")), field("quorum", .boolean(true))], true),
  ([field("leader", .text("n2"))], true),
  ([field("leader", .none), field("quorum", .boolean(true))], false),
  ([field("leader", .text("none"))], false),
  ([field("leader", .integer(0)), field("quorum", .boolean(false))], false),
  ([field("leader", .text("n2")), field("healthy", .boolean(false))], false),
  ([field("role", .text("follower"))], false),
])
func aClusterWithoutLeaderOrQuorumIsUnhealthy(status: [RESPValue.Field], isGood: Bool) {
  #expect(Health(status: .map(status)).isGood == isGood)
}
