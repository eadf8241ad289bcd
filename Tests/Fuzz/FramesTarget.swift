// Frames of members that are authentic and fresh, and wrong: bodies of real frames that were changed, or bytes of any
// kind, to a node that searches, follows, stands or leads. A member may lie about what is true; what it says may never
// stop the process or make anything grow.
import NodCore
import NodSim
import NodStation

/// A node without disk, radio or keys: what is not its own is given to it.
private struct Bench: ~Copyable {
  var node: Node
  var now: LocalTime
  private let buffer: UnsafeMutableRawBufferPointer
  private var written: UInt64 = 0
  private(set) var heard = 0

  init(_ now: LocalTime, _ buffer: UnsafeMutableRawBufferPointer) {
    self.now = now
    self.buffer = buffer
    node = Node(smallParameters(3, salt: 0x3333))
    do throws(RecordError) {
      try node.finishRecovery(incarnation: 5, salt: 0x3333, mayVote: true)
    } catch { fatalError("nothing was recovered") }
    node.start(now)
    drain()
  }

  /// Records go to nowhere, as fast as they come.
  mutating func drain() {
    node.effects.records.drain { (_, _) in }
    written = node.effects.records.written
    node.effects.removeCompletions()
    node.effects.removeReads()
    node.registry.clearValues()
  }
  mutating func sync() {
    drain()
    node.synced(written, now: now)
    drain()
  }

  mutating func hear(_ body: Bytes, from sender: UInt8) {
    guard let frame = try? Frame(decoding: body, from: NodeID(sender)) else { return }
    heard += 1
    node.heard(
      frame, senderSalt: Recording.salt(Int(sender)), counter: UInt32(truncatingIfNeeded: heard),
      startedAt: now - Microseconds(200), now: now)
    drain()
  }

  /// Time goes on to the next moment that the node asked for, or by `span`.
  mutating func go(_ span: Microseconds) {
    now = now + span
    node.wake(now)
    drain()
    var steps = 0
    while node.timeline.speech != nil, steps < 40 {
      steps += 1
      let (count, _) = node.compose(
        into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<(node.settings.mtu - Limits.frameOverhead)]),
        now: now)
      expect(count <= node.settings.mtu - Limits.frameOverhead, "a frame within the MTU")
      if count > 0 { answer(Bytes(rebasing: buffer[..<count])) }
      node.spoke(now)
      drain()
    }
    if node.snapshots.isBusy {
      node.trimLog()
      node.snapshotIsDurable()
    }
    if node.wantsRotation {
      node.trimLog()
      node.wantsRotation = false
    }
  }

  /// Whether peers support what it asks for, so that it comes to lead.
  var isSupported = false

  private mutating func answer(_ body: Bytes) {
    guard isSupported, let frame = try? Frame(decoding: body, from: NodeID(3)) else { return }
    var memory = InlineArray<64, UInt8>(repeating: 0)
    for peer in [UInt8(0), 1] {
      var prelude = Prelude()
      prelude.window = frame.prelude.window
      prelude.promised = frame.prelude.promised
      var count = 0
      withUnsafeMutableBytes(of: &memory) { bytes in
        var writer = FrameWriter(bytes, prelude)
        if frame.has(.canvass) { writer.section(.support) { $0.u8(3) } }
        if frame.has(.prepare) {
          writer.section(.promise) { out in
            out.varint(0)
            out.varint(1)
          }
        }
        count = writer.sections > 0 ? writer.count : 0
      }
      if count > 0 { withUnsafeBytes(of: memory) { replies.append((peer, [UInt8]($0.part(0, count)))) } }
    }
  }
  /// Said once the node has finished speaking.
  private var replies: [(UInt8, [UInt8])] = []
  mutating func hearReplies() {
    let all = replies
    replies.removeAll()
    for (peer, body) in all { body.withUnsafeBytes { hear($0, from: peer) } }
  }
}

final class FramesTarget: Target {
  private let recording = Recording()
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 16)
  private let spoken = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 16)
  /// Bodies that quote this node's salt: who says one is fresh from then on.
  private var greetings: [[UInt8]] = []
  private var runs = 0
  private var frames = 0
  private var ledRuns = 0
  private var followedRuns = 0
  private var applied: UInt64 = 0

  init() {
    for slot in 0..<3 {
      let plain = recording.spoken.first { frame in
        Int(frame.sender.raw) == slot
          && frame.body.withUnsafeBytes { bytes in
            guard let decoded = try? Frame(decoding: bytes, from: frame.sender) else { return false }
            return !decoded.has(.greeting)
          }
      }
      greetings.append((plain?.body ?? []) + [16, 5, 3, 0x33, 0x33, 0, 0])
    }
  }

  func take(_ bytes: Bytes) {
    var choices = Choices(bytes)
    let how = choices.byte()
    let first = choices.number() % recording.spoken.count
    var bench = Bench(recording.spoken[first].at, spoken)
    for slot in 0..<3 { greetings[slot].withUnsafeBytes { bench.hear($0, from: UInt8(slot)) } }
    switch how & 3 {
    case 0: break
    case 1: lead(&bench)
    default: follow(&bench, from: first, frames: Int(how >> 2) & 15)
    }
    runs += 1
    if bench.node.isLeader { ledRuns += 1 }
    if !bench.node.isLeader && bench.node.leader != nil { followedRuns += 1 }
    var turns = 0
    while !choices.isAtEnd && turns < 64 {
      turns += 1
      turn(&bench, &choices)
    }
    bench.sync()
    bench.go(.milliseconds(200))
    frames += bench.heard
    applied += bench.node.counters.commandsApplied
    expect(bench.node.registry.brokenInvariant() == nil, "the registry's invariants")
  }

  var tally: String {
    "\(frames) frames decoded and handled in \(runs) runs, \(followedRuns) of a follower with a leader, "
      + "\(ledRuns) of a leader; \(applied) commands applied"
  }

  private func follow(_ bench: inout Bench, from first: Int, frames: Int) {
    for frame in recording.spoken[first...].prefix(frames) {
      bench.now = max(bench.now, frame.at)
      frame.body.withUnsafeBytes { bench.hear($0, from: frame.sender.raw) }
      bench.sync()
    }
  }

  private func lead(_ bench: inout Bench) {
    bench.isSupported = true
    var rounds = 0
    while !bench.node.isLeader && rounds < 400 {
      rounds += 1
      bench.go(max(Microseconds(1), bench.node.timeline.wakeAt - bench.now))
      bench.hearReplies()
      bench.sync()
    }
    bench.isSupported = false
  }

  private func turn(_ bench: inout Bench, _ choices: inout Choices) {
    let what = choices.byte()
    let sender = what >> 4 & 3 == 3 ? 0 : what >> 4 & 3
    switch what & 15 {
    case 0: bench.go(max(Microseconds(1), bench.node.timeline.wakeAt - bench.now))
    case 1: bench.go(Microseconds(Int64(choices.number()) * 8))
    case 2: bench.sync()
    case 3: submit(&bench, choices.bytes(Int(choices.byte() & 63)))
    case 4: _ = bench.node.requestRead(Ticket(UInt64(what)), now: bench.now)
    case 5:
      let body = choices.bytes(choices.number() % 480)
      bench.hear(body, from: sender)
    case 6:
      bench.node.slept(since: bench.now - .seconds(5), now: bench.now)
      bench.drain()
    case 7:
      if bench.node.via.needsAnswer { bench.node.answerQuestion { $0.bytes(choices.bytes(200)) } }
      if let ticket = bench.node.via.ticket { _ = bench.node.endAsking(ticket) }
      let question = ViaQuestion(rawValue: what >> 5) ?? .log
      _ = bench.node.ask(NodeID(sender), question, 1, ticket: Ticket(UInt64(what)), now: bench.now)
    default:
      let frame = recording.spoken[choices.number() % recording.spoken.count]
      let size = frame.body.count
      frame.body.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: buffer[..<size]).copyMemory(from: $0)
      }
      let count = what & 1 == 0 ? choices.mutate(buffer, count: size) : size
      bench.hear(Bytes(rebasing: buffer[..<count]), from: what & 0x40 != 0 ? sender : frame.sender.raw)
    }
    bench.drain()
  }

  private func submit(_ bench: inout Bench, _ value: Bytes) {
    var out = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: buffer[..<256]))
    RegistryCommand.set(
      key: value.part(0, min(4, value.count)), value: value, condition: .always, expiry: .none,
      returnsOldValue: true
    ).write(to: &out)
    _ = bench.node.submit(out.written, token: nil, ticket: Ticket(9), now: bench.now)
  }
}
