// Who hears whom how well, and how each member is off: what `alive` says in full windows, kept as each last said it.
// Evidence for people (NOD LINKS, NOD PEERS); nothing of it is voted, promised or decided upon.

/// What a member says of itself beside the log.
package struct Condition: Hashable, Sendable {
  package static let unknown: UInt8 = 255
  /// 0 to 100; `unknown`: nobody can tell.
  package var batteryPercent = unknown
  /// What is left of the hour's air time.
  package var airtimePercent = unknown
  /// Major << 12 | minor << 6 | patch; 0: not said.
  package var version: UInt16 = 0
  package init() {}
}

/// Loss of one directed link in four bits.
package enum LinkLoss {
  /// Thousandths that a code stands for; the nearest is told.
  private static let steps: InlineArray<14, Int16> = [
    0, 10, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 700, 900,
  ]
  /// Heard lately, in no full window yet.
  package static let unmeasured: UInt8 = 14
  package static let notHeard: UInt8 = 15

  package static func code(permille: Int) -> UInt8 {
    var best = 0
    for i in 1..<14 where abs(permille - Int(steps[i])) < abs(permille - Int(steps[best])) { best = i }
    return UInt8(best)
  }
  /// - Returns: nil when the code stands for no figure.
  package static func permille(_ code: UInt8) -> Int? { code < 14 ? Int(steps[Int(code)]) : nil }
}

/// Frames of one member in full windows, in which everybody speaks and everybody stays. Of one that has gone silent the
/// misses wait until it is heard again: a dead member is no bad link.
package struct FullWindowCount: Sendable {
  /// Windows after which what was seen so far counts half.
  private static let memory: UInt16 = 32
  /// Misses in a row that may still be loss.
  private static let patience: UInt8 = 8
  private var heard: UInt16 = 0
  private var missed: UInt16 = 0
  private var waiting: UInt8 = 0

  mutating func wasHeard() {
    heard += 1
    missed += UInt16(waiting)
    waiting = 0
    if heard + missed >= FullWindowCount.memory {
      heard = (heard + 1) / 2
      missed /= 2
    }
  }
  mutating func wasMissed() { if waiting < FullWindowCount.patience { waiting += 1 } }
  mutating func isAway() { waiting = 0 }

  package var permille: Int? {
    let all = Int(heard) + Int(missed)
    return all == 0 ? nil : 1000 * Int(missed) / all
  }
}

/// A row of codes for each member, as it last said it. `public`, since Embedded Swift finds the deinit of any other
/// type within its own module only.
public struct LinkTable: ~Copyable {
  private let memberCount: Int
  private let codes: UnsafeMutablePointer<UInt8>
  private let conditions: UnsafeMutablePointer<Condition>

  init(memberCount: Int) {
    self.memberCount = memberCount
    codes = .allocate(capacity: memberCount * memberCount)
    codes.initialize(repeating: LinkLoss.notHeard, count: memberCount * memberCount)
    conditions = .allocate(capacity: memberCount)
    conditions.initialize(repeating: Condition(), count: memberCount)
  }
  deinit {
    codes.deallocate()
    conditions.deallocate()
  }

  /// How well `listener` hears `speaker`, as it last said.
  package subscript(listener: NodeID, speaker: NodeID) -> UInt8 {
    get { codes[Int(listener.raw) * memberCount + Int(speaker.raw)] }
    set { codes[Int(listener.raw) * memberCount + Int(speaker.raw)] = newValue & 15 }
  }
  package func condition(of member: NodeID) -> Condition { conditions[Int(member.raw)] }
  mutating func note(_ condition: Condition, of member: NodeID) { conditions[Int(member.raw)] = condition }
}

extension Node {
  /// A window begins; the one before is over. If everybody had to speak in it, who did?
  mutating func noteFullWindow() {
    guard timeline.isAttended, isFull else { return }
    var i = 0
    while i < settings.memberCount {
      let peer = NodeID(UInt8(i))
      if peer != id {
        if peers[peer].heardWindow == timeline.window {
          peers[peer].inFullWindows.wasHeard()
        } else if heardLately(peer, within: 4 + 2 * settings.fullEvery) {
          peers[peer].inFullWindows.wasMissed()
        } else {
          peers[peer].inFullWindows.isAway()
        }
      }
      i += 1
    }
  }

  /// Loss of what a peer sends, as this node measures it; nil while nothing is measured.
  package func measuredLoss(of peer: NodeID) -> Int? {
    peers[peer].loss.seenPermille ?? peers[peer].inFullWindows.permille
  }

  /// Whether a peer was heard within the time in which it must have spoken a few times.
  package func hears(_ peer: NodeID) -> Bool {
    // A leader speaks in every window, the others in full ones at least.
    let windows = peer == leader ? UInt32(missesBeforeSuspicion) : 4 + 2 * settings.fullEvery
    return peer != id && heardLately(peer, within: windows)
  }

  private func linkCode(_ peer: NodeID) -> UInt8 {
    guard hears(peer) else { return LinkLoss.notHeard }
    return measuredLoss(of: peer).map { LinkLoss.code(permille: $0) } ?? LinkLoss.unmeasured
  }

  /// Layout: how well each member is heard, four bits each, slot 0 in the low half of the first byte; index (varint)
  /// and digest (u64) of the own state; battery and air time left in percent (u8, 255: unknown); version (u16).
  func writeAlive(to writer: inout FrameWriter) {
    writer.section(.alive) { out in
      var i = 0
      while i < settings.memberCount {
        let low = linkCode(NodeID(UInt8(i)))
        let high = i + 1 < settings.memberCount ? linkCode(NodeID(UInt8(i + 1))) : LinkLoss.notHeard
        out.u8(high << 4 | low)
        i += 2
      }
      out.varint(digests.newest.raw)
      out.u64(digests.digest(at: digests.newest) ?? 0)
      out.u8(condition.batteryPercent)
      out.u8(condition.airtimePercent)
      out.u16(condition.version)
    }
  }

  mutating func heardAlive(_ bytes: Bytes, from sender: NodeID, window: UInt32) {
    let codes = bytes.part(0, (settings.memberCount + 1) / 2)
    var input = ByteReader(bytes.part(codes.count, bytes.count))
    let index = LogIndex(input.varint())
    let digest = input.u64()
    var said = Condition()
    said.batteryPercent = input.u8()
    said.airtimePercent = input.u8()
    said.version = input.u16()
    guard !input.failed, input.isAtEnd else {
      counters.malformedFrames += 1
      return
    }
    var hears = NodeSet()
    var i = 0
    while i < settings.memberCount {
      let code = i & 1 == 0 ? codes[i / 2] & 15 : codes[i / 2] >> 4
      let speaker = NodeID(UInt8(i))
      if code != LinkLoss.notHeard && speaker != sender { hears.insert(speaker) }
      links[sender, speaker] = code
      i += 1
    }
    links.note(said, of: sender)
    peers[sender].hears = hears
    peers[sender].hearsWindow = window
    if let leader, hears.contains(leader) { peers[sender].relayUntil = 0 }
    if let own = digests.digest(at: index) {
      counters.digestsCompared += 1
      if own != digest { effects.raise(.diverged) }
    }
  }
}
