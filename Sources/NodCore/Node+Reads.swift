// Linearizable reads without a log entry: the leader notes the last index it had proposed when the read
// came, a quorum
// confirms in frames sent after that, naming (ballot, round), that it still leads; the read is answered
// when that index is
// applied (protocol review A13; design, section 3 rule 4). No clock is trusted for it.

public struct Reads: ~Copyable {
  enum Stage { case asked, granted, done }
  struct Item {
    /// Local caller, or none for a follower's read that this leader confirms.
    var ticket: Ticket?
    var origin: NodeID
    var number: UInt32
    /// The read round that confirms it; 0 until it is in one.
    var round: UInt32
    var index: LogIndex
    var stage: Stage
  }
  private var items: [Item] = []
  /// Begins anywhere, so that a grant of an earlier start never fits a read of this one.
  private(set) var nextNumber: UInt32
  /// The round that the next frame of this leader opens.
  private(set) var round: UInt32 = 0
  private(set) var confirmedRound: UInt32 = 0
  private var echoes = NodeSet()
  /// What this follower has to echo.
  var echo: (ballot: Ballot, round: UInt32) = (.zero, 0)
  var echoed: (ballot: Ballot, round: UInt32) = (.zero, 0)

  package init(salt: UInt64) {
    nextNumber = UInt32(truncatingIfNeeded: salt >> 36)
    items.reserveCapacity(Limits.pendingReads)
  }

  var needsConfirmation: Bool { confirmedRound < round || hasWaiting }
  var hasWaiting: Bool {
    var i = 0
    while i < items.count {
      if items[i].stage == .asked && items[i].round == 0 && items[i].index > .zero { return true }
      i += 1
    }
    return false
  }
  /// A follower's reads that its leader has not granted yet.
  var hasRequests: Bool {
    var i = 0
    while i < items.count {
      if items[i].ticket != nil && items[i].stage == .asked { return true }
      i += 1
    }
    return false
  }

  mutating func ask(_ ticket: Ticket?, origin: NodeID, number: UInt32?, index: LogIndex) -> Bool {
    guard items.count < Limits.pendingReads else { return false }
    items.append(
      Item(
        ticket: ticket, origin: origin, number: number ?? nextNumber, round: 0, index: index, stage: .asked))
    if number == nil { nextNumber &+= 1 }
    return true
  }
  func isKnown(_ origin: NodeID, _ number: UInt32) -> Bool {
    var i = 0
    while i < items.count {
      if items[i].ticket == nil && items[i].origin == origin && items[i].number == number { return true }
      i += 1
    }
    return false
  }
  mutating func abandon(_ ticket: Ticket) -> Bool {
    var i = 0
    while i < items.count {
      if items[i].ticket == ticket {
        items.remove(at: i)
        return true
      }
      i += 1
    }
    return false
  }

  /// A new round for the reads that came since the last.
  mutating func openRound() {
    guard hasWaiting else { return }
    round &+= 1
    echoes = NodeSet()
    var i = 0
    while i < items.count {
      if items[i].stage == .asked && items[i].index > .zero { items[i].round = round }
      i += 1
    }
  }
  mutating func echoed(by node: NodeID, round: UInt32, quorum: Int, own: NodeID) {
    guard round == self.round, round > confirmedRound else { return }
    echoes.insert(node)
    echoes.insert(own)
    if echoes.count >= quorum { confirm() }
  }
  mutating func confirm() {
    confirmedRound = round
    var i = 0
    while i < items.count {
      if items[i].stage == .asked && items[i].round != 0 && items[i].round <= confirmedRound {
        items[i].stage = .granted
      }
      i += 1
    }
  }
  mutating func grant(_ number: UInt32, _ index: LogIndex) {
    var i = 0
    while i < items.count {
      if items[i].ticket != nil && items[i].number == number && items[i].stage == .asked {
        items[i].stage = .granted
        items[i].index = index
      }
      i += 1
    }
  }
  func forEachRequest(_ body: (UInt32) -> Void) {
    var i = 0
    while i < items.count {
      if items[i].ticket != nil && items[i].stage == .asked { body(items[i].number) }
      i += 1
    }
  }
  func forEachGrant(_ body: (NodeID, UInt32, LogIndex) -> Void) {
    var i = 0
    while i < items.count {
      if items[i].ticket == nil && items[i].stage == .granted {
        body(items[i].origin, items[i].number, items[i].index)
      }
      i += 1
    }
  }
  /// Local reads whose index is applied are answered; grants told to others are forgotten after a while.
  mutating func settle(applied: LogIndex, _ effects: inout Effects) {
    var i = 0
    while i < items.count {
      if items[i].stage == .granted, let ticket = items[i].ticket, items[i].index <= applied {
        effects.complete(ReadCompletion(ticket: ticket, isReady: true))
        items.remove(at: i)
      } else {
        i += 1
      }
    }
  }
  mutating func forgetGrants(first count: Int) {
    var left = count
    items.removeAll { item in
      guard left > 0, item.ticket == nil && item.stage == .granted else { return false }
      left -= 1
      return true
    }
  }
  /// This node leads no more: what it has not confirmed, it must not.
  mutating func failConfirmations(_ effects: inout Effects) {
    round = 0
    confirmedRound = 0
    echoes = NodeSet()
    items.removeAll { $0.ticket == nil }
    var i = 0
    while i < items.count {
      if items[i].stage == .asked {
        items[i].round = 0
        items[i].index = .zero
      }
      i += 1
    }
  }
  /// Now the leader itself: its own callers' reads wait for what it has proposed.
  mutating func claim(index: LogIndex) {
    var i = 0
    while i < items.count {
      if items[i].stage == .asked && items[i].index == .zero { items[i].index = index }
      i += 1
    }
  }
}

extension Node {
  /// Asks for a linearizable read point; a `ReadCompletion` says when the registry may be read for it.
  package mutating func requestRead(_ ticket: Ticket, now: LocalTime) -> Bool {
    let taken = reads.ask(ticket, origin: id, number: nil, index: isLeader ? acceptor.last : .zero)
    if taken && settings.memberCount == 1 && isLeader {
      reads.openRound()
      reads.confirm()
      settle(now)
    }
    plan(now)
    return taken
  }

  mutating func settleReads() { reads.settle(applied: applied, &effects) }

  /// The leader's frame opens a round for the reads that came before it.
  mutating func writeReadRound(to writer: inout FrameWriter) {
    reads.claim(index: acceptor.last)
    reads.openRound()
    guard reads.needsConfirmation else { return }
    if settings.memberCount == 1 {
      reads.confirm()
      settleReads()
      return
    }
    let round = reads.round
    writer.section(.readRound) { out in out.varint(UInt64(round)) }
  }

  mutating func heardReadRound(_ bytes: Bytes, _ frame: Frame) {
    var input = ByteReader(bytes)
    let round = UInt32(input.varint(atMost: UInt64(UInt32.max)))
    guard !input.failed else { return }
    if frame.prelude.has(Prelude.leads) {
      // The echo is a vote for this leader now: never below a promise.
      if frame.prelude.promised == acceptor.promised && mayVote {
        reads.echo = (frame.prelude.promised, round)
        reads.echoed = (.zero, 0)  // it still asks: an echo that was said before may have been lost
      }
    } else if case .leader(let state) = role, frame.prelude.promised == state.ballot {
      reads.echoed(by: frame.sender, round: round, quorum: quorum, own: id)
      settleReads()
    }
  }

  var owesReadEcho: Bool {
    reads.echo.round > 0 && reads.echo.ballot == acceptor.promised && reads.echo.ballot == leaderBallot
      && (reads.echoed.round != reads.echo.round || reads.echoed.ballot != reads.echo.ballot)
  }
  mutating func writeReadEcho(to writer: inout FrameWriter) {
    guard owesReadEcho else { return }
    let round = reads.echo.round
    if writer.section(.readRound, { out in out.varint(UInt64(round)) }) { reads.echoed = reads.echo }
  }

  /// Layout: whose reads (u8), number of each (varint), one after the other. A relay passes it on as it is.
  mutating func writeReadRequests(to writer: inout FrameWriter) {
    guard leader != nil, !isLeader, reads.hasRequests else { return }
    guard writer.remaining > 24 else { return }
    let room = writer.remaining / 3  // commands go with them
    writer.section(.readRequest) { out in
      let start = out.count
      out.u8(id.raw)
      reads.forEachRequest { number in
        if out.count - start + 5 <= room { out.varint(UInt64(number)) }
      }
    }
  }
  mutating func heardReadRequest(_ bytes: Bytes) {
    guard isLeader else { return }
    var input = ByteReader(bytes)
    let origin = NodeID(input.u8())
    guard !input.failed, origin != id, settings.isMember(origin) else { return }
    while !input.isAtEnd && !input.failed {
      let number = UInt32(input.varint(atMost: UInt64(UInt32.max)))
      if !input.failed && !reads.isKnown(origin, number) {
        _ = reads.ask(nil, origin: origin, number: number, index: acceptor.last)
      }
    }
  }
  /// Layout: for each grant origin (u8), number and index (varints).
  mutating func writeReadGrants(to writer: inout FrameWriter) {
    var any = false
    reads.forEachGrant { _, _, _ in any = true }
    guard any, writer.remaining > 40 else { return }
    let room = writer.remaining / 3  // entries go with them
    var told = 0
    writer.section(.readGrant) { out in
      let start = out.count
      reads.forEachGrant { origin, number, index in
        guard out.count - start + 11 <= max(room, 11) else { return }
        out.u8(origin.raw)
        out.varint(UInt64(number))
        out.varint(index.raw)
        told += 1
      }
    }
    // Lost grants are asked for again, and confirmed anew.
    reads.forgetGrants(first: told)
  }
  mutating func heardReadGrant(_ bytes: Bytes) {
    var input = ByteReader(bytes)
    while !input.isAtEnd && !input.failed {
      let origin = input.u8()
      let number = UInt32(input.varint(atMost: UInt64(UInt32.max)))
      let index = LogIndex(input.varint())
      if !input.failed && origin == id.raw { reads.grant(number, index) }
    }
  }
}
