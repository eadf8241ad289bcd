// Commands of local callers come in, are forwarded to the leader, and outcomes go out.

/// Whether a request was taken.
package enum Submission: Sendable {
  case accepted
  /// Too much waits already; nothing has happened.
  case busy
  case tooLarge
}

extension Node {
  /// Takes a write. Its outcome comes as a `Completion` with the same ticket, unless it is abandoned before.
  ///
  /// Commands of one node take effect in the order in which they are submitted.
  /// - Parameter token: of a retry; nil for a new command.
  package mutating func submit(_ command: Bytes, token: CommandToken?, ticket: Ticket, now: LocalTime)
    -> Submission
  {
    guard command.count <= largestCommand else { return .tooLarge }
    if let token, let known = pending.number(of: token.id), pending.isThere(known),
      pending.item(known).ticket != nil
    {
      return .busy  // the same token is waited for already
    }
    let id: CommandID
    if let token { id = token.id } else { id = nextID() }
    if let token, let known = pending.number(of: token.id) { pending.remove(known) }
    if let token, let result = registry.result(of: token.id) {
      // A retry of what was applied already: it gets what it gave then, and nothing is sent.
      effects.complete(Completion(ticket: ticket, result: result, token: token))
      return .accepted
    }
    guard pending.append(id, issuedAt: token?.issuedAt ?? .zero, ticket: ticket, command) != nil else {
      return .busy
    }
    if settings.memberCount == 1 && isLeader { propose(now) }
    plan(now)
    return .accepted
  }

  /// Most bytes of one command: the registry's limit, or what the log can hold beside others.
  package var largestCommand: Int {
    min(
      settings.registry.largestCommand,
      acceptor.log.capacity / Limits.commandShare * settings.entryPayloadLimit)
  }

  private mutating func nextID() -> CommandID {
    defer { nextSequence &+= 1 }
    return CommandID(node: id, incarnation: incarnation, sequence: nextSequence)
  }

  /// The position that a command is named after when it is first sent; zero stays free for "never sent".
  var issuePosition: LogIndex { max(applied, LogIndex(1)) }

  /// A name for a command that its caller may repeat at any node, within the token window.
  package mutating func newToken() -> CommandToken { CommandToken(id: nextID(), issuedAt: issuePosition) }

  /// Nobody waits for this ticket any more.
  ///
  /// - Returns: the token under which the command may still take effect; nil when it never will.
  package mutating func abandon(_ ticket: Ticket) -> CommandToken? {
    if reads.abandon(ticket) { return nil }
    var number = pending.oldest
    while number < pending.next {
      if pending.isThere(number), pending.item(number).ticket == ticket {
        let item = pending.item(number)
        pending.forgetTicket(number)
        if item.issuedAt == .zero {
          pending.remove(number)
          return nil
        }
        return CommandToken(id: item.id, issuedAt: item.issuedAt)
      }
      number += 1
    }
    return nil
  }

  /// Whether this follower has something to bring to the leader.
  var hasNews: Bool {
    guard leader != nil, !isLeader, settings.memberCount > 1 else { return false }
    return bringsNews || pullIsDue || snapshots.isFetching || hasRelayedNews
  }
  /// Somebody waits for an answer to it.
  var bringsNews: Bool { hasUnsentCommands || reads.hasRequests }

  /// What stands in a log that its leader may not share does not count as brought.
  private var isAligned: Bool { acceptor.accepted == leaderBallot }

  private func isBrought(_ id: CommandID) -> Bool {
    registry.remembers(id) || (isAligned && inFlight.index(of: id) != .zero)
  }

  private func isUnsent(_ number: Int) -> Bool {
    pending.isThere(number) && !isBrought(pending.item(number).id)
  }

  private var hasUnsentCommands: Bool {
    var number = pending.oldest
    while number < pending.next {
      if isUnsent(number) { return true }
      number += 1
    }
    return false
  }

  /// Bytes before those of a piece.
  private func pieceHead(_ cursor: (number: Int, offset: Int), _ floor: Int) -> Int {
    let item = pending.item(cursor.number)
    return ByteWriter.varintLength(UInt64(cursor.number - floor))
      + EntryCodec.tokenSize(CommandToken(id: item.id, issuedAt: item.issuedAt))
      + ByteWriter.varintLength(UInt64(item.length)) + ByteWriter.varintLength(UInt64(cursor.offset)) + 2
  }

  /// Layout: origin (u8), its incarnation (varint), number of arrival below which all is settled (varint),
  /// then for each
  /// command, or piece of a large one: number above that one (varint), token, size of the whole (varint),
  /// offset (varint),
  /// length (varint), bytes. The leader takes an origin's commands in order of these numbers alone.
  mutating func writeCommands(to writer: inout FrameWriter) {
    guard leader != nil, !isLeader else { return }
    var floor = pending.oldest
    while floor < pending.next, !isUnsent(floor) { floor += 1 }
    if timeline.slotFrames == 0 && (forwardCursor.number != floor || forwardCursor.offset == 0) {
      forwardCursor = (floor, 0)  // each slot begins with the oldest; a large one goes on where it stopped
    }
    // What was brought since the slot began, perhaps the very one at which the cursor stands, is passed over.
    var cursor = forwardCursor.number < floor ? (number: floor, offset: 0) : forwardCursor
    while cursor.number < pending.next, !isUnsent(cursor.number) { cursor = (cursor.number + 1, 0) }
    guard cursor.number < pending.next else { return }
    // Kind, length, origin, start, number: an empty section helps nobody.
    let piece = min(pending.item(cursor.number).length - cursor.offset, settings.entryPayloadLimit)
    guard writer.remaining >= 14 + pieceHead(cursor, floor) + piece else { return }
    writer.section(.commands) { out in
      out.u8(id.raw)
      out.varint(UInt64(incarnation))
      out.varint(UInt64(floor))
      while cursor.number < pending.next {
        if isUnsent(cursor.number) {
          pending.issue(cursor.number, at: issuePosition)
          let item = pending.item(cursor.number)
          let piece = min(item.length - cursor.offset, settings.entryPayloadLimit)
          if piece + pieceHead(cursor, floor) > out.remaining { break }
          out.varint(UInt64(cursor.number - floor))
          EntryCodec.writeToken(CommandToken(id: item.id, issuedAt: item.issuedAt), to: &out)
          out.varint(UInt64(item.length))
          out.varint(UInt64(cursor.offset))
          out.varint(UInt64(piece))
          out.bytes(pending.command(cursor.number).part(cursor.offset, cursor.offset + piece))
          cursor.offset += piece
          if cursor.offset < item.length { continue }
        }
        cursor = (cursor.number + 1, 0)
      }
    }
    forwardCursor = cursor.number < pending.next ? cursor : (cursor.number, 0)
    if cursor.number >= pending.next { timeline.framesLeft = 0 }
  }

  mutating func heardCommands(_ bytes: Bytes) {
    guard isLeader, !isUnfit else { return }
    var input = ByteReader(bytes)
    let origin = NodeID(input.u8())
    let start = UInt32(input.varint(atMost: UInt64(UInt32.max)))
    let floor = Int(input.varint(atMost: PendingCommands.mostNumbered))
    guard !input.failed, settings.isMember(origin), origin != id else { return }
    var expected = intake.expected(origin, start, floor: floor)
    while !input.isAtEnd && !input.failed {
      let number = floor + Int(input.varint(atMost: 1 << 20))
      let token = EntryCodec.readToken(&input)
      let size = Int(input.varint(atMost: UInt64(largestCommand)))
      let offset = Int(input.varint(atMost: UInt64(size)))
      let piece = input.bytes(Int(input.varint(atMost: UInt64(size - offset))))
      if input.failed { break }
      if isInLogOrApplied(token.id) || forwarded.number(of: token.id) != nil {
        if number == expected { expected += 1 }
        continue
      }
      // A gap is a frame that was lost: later ones wait, so that the origin's order stands.
      guard number <= expected else { break }
      guard let whole = intake.join(origin, start, number, size: size, offset: offset, piece) else {
        continue
      }
      guard forwarded.append(token.id, issuedAt: token.issuedAt, ticket: nil, whole) != nil else { break }
      if number == expected { expected += 1 }
    }
    intake.note(origin, start, expected)
  }
}

/// How far each origin's forwarded commands were taken in order, and the pieces of a large one, by a
/// leader. Pieces
/// come in any order, and each is `pieceBytes` long but the last.
public struct Intake: ~Copyable {
  private struct Origin {
    var start: UInt32 = 0
    var next = 0
    /// The command that is being joined: its number, its size, and how many of its bytes came.
    var joining = -1
    var size = 0
    var joined = 0
  }
  private let origins: UnsafeMutablePointer<Origin>
  private let store: UnsafeMutableRawBufferPointer
  private let commandBytes: Int
  private let pieceBytes: Int
  /// One bit for each piece that came.
  private let have: UnsafeMutablePointer<UInt64>
  private let haveWords: Int

  package init(memberCount: Int, commandBytes: Int, pieceBytes: Int) {
    self.commandBytes = commandBytes
    self.pieceBytes = pieceBytes
    haveWords = commandBytes / pieceBytes / 64 + 1
    have = .allocate(capacity: memberCount * haveWords)
    have.initialize(repeating: 0, count: memberCount * haveWords)
    origins = .allocate(capacity: memberCount)
    origins.initialize(repeating: Origin(), count: memberCount)
    store = .allocate(byteCount: memberCount * commandBytes, alignment: 8)
  }
  deinit {
    origins.deallocate()
    have.deallocate()
    store.deallocate()
  }

  func expected(_ origin: NodeID, _ start: UInt32, floor: Int) -> Int {
    let o = origins[Int(origin.raw)]
    return o.start == start ? max(o.next, floor) : floor
  }
  mutating func note(_ origin: NodeID, _ start: UInt32, _ expected: Int) {
    origins[Int(origin.raw)].start = start
    origins[Int(origin.raw)].next = expected
  }
  /// Another leader may have taken less: what an origin brings again is taken again.
  mutating func restart(memberCount: Int) { origins.update(repeating: Origin(), count: memberCount) }

  /// - Returns: the whole command once its last missing piece came.
  mutating func join(_ origin: NodeID, _ start: UInt32, _ number: Int, size: Int, offset: Int, _ piece: Bytes)
    -> Bytes?
  {
    if offset == 0 && piece.count == size { return piece }
    let at = Int(origin.raw)
    guard size <= commandBytes, offset % pieceBytes == 0, offset < size,
      piece.count == min(pieceBytes, size - offset)
    else { return nil }
    if origins[at].joining != number || origins[at].start != start || origins[at].size != size {
      origins[at].joining = number
      origins[at].size = size
      origins[at].joined = 0
      origins[at].start = start
      (have + at * haveWords).update(repeating: 0, count: haveWords)
    }
    let bit = offset / pieceBytes
    let word = at * haveWords + bit / 64
    guard have[word] & (1 << UInt64(bit % 64)) == 0 else { return nil }
    have[word] |= 1 << UInt64(bit % 64)
    let base = at * commandBytes
    UnsafeMutableRawBufferPointer(rebasing: store[base + offset..<base + offset + piece.count]).copyMemory(
      from: piece)
    origins[at].joined += piece.count
    guard origins[at].joined == size else { return nil }
    origins[at].joining = -1
    return Bytes(rebasing: store[base..<base + size])
  }
}
