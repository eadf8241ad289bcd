// Members that cannot hear the leader, or cannot make it hear them, but have a neighbour that can: the neighbour
// repeats the beacon in its slot, and carries what they bring and what they are told, byte for byte. Votes and
// entries need nothing of this: merged frames pass them on anyway. (Protocol review B1; scenarios 9 to 12.)
//
// Who needs it is known from the tables of full windows, and sooner from a canvass: it says "I hear no leader". Of
// several neighbours the first in turn repeats; the others hear that and keep silent.

/// Sections of others on their way: bounded, each sent a few times, gone after some windows.
public struct RelayStore: ~Copyable {
  struct Item {
    var kind: UInt8
    var length: Int
    var window: UInt32
    var sendsLeft: Int
  }
  static let capacity = 8
  static let sends = 3
  static let windows: UInt32 = 2
  private let items: UnsafeMutablePointer<Item>
  private let store: UnsafeMutableRawBufferPointer
  private let sectionBytes: Int

  package init(sectionBytes: Int) {
    self.sectionBytes = sectionBytes
    items = .allocate(capacity: RelayStore.capacity)
    items.initialize(
      repeating: Item(kind: 0, length: 0, window: 0, sendsLeft: 0), count: RelayStore.capacity)
    store = .allocate(byteCount: sectionBytes * RelayStore.capacity, alignment: 8)
  }
  deinit {
    items.deallocate()
    store.deallocate()
  }

  private func bytes(_ i: Int) -> Bytes {
    Bytes(start: store.baseAddress! + i * sectionBytes, count: items[i].length)
  }
  func isLive(_ i: Int, _ window: UInt32) -> Bool {
    items[i].sendsLeft > 0 && window &- items[i].window <= RelayStore.windows
  }
  func hasAny(_ window: UInt32) -> Bool {
    var i = 0
    while i < RelayStore.capacity {
      if isLive(i, window) { return true }
      i += 1
    }
    return false
  }

  /// Takes a section, in place of the oldest. The same one again is taken only when its time was over: two relays that
  /// hear each other do not play it back and forth.
  mutating func put(_ kind: SectionKind, _ section: Bytes, window: UInt32) {
    guard section.count > 0, section.count <= sectionBytes else { return }
    var place = 0
    var i = 0
    while i < RelayStore.capacity {
      if items[i].kind == kind.rawValue && bytes(i).equals(section)
        && window &- items[i].window <= RelayStore.windows
      {
        return
      }
      if items[i].window < items[place].window { place = i }
      i += 1
    }
    items[place] = Item(
      kind: kind.rawValue, length: section.count, window: window, sendsLeft: RelayStore.sends)
    UnsafeMutableRawBufferPointer(
      rebasing: store[place * sectionBytes..<place * sectionBytes + section.count]
    )
    .copyMemory(from: section)
  }

  /// Writes what fits.
  mutating func write(to writer: inout FrameWriter, window: UInt32) {
    var i = 0
    while i < RelayStore.capacity {
      if isLive(i, window), let kind = SectionKind(rawValue: items[i].kind) {
        let section = bytes(i)
        if writer.section(kind, { $0.bytes(section) }) { items[i].sendsLeft -= 1 }
      }
      i += 1
    }
  }
}

extension Node {
  /// Taken when a window begins: for whom this node stands in.
  mutating func noteDependents() {
    deafDependents = NodeSet()
    muteDependents = NodeSet()
    guard let leader, leader != id else { return }
    var i = 0
    while i < settings.memberCount {
      let peer = NodeID(UInt8(i))
      if peer != id, peer != leader, heardLately(peer, within: settings.fullEvery * 3) {
        let asked = peers[peer].relayUntil > timeline.window
        if asked || lacks(peer, leader) { deafDependents.insert(peer) }
        if asked || lacks(leader, peer) { muteDependents.insert(peer) }
      }
      i += 1
    }
  }

  /// A member said that it does not hear the leader, or is not heard by it. By the next full window tables tell.
  mutating func standIn(for member: NodeID) {
    guard leader != nil, member != leader else { return }
    peers[member].relayUntil = timeline.window + min(64, settings.fullEvery + 1)
    deafDependents.insert(member)
    muteDependents.insert(member)
  }

  /// What this node brings is not taken, or no beacon comes: whoever hears it is asked to pass both on.
  var pleads: Bool {
    guard bringsNews || hasRelayedNews, let leader, leader != id else { return false }
    return timeline.missedInARow >= 2 || broughtWindow &+ 2 <= timeline.window
  }

  /// Whether a member's last table says that it does not hear another.
  func lacks(_ member: NodeID, _ other: NodeID) -> Bool {
    peers[member].hearsWindow > 0 && timeline.window &- peers[member].hearsWindow <= settings.fullEvery * 2
      && !peers[member].hears.contains(other)
  }

  /// Somebody hears the leader only through others, and nobody whom it hears has repeated the beacon in
  /// this window yet.
  var relays: Bool {
    guard !deafDependents.isEmpty, !isLeader, leader != nil, timeline.heardLeaderInWindow else {
      return false
    }
    var i = 0
    while i < settings.memberCount {
      let peer = NodeID(UInt8(i))
      if deafDependents.contains(peer) && !wasRepeated(for: peer) { return true }
      i += 1
    }
    return false
  }
  private func wasRepeated(for peer: NodeID) -> Bool {
    var i = 0
    while i < settings.memberCount {
      let other = NodeID(UInt8(i))
      if timeline.repeatedBy.contains(other) && !lacks(peer, other) { return true }
      i += 1
    }
    return false
  }

  /// A frame of somebody else says that the leader spoke in this very window.
  mutating func noteRepeat(_ frame: Frame, window: UInt32) {
    let p = frame.prelude
    guard p.has(Prelude.timed), p.leaderAge == 0, p.promised == leaderBallot, window == timeline.window else {
      return
    }
    timeline.repeatedBy.insert(frame.sender)
    if leaderBallot.node != id { countMisses(of: leaderBallot.node) }
    timeline.heardLeaderInWindow = true
    timeline.missedInARow = 0
  }

  /// The leader works, but this node has not heard it itself for some windows.
  var isDeaf: Bool { leader.map { $0 != id && !heardLately($0, within: 4) } ?? false }

  /// Somebody may speak whom the leader does not hear.
  var listensForOthers: Bool { !muteDependents.isEmpty || !deafDependents.isEmpty }

  var hasRelayedNews: Bool { !isLeader && leader != nil && relayStore.hasAny(timeline.window) }

  /// What a member brings that the leader may not hear, and what the leader tells one that may not hear it.
  mutating func storeForOthers(_ frame: Frame) {
    guard !isLeader, leader != nil else { return }
    let window = timeline.window
    if !deafDependents.isEmpty { frame.all(.readGrant) { relayStore.put(.readGrant, $0, window: window) } }
    guard deafDependents.contains(frame.sender) || muteDependents.contains(frame.sender) else { return }
    // Both begin with whose they are: one's own come back from those who passed them on.
    let own = id.raw
    frame.all(.commands) { if $0.count > 0 && $0[0] != own { relayStore.put(.commands, $0, window: window) } }
    frame.all(.readRequest) {
      if $0.count > 0 && $0[0] != own { relayStore.put(.readRequest, $0, window: window) }
    }
  }
}
