// NOD TRACE: what happened here, event by event, under the names of the simulator's events (docs/performance.md,
// "Every event"), so that whatever draws one draws the other.
import NodCore
import NodStation

extension Cluster {
  /// What one event takes at most; when less is left of the output, the rest is for the next question.
  private static var eventBytes: Int { 768 }

  mutating func writeTrace(since: UInt64?, count: Int, to reply: inout ReplyWriter) {
    let (oldest, end) = (station.witness.events.oldest, station.witness.events.next)
    let wanted = min(since ?? (end - min(end, UInt64(count))), end)
    var number = max(wanted, oldest)
    let whole = reply.mark()
    var out = MapFields(reply: reply)
    out.field("lost", Int64(clamping: number - wanted))
    out.name("events")
    reply = out.reply
    let mark = reply.mark()
    var rows = 0
    while number < end && rows < count && reply.room > Self.eventBytes {
      let row = reply.mark()
      var fields = MapFields(reply: reply)
      write(station.witness.events[number], number, &fields)
      reply = fields.reply
      reply.closeMap(row, pairs: fields.pairs)
      number += 1
      rows += 1
    }
    reply.closeArray(mark, elements: rows)
    out.reply = reply
    out.field("next", Int64(clamping: number))
    reply = out.reply
    reply.closeMap(whole, pairs: out.pairs)
  }

  private func write(_ event: StationEvent, _ number: UInt64, _ out: inout MapFields) {
    if let time = station.node.gridTime(event.at) {
      out.field("t", time)
    } else {
      out.field("t", event.at.microseconds)
      out.field("clock", "boot" as StaticString)
    }
    out.field("node", Int64(files.own.slot.raw))
    out.field("kind", event.kind.name)
    out.field("seq", Int64(clamping: number))
    out.field("window", Int64(event.window))
    particulars(event, &out)
  }

  private func particulars(_ event: StationEvent, _ out: inout MapFields) {
    let count = Int64(clamping: event.number)
    switch event.kind {
    case .power, .radio: out.field("on", event.detail != 0)
    case .disk: out.field("fit", event.detail != 0)
    case .role:
      out.field("role", event.detail == 2 ? "leader" : event.detail == 1 ? "candidate" : "follower")
      out.field("ballot", "\(event.number >> 8).\(event.number & 0xff)")
    case .sent:
      out.field("frame", count)
      out.field("bytes", Int64(event.size))
      out.field("air_us", station.profile.airTime(Int(event.size)).raw)
      out.field("speech", (Speech(rawValue: event.detail) ?? .answer).name)
      out.field("cycle", Int64(event.cycle))
      says(event, &out)
    case .heard:
      out.field("frame", count)
      out.field("from", Int64(event.member))
      out.field("bytes", Int64(event.size))
      says(event, &out)
    case .lost:
      out.field("frame", count)
      out.field("from", Int64(event.member))
    case .missed:
      out.field("why", "off" as StaticString)
      out.field("count", count)
    case .rejected:
      out.field("from", Int64(event.member))
      out.field("bytes", Int64(event.size))
      out.field("why", (Rejection(rawValue: event.detail) ?? .malformed).name)
    case .synced: break
    case .decided, .accepted: out.field("index", count)
    case .vote:
      out.field("member", Int64(event.member))
      out.field("index", count)
    case .submitted: out.field("ticket", count)
    case .answered:
      out.field("ticket", count)
      out.field("windows", event.size == .max ? nil : Int64(event.size))
    case .pause: out.field("us", count)
    }
  }

  private func says(_ event: StationEvent, _ out: inout MapFields) {
    out.list("says", event.says.count)
    event.says.each { out.element($0.name) }
  }
}
