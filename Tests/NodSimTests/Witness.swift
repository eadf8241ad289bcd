// What a station keeps of what happened: sender and receivers speak of the same frames, old events go, windows of
// entries are remembered, and who hears whom how well is known everywhere.
import NodCore
import NodSim
import NodStation
import Testing

@Suite struct EventRingTests {
  @Test func theOldestAreOverwrittenAndNumbersGoOn() {
    var ring = EventRing(capacity: 4)
    #expect(ring.oldest == 0 && ring.next == 0)
    for i in 0..<10 {
      var event = StationEvent(.vote, at: LocalTime(microseconds: Int64(i)), window: 7)
      event.number = UInt64(i)
      ring.note(event)
    }
    #expect(ring.oldest == 6 && ring.next == 10)
    for number in ring.oldest..<ring.next { #expect(ring[number].number == number) }
  }

  @Test func withoutRoomNothingIsKept() {
    var ring = EventRing(capacity: 0)
    ring.note(StationEvent(.power, at: .zero, window: 0))
    #expect(ring.next == 0 && ring.oldest == 0 && !ring.isKept)
  }

  @Test func anEventTakesThirtyTwoBytes() { #expect(MemoryLayout<StationEvent>.stride == 32) }

  @Test func aFramesNumberStaysWholeInEveryReaderOfJSON() {
    let number = frameNumber(salt: .max, counter: .max)
    #expect(number < 1 << 53 && UInt64(Double(number)) == number)
  }
}

/// Number, sender and words of the frames that a member sent or heard.
private struct Told: Hashable {
  var number: UInt64
  var sender: Int
  var says: SectionKinds
  var size: UInt16
}

extension World {
  private func frames(_ i: Int, _ kind: StationEvent.Kind) -> [Told] {
    station(i) { station in
      var found: [Told] = []
      for number in station.witness.events.oldest..<station.witness.events.next {
        let event = station.witness.events[number]
        guard event.kind == kind else { continue }
        let sender = kind == .sent ? i : Int(event.member)
        found.append(Told(number: event.number, sender: sender, says: event.says, size: event.size))
      }
      return found
    } ?? []
  }
  fileprivate var sentFrames: [[Told]] { (0..<memberCount).map { frames($0, .sent) } }
  fileprivate func heardFrames(_ i: Int) -> [Told] { frames(i, .heard) }
}

@Test func whoHearsAFrameCallsItAsItsSenderDoes() throws {
  let world = cluster(3) {
    $0.eventCapacity = 1024
    $0.commandEvery = .milliseconds(900)
    $0.lossPermille = 100
  }
  world.run(windows: 30)
  let sent = world.sentFrames
  var heard = 0
  for i in 0..<3 {
    for frame in world.heardFrames(i) {
      heard += 1
      #expect(sent[frame.sender].contains(frame), "n\(i) heard \(frame)")
    }
  }
  #expect(heard > 40)
  for frames in sent { #expect(Set(frames.map { $0.number }).count == frames.count) }
}

@Test func theWindowsOfAnEntryAreRemembered() throws {
  let world = cluster(3) { $0.eventCapacity = 256 }
  let leader = try #require(world.elect())
  let command = world.submit(at: (leader + 1) % 3, key: 1)!
  #expect(world.windows(6) { $0.isAnswered(command) } != nil)
  let last = try #require(world.node(leader) { $0.acceptor.commit })
  for i in 0..<3 {
    let span = try #require(world.station(i) { $0.witness.windows.span(last) } ?? nil)
    #expect(span.seen > 0 && span.decided >= span.seen && span.decided - span.seen <= 2)
  }
}

@Test func whoHearsWhomHowWellIsKnownEverywhere() throws {
  let world = cluster(3, seed: 5) { $0.fullEvery = 4 }
  let leader = try #require(world.elect())
  let listener = (leader + 1) % 3
  let third = (leader + 2) % 3
  // The third is hard to hear for the listener, and only for it.
  world.drops = { from, to, frame in
    from == third && to == listener && frame.prelude.window % 8 != 0
  }
  world.run(windows: 240)
  let loss = world.node(leader) { node in
    LinkLoss.permille(node.links[NodeID(UInt8(listener)), NodeID(UInt8(third))])
  }
  #expect(loss == 500 || loss == 400, "\(String(describing: loss))")
  let other = world.node(leader) {
    LinkLoss.permille($0.links[NodeID(UInt8(third)), NodeID(UInt8(listener))])
  }
  #expect(other == 0)
  world.expectSafe()
}

@Test func aMemberThatIsGoneIsNoBadLink() throws {
  let world = cluster(3, seed: 6) { $0.fullEvery = 4 }
  let leader = try #require(world.elect())
  let gone = (leader + 1) % 3
  world.run(windows: 80)
  world.isolate(gone)
  world.run(windows: 80)
  #expect(world.node(leader) { $0.hears(NodeID(UInt8(gone))) } == false)
  world.joinAll()
  world.run(windows: 80)
  let loss = world.node(leader) { $0.measuredLoss(of: NodeID(UInt8(gone))) } ?? nil
  #expect((loss ?? 1000) <= 100, "\(String(describing: loss))")
}
