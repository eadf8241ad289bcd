// Reads Tests/Vectors/*.frame: the body as hex, then one line for each field. The hex was not made by this
// code but from
// docs/wire-format.md, so the two hold each other to the same layout.
import Foundation
import NodCore

struct FrameVector {
  var name: String
  var body: [UInt8] = []
  /// In the order of the file; `entry` lines belong to the `entries` before them.
  var fields: [(key: String, value: String)] = []

  static func named(_ name: String) throws -> FrameVector {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Vectors/\(name).frame")
    var vector = FrameVector(name: name)
    for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
      if let equals = line.range(of: " =") {
        let value = line[equals.upperBound...].trimmingCharacters(in: .whitespaces)
        vector.fields.append((String(line[..<equals.lowerBound]), value))
      } else if line.hasPrefix("  ") {
        vector.fields[vector.fields.count - 1].value += " " + line.trimmingCharacters(in: .whitespaces)
      } else {
        vector.body += hexBytes(line)
      }
    }
    return vector
  }

  func number(_ key: String) -> UInt64 { fields.first { $0.key == key }.flatMap { UInt64($0.value) } ?? 0 }
  func text(_ key: String) -> String { fields.first { $0.key == key }?.value ?? "" }

  private static let flagNames: [(String, UInt8)] = [
    ("timed", Prelude.timed), ("leads", Prelude.leads), ("sameBallot", Prelude.sameBallot),
    ("started", Prelude.started),
    ("resigning", Prelude.resigning), ("full", Prelude.full), ("backed", Prelude.backed),
    ("asks", Prelude.asks),
  ]

  var prelude: Prelude {
    var prelude = Prelude()
    for word in text("flags").split(separator: " ") {
      prelude.flags |= FrameVector.flagNames.first { $0.0 == word }!.1
    }
    prelude.membershipVersion = UInt8(number("membership"))
    prelude.promised = FrameVector.ballot(text("promised"))
    prelude.accepted = FrameVector.ballot(text("accepted"))
    prelude.window = UInt32(number("window"))
    prelude.leaderAge = UInt8(number("leaderAge"))
    prelude.decided = LogIndex(number("decided"))
    prelude.incarnation = UInt32(number("incarnation"))
    prelude.offset = Microseconds(Int64(number("offset")))
    prelude.hops = UInt8(number("hops"))
    prelude.founder = NodeID(UInt8(number("founder")))
    return prelude
  }

  static func ballot(_ text: some StringProtocol) -> Ballot {
    let parts = text.split(separator: ".")
    return Ballot(round: UInt32(parts[0])!, node: NodeID(UInt8(parts[1])!))
  }
  static func token(_ text: some StringProtocol) -> CommandToken {
    let parts = text.split(separator: "/").map { UInt64($0)! }
    let id = CommandID(
      node: NodeID(UInt8(parts[0])), incarnation: UInt32(parts[1]), sequence: UInt32(parts[2]))
    return CommandToken(id: id, issuedAt: LogIndex(parts[3]))
  }
  static func hexBytes(_ text: some StringProtocol) -> [UInt8] {
    let digits = text.filter(\.isHexDigit).map { UInt8($0.hexDigitValue!) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
  private func hexBytes(_ text: some StringProtocol) -> [UInt8] { FrameVector.hexBytes(text) }

  // MARK: sections

  /// The sections in order, each with its kind's number, its text, and the entries that belong to it.
  var sections: [(kind: UInt8, key: String, value: String, entries: [VectorEntry])] {
    var all: [(kind: UInt8, key: String, value: String, entries: [VectorEntry])] = []
    for (key, value) in fields {
      if key == "entry" {
        all[all.count - 1].entries.append(VectorEntry(value))
      } else if let kind = FrameVector.kind(key) {
        all.append((kind, key, value, []))
      }
    }
    return all
  }
  private static func kind(_ key: String) -> UInt8? {
    let names: [(String, SectionKind)] = [
      ("votes", .votes), ("entries", .entries), ("commands", .commands), ("prepare", .prepare),
      ("promise", .promise),
      ("canvass", .canvass), ("support", .support), ("alive", .alive), ("pull", .pull),
      ("snapshotPull", .snapshotPull),
      ("snapshotChunk", .snapshotChunk), ("readRound", .readRound), ("readRequest", .readRequest),
      ("readGrant", .readGrant), ("cycle", .cycle), ("greeting", .greeting),
    ]
    if key.hasPrefix("section ") { return UInt8(key.dropFirst(8)) }
    return names.first { $0.0 == key }?.1.rawValue
  }
}

/// `command more no stamp 1700250 token 0/3/12/290 payload 0100`, and alike.
struct VectorEntry {
  var head: EntryHead
  var payload: [UInt8]

  init(_ text: String) {
    let words = text.split(separator: " ").map(String.init)
    var values: [String: String] = [:]
    for i in stride(from: 1, to: words.count - 1, by: 2) { values[words[i]] = words[i + 1] }
    let kind: EntryKind = words[0] == "begin" ? .begin : words[0] == "command" ? .command : .part
    head = EntryHead(
      kind: kind, hasMore: values["more"] == "yes",
      stamp: ClusterTime(milliseconds: UInt64(values["stamp"]!)!),
      token: values["token"].map { FrameVector.token($0) } ?? EntryHead.noToken)
    payload = values["payload"] == "-" ? [] : FrameVector.hexBytes(values["payload"]!)
  }
}

/// `own 6 floor 300 at 302 305`: the writer's slot, its decided index, the position of each member.
struct VectorVotes {
  var own: NodeID
  var floor: UInt64
  var positions: [UInt64]

  init(_ text: String) {
    let words = text.split(separator: " ")
    own = NodeID(UInt8(words[1])!)
    floor = UInt64(words[3])!
    positions = words.dropFirst(5).map { UInt64($0)! }
  }
  /// What whoever reads it knows: positions at or below the floor are told of the writer and the highest
  /// only.
  var told: [UInt64] {
    let top = positions.max()!
    return positions.enumerated().map { $1 == top || $1 > floor || $0 == Int(own.raw) ? $1 : 0 }
  }
}
