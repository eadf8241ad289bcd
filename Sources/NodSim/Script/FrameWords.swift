// What a frame says, in the field's words, for people who read a trace: ballots as round.member (b2.0), entries by
// index and content, the votes as one position a member.
import NodCore

/// Puts a decoded frame into words. The order is the frame's own; what is there in every frame is left out.
package struct FrameWords {
  let frame: Frame
  private let memberCount: Int
  private let payloadLimit: Int
  private let name: (Int) -> String

  init(_ frame: Frame, _ settings: ClusterSettings) {
    self.init(
      frame, memberCount: settings.memberCount, payloadLimit: settings.entryPayloadLimit, name: { "n\($0)" })
  }

  /// - Parameter name: what the member in a slot is called; the slot may be any.
  package init(_ frame: Frame, memberCount: Int, payloadLimit: Int, name: @escaping (Int) -> String) {
    self.frame = frame
    self.memberCount = memberCount
    self.payloadLimit = payloadLimit
    self.name = name
  }

  /// The kinds of a frame's sections by name, each once, in the frame's order.
  package static func sections(of frame: Frame) -> [String] {
    var names: [String] = []
    var walk = ByteReader(frame.body)
    while !walk.isAtEnd && !walk.failed {
      let kind = walk.u8()
      _ = walk.bytes(Int(walk.varint(atMost: UInt64(frame.body.count))))
      let name = SectionKind(rawValue: kind).map { "\($0)" } ?? "unknown-\(kind)"
      if !walk.failed && !names.contains(name) { names.append(name) }
    }
    return names
  }

  /// One line without an end.
  package var text: String {
    var words = [head]
    var walk = ByteReader(frame.body)
    while !walk.isAtEnd && !walk.failed {
      let kind = walk.u8()
      let bytes = walk.bytes(Int(walk.varint(atMost: UInt64(frame.body.count))))
      if walk.failed { break }
      words.append(said(in: kind, bytes))
    }
    return words.filter { !$0.isEmpty }.joined(separator: " ")
  }

  static func ballot(_ b: Ballot) -> String { b == .zero ? "none" : "b\(b.round).\(b.node.raw)" }

  private var head: String {
    let p = frame.prelude
    var words: [String] = []
    if p.has(Prelude.leads) { words.append("beacon") }
    if p.has(Prelude.full) { words.append("full") }
    words.append(FrameWords.ballot(p.promised))
    if p.accepted != p.promised { words.append("accepted-in \(FrameWords.ballot(p.accepted))") }
    words.append("decided \(p.decided.raw)")
    if p.has(Prelude.resigning) { words.append("resigns") }
    if p.has(Prelude.asks) { words.append("asks") }
    return words.joined(separator: " ")
  }

  private func said(in kind: UInt8, _ bytes: Bytes) -> String {
    guard let kind = SectionKind(rawValue: kind) else { return "unknown-section" }
    var input = ByteReader(bytes)
    switch kind {
    case .votes: return votes(bytes)
    case .entries: return entries(&input)
    case .commands: return commands(&input)
    case .prepare: return "prepare last \(input.varint())"
    case .promise: return "promise last \(input.varint())"
    case .canvass: return "canvass last \(input.varint()) hears \(input.u8())"
    case .support: return "support n\(input.u8())"
    case .alive: return alive(&input)
    case .pull: return pull(&input)
    case .snapshotPull:
      let index = input.varint()
      _ = input.u64()
      return "pull snapshot \(index) from chunk \(input.varint())"
    case .snapshotChunk:
      let index = input.varint()
      _ = input.u64()
      _ = input.varint()
      return "snapshot \(index) chunk \(input.varint())"
    case .readRound: return "\(frame.prelude.has(Prelude.leads) ? "read-round" : "echo") \(input.varint())"
    case .readRequest: return "read?"
    case .readGrant: return grants(&input)
    case .cycle:
      _ = input.varint()
      let cycle = input.u8()
      return cycle == 0 ? "" : "cycle \(cycle)"
    case .greeting: return greeting(&input)
    case .newerStart: return newerStarts(&input)
    case .plea: return "pass-on?"
    case .ask: return "ask n\(input.u8())>n\(input.u8())"
    case .tell:
      let (asker, target, _) = (input.u8(), input.u8(), input.u8())
      return "tell n\(target)>n\(asker) part \(input.u8() & 0x7f)"
    }
  }

  private func alive(_ input: inout ByteReader) -> String {
    var names: [String] = []
    var codes = (0..<(memberCount + 1) / 2).map { _ in input.u8() }
    codes = codes.flatMap { [$0 & 15, $0 >> 4] }
    for (slot, code) in codes.prefix(memberCount).enumerated() where code != LinkLoss.notHeard {
      let loss = LinkLoss.permille(code) ?? 0
      names.append(loss == 0 ? name(slot) : "\(name(slot))(-\(loss))")
    }
    return "alive hears \(names.isEmpty ? "nobody" : names.joined(separator: ",")) digest \(input.varint())"
  }

  private func votes(_ bytes: Bytes) -> String {
    var vector = VoteVector(memberCount: memberCount)
    guard vector.read(bytes, ballot: frame.prelude.accepted) else { return "malformed-votes" }
    var words: [String] = []
    for i in 0..<memberCount {
      let position = vector[NodeID(UInt8(i))].raw
      words.append(position == 0 ? "-" : "\(position)")
    }
    return "votes " + words.joined(separator: "/")
  }

  private func entries(_ input: inout ByteReader) -> String {
    let first = input.varint(atMost: UInt64(Int64.max))
    let base = ClusterTime(milliseconds: input.varint())
    let count = input.varint(atMost: 65_536)
    var unknown = false
    var words: [String] = []
    for index in first..<(first + count) {
      guard
        let (head, payload) = EntryCodec.read(
          &input, base: base, payloadLimit: payloadLimit, unknownKind: &unknown)
      else { return "malformed-entries" }
      words.append("\(index):\(FrameWords.entry(head, payload))")
    }
    // Runs are told by their ends: a trace is read line by line.
    if words.count > 3 { words = [words[0], "...", words[words.count - 1]] }
    let verb = frame.prelude.has(Prelude.leads) ? "accept" : "relay"
    return verb + " " + words.joined(separator: " ")
  }

  static func entry(_ head: EntryHead, _ payload: Bytes) -> String {
    switch head.kind {
    case .begin:
      guard let begin = BallotStart(payload) else { return "malformed" }
      return "begin(\(ballot(begin.ballot)),adopts=\(ballot(begin.adopted)))"
    case .part: return "part\(head.hasMore ? "+" : "")"
    case .command: return head.hasMore ? "command+" : command(payload)
    }
  }

  static func command(_ bytes: Bytes) -> String {
    func text(_ b: Bytes) -> String { String(decoding: b, as: UTF8.self) }
    guard let command = try? RegistryCommand(bytes) else { return "command" }
    switch command {
    case .set(let key, let value, _, _, _):
      return "\(text(key))=\(value.count <= 12 ? text(value) : "\(value.count) bytes")"
    case .increment(let key, let by): return "\(text(key))+\(by)"
    case .deleteIfEqual(let key, _): return "del(\(text(key)))"
    case .delete: return "del"
    case .expire(let key, _): return "expire(\(text(key)))"
    case .persist(let key): return "persist(\(text(key)))"
    case .noop: return "noop"
    }
  }

  private func commands(_ input: inout ByteReader) -> String {
    _ = input.u8()
    _ = input.varint()
    _ = input.varint()
    var words: [String] = []
    while !input.isAtEnd && !input.failed {
      _ = input.varint()
      let token = EntryCodec.readToken(&input)
      let size = input.varint()
      let offset = input.varint()
      let piece = input.bytes(Int(input.varint(atMost: size)))
      if input.failed { return "malformed-commands" }
      let what = UInt64(piece.count) == size ? FrameWords.command(piece) : "piece at \(offset) of \(size)"
      words.append("\(what)#\(token.id.node.raw).\(token.id.sequence)")
    }
    if words.count > 3 { words = [words[0], "... \(words.count - 2) more ...", words[words.count - 1]] }
    return "forward " + words.joined(separator: " ")
  }

  private func pull(_ input: inout ByteReader) -> String {
    let from = input.u8()
    let ballot = BallotCodec.read(&input)
    let next = input.varint()
    let held = input.varint()
    return "pull \(next)... of \(FrameWords.ballot(ballot)) from \(name(Int(from)))"
      + (held == 0 ? "" : " with holes")
  }

  private func grants(_ input: inout ByteReader) -> String {
    var words: [String] = []
    while !input.isAtEnd && !input.failed {
      let origin = input.u8()
      _ = input.varint()
      let index = input.varint()
      words.append("\(name(Int(origin)))@\(index)")
    }
    return "grant " + words.joined(separator: " ")
  }

  private func newerStarts(_ input: inout ByteReader) -> String {
    var words: [String] = []
    while !input.isAtEnd && !input.failed { words.append("\(name(Int(input.u8())))@\(input.varint())") }
    return "newer-start " + words.joined(separator: ",")
  }

  private func greeting(_ input: inout ByteReader) -> String {
    var words: [String] = []
    while input.remaining >= 5 {
      words.append(name(Int(input.u8())))
      _ = input.u32()
    }
    return "greets " + words.joined(separator: ",")
  }
}
