// The environment of a hook, made anew for each run in memory taken once: nothing of the agent's own is
// inherited, and every variable has a bound.
import NodCore

/// What the cluster looks like at the moment; every hook is told.
struct HookFacts: Equatable {
  /// What a role hook is for. `stopped`: this agent is about to end.
  enum Standing: UInt8 { case noLeader, follower, leader, stopped }

  var standing = Standing.noLeader
  var role: StaticString = "follower"
  var leader: NodeID?
  /// In which the leader leads, or the last known one did.
  var ballot = Ballot.zero
  /// Applied here.
  var index = LogIndex.zero

  var event: StaticString {
    switch standing {
    case .noLeader: "no-leader"
    case .follower: "follower"
    case .leader: "leader"
    case .stopped: "stopped"
    }
  }

  /// Whether role hooks have nothing new to hear.
  func isAlike(_ other: HookFacts) -> Bool {
    standing == other.standing && leader == other.leader && ballot == other.ballot
  }

  static func == (a: HookFacts, b: HookFacts) -> Bool { a.isAlike(b) && a.index == b.index }
}

extension Ballot {
  /// The ballot's order in one number, for whoever must refuse what a leader of the past still says.
  var fence: UInt64 { UInt64(round) << 8 | UInt64(node.raw) }
}

/// NAME=value, each ended by a zero byte.
struct HookEnvironment {
  private var out: ReplyWriter

  init(_ room: UnsafeMutableRawBufferPointer) { out = ReplyWriter(room, isRESP3: false) }

  var written: Bytes {
    precondition(!out.overflowed, "the bounds of the parts are within the whole")
    return out.written
  }

  mutating func add(_ name: StaticString, _ value: Bytes) {
    begin(name)
    out.raw(value)
    out.text("\0")
  }
  mutating func add(_ name: StaticString, _ value: StaticString) { add(name, value.bytes) }
  mutating func add(_ name: StaticString, _ value: String) {
    var value = value
    value.withUTF8 { add(name, Bytes($0)) }
  }
  mutating func add(_ name: StaticString, _ value: UInt64) {
    begin(name)
    out.number(value)
    out.text("\0")
  }
  mutating func add(_ name: StaticString, _ ballot: Ballot) {
    begin(name)
    out.number(UInt64(ballot.round))
    out.text(".")
    out.number(UInt64(ballot.node.raw))
    out.text("\0")
  }

  /// The key under its name; one with a zero byte, which no environment can hold, in hexadecimal.
  mutating func addKey(_ key: Bytes) {
    guard key.contains(0) else { return add("NOD_KEY", key) }
    begin("NOD_KEY_HEX")
    for byte in key {
      for nibble in [byte >> 4, byte & 15] {
        withUnsafeBytes(of: nibble < 10 ? 48 + nibble : 87 + nibble) { out.raw($0) }
      }
    }
    out.text("\0")
  }

  /// The value's size, and the value itself when it is short and an environment can hold it.
  mutating func addValue(_ value: Bytes) {
    add("NOD_VALUE_BYTES", UInt64(value.count))
    if value.count <= HookLimits.valueBytes && !value.contains(0) { add("NOD_VALUE", value) }
  }

  private mutating func begin(_ name: StaticString) {
    out.text(name)
    out.text("=")
  }
}
