// Hears every frame as it leaves its sender, opens it with the cluster's key, and holds what it SAYS against
// what the sender's disk holds at that moment. An acceptor that says more than its disk would forget it in a
// power cut; no other check sees that before the power is cut.
import NodCore
import NodSecurity

final class Eavesdropper {
  private var keys: KeyRing
  /// Which start of each member is listened to, and under which number.
  private var starts: [Int: (Int, UInt32)] = [:]
  private var vector: VoteVector
  private let plain: UnsafeMutableRawBufferPointer
  private let scratch: UnsafeMutableRawBufferPointer
  /// The newest window in which the leader of each ballot spoke itself.
  private var spoke: [Ballot: UInt32] = [:]
  package private(set) var framesJudged = 0

  init(_ world: World) {
    let key = UnsafeMutableRawBufferPointer.allocate(byteCount: world.epochKey.count, alignment: 8)
    let hash = UnsafeMutableRawBufferPointer.allocate(byteCount: world.rosterHash.count, alignment: 8)
    defer {
      key.deallocate()
      hash.deallocate()
    }
    key.copyBytes(from: world.epochKey)
    hash.copyBytes(from: world.rosterHash)
    keys = KeyRing(
      own: NodeID(UInt8(NodeID.limit - 1)), members: NodeSet(firstSlots: NodeID.limit), epoch: 1,
      epochKey: Bytes(key), rosterHash: Bytes(hash), randomSalt: 1)
    vector = VoteVector(memberCount: world.settings.memberCount)
    plain = .allocate(byteCount: world.settings.mtu + 64, alignment: 8)
    scratch = .allocate(byteCount: 4096, alignment: 8)
  }
  deinit {
    plain.deallocate()
    scratch.deallocate()
  }

  /// - Parameter datagram: as it goes on the air, from member `i`, before anybody has it.
  /// - Returns: the frame, for whoever wants to read it as well; valid until the next one is heard.
  func hear(_ datagram: Bytes, from i: Int, _ world: World) -> Frame? {
    let member = world.members[i]
    let incarnation = world.node(i) { $0.incarnation } ?? 0
    if starts[i] == nil || starts[i]! != (member.starts, incarnation) {
      starts[i] = (member.starts, incarnation)
      keys.expect(member.id, salt: member.salt, incarnation: incarnation)
    }
    let count: Int
    do { count = try keys.open(datagram, into: plain).count } catch {
      return nil  // the nonce check has its say
    }
    guard let frame = try? Frame(decoding: Bytes(start: plain.baseAddress, count: count), from: member.id)
    else {
      world.checker.fail("frame", "n\(i) sends a frame that cannot be decoded", at: world.now)
      return nil
    }
    framesJudged += 1
    judge(frame, i, world)
    return frame
  }

  private func judge(_ frame: Frame, _ i: Int, _ world: World) {
    let ledger = world.checker.ledger!
    let disk = ledger.states[i]
    let p = frame.prelude
    func fail(_ rule: String, _ text: String) { world.checker.fail(rule, "n\(i) \(text)", at: world.now) }
    if let bytes = frame.section(.promise) {
      var input = ByteReader(bytes)
      let last = input.varint()
      // A snapshot that was fetched meanwhile is told of before its checkpoint is on disk: it is decided state, which
      // the quorum that decided it holds.
      let isHeld = disk.accepted == p.accepted && disk.last >= last
      if disk.promised < p.promised || !isHeld && last > world.checker.highestDecided {
        fail("promise", "promises \(p.promised) with \(last) in \(p.accepted); its disk holds \(words(disk))")
      }
      // Nor less: what it leaves out, the next leader may overwrite.
      if p.accepted < disk.accepted || p.accepted == disk.accepted && last < disk.last {
        fail("promise", "promises with \(last) in \(p.accepted) only; its disk holds \(words(disk))")
      }
      if !disk.mayVote { fail("voter", "promises and may not vote") }
    }
    if frame.has(.prepare) && disk.promised < p.promised {
      fail("promise", "prepares \(p.promised); its disk holds \(words(disk))")
    }
    if frame.has(.support) && !disk.mayVote { fail("voter", "supports a candidate and may not vote") }
    if let bytes = frame.section(.votes) { judgeVotes(bytes, p.accepted, i, world) }
    if p.decided.raw > world.checker.highestDecided {
      fail("quorum", "says that \(p.decided.raw) is decided; \(world.checker.highestDecided) is")
    }
    judgeEntries(frame, i, world)
    judgePresence(p, i, world)
  }

  /// Every vote told, of whomever, was on that member's disk in that ballot.
  private func judgeVotes(_ bytes: Bytes, _ ballot: Ballot, _ i: Int, _ world: World) {
    let ledger = world.checker.ledger!
    guard vector.read(bytes, ballot: ballot) else { return }
    for m in 0..<world.members.count {
      let vote = vector[NodeID(UInt8(m))].raw
      if vote == 0 { continue }
      let disk = ledger.states[m]
      if m == i && disk.mayVote && (disk.accepted != ballot || disk.last < vote) {
        world.checker.fail(
          "vote", "n\(i) votes for \(vote) in \(ballot); its disk holds \(words(disk))", at: world.now)
      } else if ledger.held[m][ballot] ?? 0 < vote {
        world.checker.fail(
          m == i ? "voter" : "vote",
          "n\(i) tells that n\(m) voted for \(vote) in \(ballot); its disk held \(ledger.held[m][ballot] ?? 0)",
          at: world.now)
      }
    }
  }

  /// What is sent as the log of a ballot is what that ballot's leader proposed.
  private func judgeEntries(_ frame: Frame, _ i: Int, _ world: World) {
    var walk = ByteReader(frame.body)
    while !walk.isAtEnd && !walk.failed {
      let kind = walk.u8()
      let section = walk.bytes(Int(walk.varint(atMost: UInt64(frame.body.count))))
      guard kind == SectionKind.entries.rawValue, !walk.failed else { continue }
      var input = ByteReader(section)
      var index = LogIndex(input.varint())
      let base = ClusterTime(milliseconds: input.varint())
      var left = input.varint()
      var unknown = false
      while left > 0,
        let (head, payload) = EntryCodec.read(&input, base: base, payloadLimit: 4000, unknownKind: &unknown)
      {
        let mark = Ledger.mark(index, head, payload, scratch)
        if !world.checker.ledger!.isOfLog(frame.prelude.accepted, index.raw, mark) {
          world.checker.fail(
            "one log", "n\(i) sends another entry at \(index.raw) as one of \(frame.prelude.accepted)",
            at: world.now)
        }
        index = index + 1
        left -= 1
      }
    }
  }

  /// A leader is said to have spoken no later than it did. Windows are counted by clocks: none may have been set.
  /// An age of 254 says "or more".
  private func judgePresence(_ p: Prelude, _ i: Int, _ world: World) {
    guard world.jumpedAhead == 0, let window = world.node(i, { $0.timeline.window }) else { return }
    if p.has(Prelude.leads) {
      spoke[p.promised] = max(spoke[p.promised] ?? 0, window)
    } else if p.leaderAge < 254, let truth = spoke[p.promised], window &- UInt32(p.leaderAge) > truth &+ 1,
      Int(p.promised.node.raw) != i
    {
      world.checker.fail(
        "presence",
        "n\(i) says that the leader of \(p.promised) spoke in window \(window - UInt32(p.leaderAge)); "
          + "it last did in \(truth)", at: world.now)
    }
  }

  private func words(_ s: DurableState) -> String {
    "promise \(s.promised.round).\(s.promised.node.raw), \(s.last) in \(s.accepted.round).\(s.accepted.node.raw)"
  }
}
