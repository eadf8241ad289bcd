// What another member told over the radio, under the names of this node's own answers: fewer fields, same meaning.
import NodCore
import NodStation

extension Cluster {
  mutating func writeTold(_ ticket: Ticket, to reply: inout ReplyWriter) {
    guard station.node.via.ticket == ticket,
      let question = ViaQuestion(rawValue: station.node.via.asking.question)
    else {
      reply.error("ERR the answer came and was not taken in time: ask again")
      return
    }
    var told = ToldReader(station.node.via.asking.answer)
    switch question {
    case .status:
      let mark = reply.mark()
      var out = MapFields(reply: reply)
      let target = station.node.via.asking.name.target
      out.field("name", name(target))
      out.field("slot", Int64(target.raw))
      out.field("asked_windows", Int64(station.node.windowsAsked))
      fields(question, &told, &out)
      reply = out.reply
      reply.closeMap(mark, pairs: out.pairs)
    case .peers, .log:
      let mark = reply.mark()
      var rows = 0
      let wanted = Int(clamping: told.next() ?? 0)
      while rows < wanted && !told.isAtEnd && !told.failed {
        let row = reply.mark()
        var out = MapFields(reply: reply)
        fields(question, &told, &out)
        reply = out.reply
        reply.closeMap(row, pairs: out.pairs)
        rows += 1
      }
      reply.closeArray(mark, elements: rows)
    }
  }

  private func fields(_ question: ViaQuestion, _ told: inout ToldReader, _ out: inout MapFields) {
    for number in 0..<ToldFields.count(question) {
      let (name, form) = ToldFields.field(question, number)
      let value = told.next()
      switch form {
      case .integer: out.field(name, value)
      case .boolean: out.field(name, value == 1)
      case .member: member(name, value, &out)
      case .role: out.field(name, value == 2 ? "leader" : value == 1 ? "candidate" : "follower")
      case .ballot: out.field(name, "\(value ?? 0).\(told.next() ?? 0)")
      case .hex:
        out.field(name, hexadecimal(UInt64(clamping: value ?? 0) << 32 | UInt64(clamping: told.next() ?? 0)))
      case .cause: cause(value ?? 0, &told, &out)
      case .version:
        if let text = Version.text(UInt16(clamping: value ?? 0)) {
          out.field(name, text)
        } else {
          out.absent(name)
        }
      case .kind: out.field(name, kind(EntryKind(rawValue: UInt8(clamping: value ?? 0)) ?? .part))
      }
      if case .peers = question, number == 0 { member("name", value, &out) }
    }
  }

  private func member(_ name: StaticString, _ slot: Int64?, _ out: inout MapFields) {
    if let slot { out.field(name, self.name(NodeID(UInt8(clamping: slot)))) } else { out.absent(name) }
  }

  private func cause(_ code: Int64, _ told: inout ToldReader, _ out: inout MapFields) {
    var reason = Reason(Reason.Cause(rawValue: UInt8(clamping: code)) ?? .none)
    reason.slot = UInt8(clamping: told.next() ?? 0)
    reason.first = told.next() ?? 0
    reason.second = told.next() ?? 0
    out.field("healthy", reason.isNone)
    out.field("why", words(reason, own: false))
  }
}
