// NOD LOG: entries of the log, whose they are, who proposed them, and in which windows they came and were decided.
import NodCore
import NodStation

extension Cluster {
  mutating func writeLog(from: LogIndex?, count: Int, to reply: inout ReplyWriter) {
    let first = station.node.acceptor.log.first
    let last = station.node.acceptor.last
    var index = max(first, from ?? LogIndex(last.raw > UInt64(count) ? last.raw - UInt64(count) + 1 : 1))
    let mark = reply.mark()
    var rows = 0
    var proposer = index > .zero && index <= last ? station.node.proposer(of: index) : nil
    while index <= last && rows < count {
      let head = station.node.acceptor.log.head(index)
      if head.kind == .begin {
        proposer = BallotStart(station.node.acceptor.log.payload(index))?.ballot.node
      }
      let row = reply.mark()
      var out = MapFields(reply: reply)
      entry(index, head, proposer, &out)
      reply = out.reply
      reply.closeMap(row, pairs: out.pairs)
      rows += 1
      index = index + 1
    }
    reply.closeArray(mark, elements: rows)
  }

  private func entry(_ index: LogIndex, _ head: EntryHead, _ proposer: NodeID?, _ out: inout MapFields) {
    out.field("index", Int64(index.raw))
    out.field("kind", kind(head.kind))
    out.field("decided", index <= station.node.acceptor.commit)
    out.field("stamp_ms", Int64(clamping: head.stamp.milliseconds))
    if head.kind == .command {
      out.field("from", name(head.token.id.node))
      let id = head.token.id
      out.field("token", "\(id.node.raw)-\(id.incarnation)-\(id.sequence)-\(head.token.issuedAt.raw)")
    } else {
      out.absent("from")
      out.absent("token")
    }
    if let proposer { out.field("proposer", name(proposer)) } else { out.absent("proposer") }
    let span = station.witness.windows.span(index)
    let (seen, decided) = (Int64(span?.seen ?? 0), Int64(span?.decided ?? 0))
    out.field("seen_window", seen > 0 ? seen : nil)
    out.field("decided_window", decided > 0 ? decided : nil)
    out.field("windows", seen > 0 && decided >= seen ? decided - seen + 1 : nil)
    out.field("size_bytes", Int64(station.node.acceptor.log.payload(index).count))
    out.field("what", describe(index, head))
  }

  func kind(_ kind: EntryKind) -> StaticString {
    switch kind {
    case .begin: "begin"
    case .command: "command"
    case .part: "part"
    }
  }

  private func describe(_ index: LogIndex, _ head: EntryHead) -> String {
    let payload = station.node.acceptor.log.payload(index)
    switch head.kind {
    case .begin:
      guard let start = BallotStart(payload) else { return "unreadable" }
      return "ballot \(start.ballot.round) of \(name(start.ballot.node)) begins"
    case .part: return "more of the command before it"
    case .command:
      if head.hasMore { return "first part of a large command" }
      do throws(RegistryFailure) { return text(try RegistryCommand(payload)) } catch { return "unreadable" }
    }
  }

  private func text(_ command: RegistryCommand) -> String {
    switch command {
    case .set(let key, let value, _, _, _): "set \(shown(key)) = \(shown(value))"
    case .delete(let keys): "delete \(keys.count) keys"
    case .deleteIfEqual(let key, _): "delete \(shown(key)) if equal"
    case .increment(let key, let delta): "increment \(shown(key)) by \(delta)"
    case .expire(let key, let milliseconds): "expire \(shown(key)) in \(milliseconds) ms"
    case .persist(let key): "persist \(shown(key))"
    case .noop: "nothing"
    }
  }

  /// At most 40 bytes of a key or value, what cannot be printed as dots.
  private func shown(_ bytes: Bytes) -> String {
    var text = ""
    for i in 0..<min(40, bytes.count) {
      let byte = bytes[i]
      text.unicodeScalars.append(Unicode.Scalar(byte >= 0x20 && byte < 0x7f ? byte : UInt8(ascii: ".")))
    }
    return bytes.count > 40 ? text + "..." : text
  }
}
