// What a member tells of itself over the radio (NOD VIA): numbers in a fixed order, small ones in a byte. Both sides
// take names and forms from the lists here, which are those of NOD STATUS, NOD PEERS and NOD LOG, fewer of them.
import NodCore

/// How a number of an answer is to be read.
package enum ToldForm: Sendable {
  case integer
  case boolean
  /// A member's slot.
  case member
  case role
  /// Round and node: two numbers.
  case ballot
  /// 64 bits: two numbers, the high half first.
  case hex
  /// A `Reason`: four numbers.
  case cause
  case version
  /// An entry's kind.
  case kind
}

package typealias ToldField = (name: StaticString, form: ToldForm)

/// The fields of an answer; of `peers` and `log` those of each row.
package enum ToldFields {
  package static func count(_ question: ViaQuestion) -> Int {
    switch question {
    case .status: 35
    case .peers: 11
    case .log: 9
    }
  }

  package static func field(_ question: ViaQuestion, _ number: Int) -> ToldField {
    switch question {
    case .status: number < 19 ? status(number) : figures(number)
    case .peers: peer(number)
    case .log: entry(number)
    }
  }

  private static func status(_ number: Int) -> ToldField {
    switch number {
    case 0: ("role", .role)
    case 1: ("leader", .member)
    case 2: ("quorum", .boolean)
    case 3: ("why", .cause)
    case 4: ("votes", .boolean)
    case 5: ("ballot", .ballot)
    case 6: ("accepted_ballot", .ballot)
    case 7: ("incarnation", .integer)
    case 8: ("key_epoch", .integer)
    case 9: ("version", .version)
    case 10: ("last_index", .integer)
    case 11: ("decided_index", .integer)
    case 12: ("applied_index", .integer)
    case 13: ("snapshot_index", .integer)
    case 14: ("digest", .hex)
    case 15: ("keys", .integer)
    case 16: ("waiting", .integer)
    case 17: ("window", .integer)
    default: ("windows_seen", .integer)
    }
  }

  private static func figures(_ number: Int) -> ToldField {
    switch number {
    case 19: ("beacons_missed", .integer)
    case 20: ("guard_us", .integer)
    case 21: ("clock_offset_us", .integer)
    case 22: ("drift_ppb", .integer)
    case 23: ("drift_error_ppb", .integer)
    case 24: ("frames_sent", .integer)
    case 25: ("frames_heard", .integer)
    case 26: ("frames_rejected", .integer)
    case 27: ("frames_deferred", .integer)
    case 28: ("air_time_left_ms", .integer)
    case 29: ("air_time_wait_ms", .integer)
    case 30: ("journal_syncs", .integer)
    case 31: ("disk_free_kb", .integer)
    case 32: ("battery_percent", .integer)
    case 33: ("elections_started", .integer)
    default: ("times_leader", .integer)
    }
  }

  private static func peer(_ number: Int) -> ToldField {
    switch number {
    case 0: ("slot", .integer)
    case 1: ("windows_ago", .integer)
    case 2: ("loss_in_permille", .integer)
    case 3: ("hears_us", .boolean)
    case 4: ("decided_index", .integer)
    case 5: ("vote_index", .integer)
    case 6: ("said_windows_ago", .integer)
    case 7: ("loss_out_permille", .integer)
    case 8: ("battery_percent", .integer)
    case 9: ("air_time_left_percent", .integer)
    default: ("version", .version)
    }
  }

  private static func entry(_ number: Int) -> ToldField {
    switch number {
    case 0: ("index", .integer)
    case 1: ("kind", .kind)
    case 2: ("decided", .boolean)
    case 3: ("stamp_ms", .integer)
    case 4: ("from", .member)
    case 5: ("proposer", .member)
    case 6: ("seen_window", .integer)
    case 7: ("decided_window", .integer)
    default: ("size_bytes", .integer)
    }
  }
}

/// Numbers one after the other, each of them known or not: 0 for not, else one more than its zigzag form.
package struct ToldWriter {
  package var out: ByteWriter
  package init(_ out: ByteWriter) { self.out = out }

  mutating func add(_ value: Int64?) {
    guard let value else {
      out.varint(0)
      return
    }
    // Half of the range is enough for every figure there is, and one more never overflows.
    let bounded = min(max(value, Int64.min / 2), Int64.max / 2)
    out.varint(UInt64(bitPattern: (bounded << 1) ^ (bounded >> 63)) + 1)
  }
  mutating func add(_ value: UInt64) { add(Int64(clamping: value)) }
  mutating func add(_ index: LogIndex) { add(index.raw) }
  mutating func add(_ isTrue: Bool) { add(Int64(isTrue ? 1 : 0)) }
  mutating func add(_ member: NodeID?) { add(member.map { Int64($0.raw) }) }
  mutating func add(_ ballot: Ballot) {
    add(Int64(ballot.round))
    add(Int64(ballot.node.raw))
  }
  mutating func add(percent: UInt8) { add(percent > 100 ? nil : Int64(percent)) }
}

/// Reads them again; past the end, or at what is none, everything is unknown and `failed` is set.
package struct ToldReader {
  private var input: ByteReader
  package init(_ bytes: Bytes) { input = ByteReader(bytes) }
  package var failed: Bool { input.failed }
  package var isAtEnd: Bool { input.isAtEnd }

  package mutating func next() -> Int64? {
    let raw = input.varint()
    guard !input.failed, raw > 0 else { return nil }
    let zigzag = raw - 1
    return Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
  }
}
