// The number of a start, when a member has lost it: with its state directory, or because an old copy of that was put
// back. Peers believe only starts with higher numbers than any before, or a recording could pass for the present. So
// they tell, in frames that they send anyway, what they remember of a member whose start they had to refuse, and it
// goes on above that. No step of this needs to be fresh: a recording tells a lower number than the present, which
// changes nothing.

/// Numbers of starts, 32 bits: the upper eight count the losses, so that no (start, number of command) of a member
/// comes twice though it forgot all of them; the lower 24 are drawn at random after a loss, and count starts.
package enum StartNumber {
  private static let lossShift: UInt32 = 24
  /// The first loss that a member cannot know to be the first: above all who never lost theirs.
  private static let firstLoss: UInt32 = 0x40

  /// For a member without memory.
  package static func afterLoss(_ random: UInt64) -> UInt32 {
    firstLoss << lossShift | UInt32(truncatingIfNeeded: random >> 40)
  }

  /// Above one that others remember; nil when there is none.
  package static func above(_ known: UInt32, random: UInt64) -> UInt32? {
    let loss = max(known >> lossShift + 1, firstLoss)
    if loss <= 0xff { return loss << lossShift | UInt32(truncatingIfNeeded: random >> 40) }
    return known < .max ? known + 1 : nil
  }
}

extension Node {
  /// How many windows a peer is told that its start was refused.
  private static let tellsFor: UInt32 = 8

  /// An authentic frame of `peer` said that it is of an older start than is known: either a recording, or the peer does
  /// not know better.
  package mutating func refusedStart(of peer: NodeID, newest: UInt32) {
    guard settings.isMember(peer), peer != id else { return }
    peers[peer].newestStart = newest
    peers[peer].refusedWindow = timeline.window
  }

  /// Only ever added to a frame that is sent for another reason: a recording is not answered.
  func writeNewerStarts(to writer: inout FrameWriter) {
    guard refusesAnybody else { return }
    writer.section(.newerStart) { out in
      var i = 0
      while i < settings.memberCount {
        let peer = NodeID(UInt8(i))
        if refuses(peer) {
          out.u8(peer.raw)
          out.varint(UInt64(peers[peer].newestStart))
        }
        i += 1
      }
    }
  }
  private var refusesAnybody: Bool {
    var i = 0
    while i < settings.memberCount {
      if refuses(NodeID(UInt8(i))) { return true }
      i += 1
    }
    return false
  }
  private func refuses(_ peer: NodeID) -> Bool {
    peers[peer].newestStart > 0 && timeline.window &- peers[peer].refusedWindow <= Node.tellsFor
  }

  mutating func heardNewerStarts(_ frame: Frame) {
    guard let bytes = frame.section(.newerStart) else { return }
    var input = ByteReader(bytes)
    while !input.isAtEnd {
      let slot = input.u8()
      let number = UInt32(input.varint(atMost: UInt64(UInt32.max)))
      if input.failed { return }
      if slot == id.raw && number > incarnation { goOn(above: number) }
    }
  }

  /// There was a later start of this member than its disk knows of, so the disk is empty, or a copy from before. It
  /// must not vote with it: what it promised since then is not there.
  private mutating func goOn(above known: UInt32) {
    guard effects.records.free > 2 * Limits.recordReserve,
      let number = StartNumber.above(known, random: salt &* 0x9e37_79b9_7f4a_7c15)
    else { return }
    if mayVote { disqualify() }
    incarnation = number
    effects.records.append(.start) { out in out.varint(UInt64(number)) }
    numberedAt = effects.records.written
  }

  /// A number is on disk before the first word that tells it.
  var isNumbered: Bool { durability.records >= numberedAt }
}
