// NOD PEERS and NOD LINKS: the whole cluster as this node knows it, from what it hears and from what each member said
// of itself in the last full window.
import NodCore
import NodStation

extension Cluster {
  mutating func writePeers(to reply: inout ReplyWriter) {
    let mark = reply.mark()
    var count = 0
    for member in files.roster.members where member.slot != files.own.slot {
      let row = reply.mark()
      var out = MapFields(reply: reply)
      out.field("name", member.name)
      out.field("slot", Int64(member.slot.raw))
      out.field("address", member.address)
      heard(member.slot, &out)
      said(member.slot, &out)
      reply = out.reply
      reply.closeMap(row, pairs: out.pairs)
      count += 1
    }
    reply.closeArray(mark, elements: count)
  }

  /// What this node heard of it itself.
  private func heard(_ slot: NodeID, _ out: inout MapFields) {
    let peer = station.node.peers[slot]
    out.field("leads", station.node.leader == slot)
    let isKnown = peer.heardWindow > 0
    out.field("last_heard_ms", isKnown ? max(0, (now - peer.heardAt).raw / 1000) : nil)
    out.field("windows_ago", isKnown ? windowsAgo(peer.heardWindow) : nil)
    out.field("fresh", peer.isFresh)
    out.field("loss_in_permille", isKnown ? station.node.measuredLoss(of: slot).map { Int64($0) } : nil)
    out.field("hears_us", peer.hears.contains(files.own.slot))
    out.field("frames_heard", Int64(peer.framesHeard))
    out.field("frames_not_opened", Int64(station.witness.strangeFrames(from: Int(slot.raw)).count))
    out.field("decided_index", Int64(peer.decided.raw))
    out.field("vote_index", Int64(station.node.votes[slot].raw))
    out.field("lag", Int64(max(0, station.node.acceptor.commit.distance(from: peer.decided))))
    out.field("incarnation", Int64(peer.incarnation))
  }

  /// What it said of itself.
  private func said(_ slot: NodeID, _ out: inout MapFields) {
    let peer = station.node.peers[slot]
    let condition = station.node.links.condition(of: slot)
    let hasSaid = peer.hearsWindow > 0
    out.field("said_windows_ago", hasSaid ? windowsAgo(peer.hearsWindow) : nil)
    let loss = LinkLoss.permille(station.node.links[slot, files.own.slot])
    out.field("loss_out_permille", hasSaid ? loss.map { Int64($0) } : nil)
    out.field("battery_percent", percent(condition.batteryPercent))
    out.field("air_time_left_percent", percent(condition.airtimePercent))
    if let version = Version.text(condition.version) {
      out.field("version", version)
    } else {
      out.absent("version")
    }
  }

  private func percent(_ value: UInt8) -> Int64? { value > 100 ? nil : Int64(value) }

  private func windowsAgo(_ window: UInt32) -> Int64 {
    Int64(station.node.timeline.window &- min(window, station.node.timeline.window))
  }

  // MARK: who hears whom

  mutating func writeLinks(to reply: inout ReplyWriter) {
    let mark = reply.mark()
    for member in files.roster.members {
      let isOwn = member.slot == files.own.slot
      let saidWindow = station.node.peers[member.slot].hearsWindow
      let row = reply.mark()
      var out = MapFields(reply: reply)
      out.field("name", member.name)
      out.field("slot", Int64(member.slot.raw))
      out.field("said_windows_ago", isOwn ? 0 : saidWindow > 0 ? windowsAgo(saidWindow) : nil)
      let isKnown = isOwn || saidWindow > 0
      out.list("hears", files.roster.members.count)
      for speaker in files.roster.members {
        out.element(isKnown && speaker.slot != member.slot ? hears(member.slot, speaker.slot) ? 1 : 0 : nil)
      }
      out.list("loss_permille", files.roster.members.count)
      for speaker in files.roster.members {
        out.element(isKnown && speaker.slot != member.slot ? loss(member.slot, speaker.slot) : nil)
      }
      reply = out.reply
      reply.closeMap(row, pairs: out.pairs)
    }
    reply.closeArray(mark, elements: files.roster.members.count)
  }

  private func hears(_ listener: NodeID, _ speaker: NodeID) -> Bool {
    listener == files.own.slot
      ? station.node.hears(speaker) : station.node.links[listener, speaker] != LinkLoss.notHeard
  }

  private func loss(_ listener: NodeID, _ speaker: NodeID) -> Int64? {
    guard hears(listener, speaker) else { return nil }
    let loss =
      listener == files.own.slot
      ? station.node.measuredLoss(of: speaker) : LinkLoss.permille(station.node.links[listener, speaker])
    return loss.map { Int64($0) }
  }
}
