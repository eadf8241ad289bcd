// INFO: the fields of NOD STATUS, and what else is counted, in Redis's form.
import CBoard
import NodCore
import NodStation

extension Cluster {
  mutating func writeInfo(_ section: Bytes, to reply: inout ReplyWriter) {
    var out = MapFields(lines: reply)
    if wants(section, "server") {
      out.heading("Server")
      out.field("redis_version", "7.2.0")
      out.field("nod_version", Version.text)
      out.field("process_id", board_process_id())
      out.field("uptime_in_seconds", (now - figures.startedAt).raw / 1_000_000)
    }
    if wants(section, "cluster") {
      out.heading("Cluster")
      role(&out)
    }
    if wants(section, "log") {
      out.heading("Log")
      log(&out)
    }
    if wants(section, "windows") {
      out.heading("Windows")
      windows(&out)
      clock(&out)
    }
    if wants(section, "radio") || wants(section, "stats") {
      out.heading("Radio")
      traffic(&out)
      energy(&out)
      rejections(&out)
    }
    if wants(section, "persistence") {
      out.heading("Persistence")
      out.field("loading", 0)
      disk(&out)
    }
    if wants(section, "keyspace") {
      out.heading("Keyspace")
      out.field("db0", "keys=\(station.node.registry.keyCount)")
    }
    reply = out.reply
  }

  private func rejections(_ out: inout some FieldWriter) {
    let r = station.rejections
    out.field("rejected_too_short", Int64(r[.tooShort]))
    out.field("rejected_unknown_version", Int64(r[.unknownVersion]))
    out.field("rejected_unknown_type", Int64(r[.unknownType]))
    out.field("rejected_not_a_member", Int64(r[.notAMember]))
    out.field("rejected_own_frame", Int64(r[.ownFrame]))
    out.field("rejected_wrong_epoch", Int64(r[.wrongEpoch]))
    out.field("rejected_unknown_start", Int64(r[.unknownSalt]))
    out.field("rejected_replayed", Int64(r[.replayed]))
    out.field("rejected_bad_tag", Int64(r[.badTag]))
    out.field("rejected_stale_start", Int64(r[.staleStart]))
    out.field("rejected_malformed", Int64(r[.malformed]))
    out.field("unknown_sections", Int64(station.node.counters.unknownSections))
  }

  private func wants(_ section: Bytes, _ name: StaticString) -> Bool {
    guard section.count > 0 else { return true }
    guard section.count == name.utf8CodeUnitCount else { return false }
    for i in 0..<section.count where section[i] | 0x20 != name.utf8Start[i] { return false }
    return true
  }
}
