// Whose frames are opened, under which start, and whose are not.
import NodCore
import Testing

@testable import NodSecurity

@Test func eachKindOfStrangerIsToldApart() {
  let a = Member(0, salt: 11)
  let b = Member(1, salt: 22)
  let good = a.seal("hello")
  func changed(_ index: Int, _ value: UInt8) -> [UInt8] {
    var copy = good
    copy[index] = value
    return copy
  }
  #expect(b.open([]) == .failure(.tooShort))
  #expect(b.open(Array(good[..<22])) == .failure(.tooShort))
  #expect(b.open(Array(good[..<30])) == .failure(.tooShort))
  #expect(b.open(changed(0, 0x21)) == .failure(.unknownVersion))
  for type in 2...15 as ClosedRange<UInt8> {
    #expect(b.open(changed(0, 0x10 | type)) == .failure(.unknownType))
  }
  #expect(b.open(changed(1, 1)) == .failure(.ownFrame))
  for slot in 5...255 as ClosedRange<UInt8> { #expect(b.open(changed(1, slot)) == .failure(.notAMember)) }
  #expect(b.open(changed(2, 8)) == .failure(.wrongEpoch))
  #expect(b.open(a.seal("no salt", withSalt: false)) == .failure(.unknownSalt))
  #expect(b.open(good) == .success("hello"))
  #expect(b.open(good) == .failure(.replayed))
}

@Test func differentRostersKeysOrEpochsCannotTalk() {
  let a = Member(0, salt: 11)
  #expect(Member(1, salt: 22, roster: 3).open(a.seal("x")) == .failure(.badTag))
  #expect(Member(1, salt: 22, key: 4).open(a.seal("x")) == .failure(.badTag))
  #expect(Member(1, salt: 22, epoch: 8).open(a.seal("x")) == .failure(.wrongEpoch))
  // Epochs whose low 8 bits agree pass the header and fail the seal.
  #expect(Member(1, salt: 22, epoch: 7 + 256).open(a.seal("x")) == .failure(.badTag))
}

@Test func aFrameOfOneMemberCannotBePassedOffAsAnothers() {
  let a = Member(0, salt: 11)
  let b = Member(1, salt: 22)
  var sealed = a.seal("x")
  sealed[1] = 2
  #expect(b.open(sealed) == .failure(.badTag))
}

@Test func anOrdinaryFrameIsOpenedUnderTheNewestStartThenUnderTheCandidate() {
  let b = Member(1, salt: 22)
  let first = Member(0, salt: 11)
  #expect(b.open(first.seal("one")) == .success("one"))
  #expect(b.confirm(0, 11, 1) == nil)
  let second = Member(0, salt: 33)
  // Counter 0 was seen of the first start.
  #expect(b.open(second.seal("two", withSalt: false)) == .failure(.replayed))
  #expect(b.open(second.seal("two", withSalt: false)) == .failure(.badTag))
  let opened = b.openFully(second.seal("two"))
  #expect(opened == .success(Opened(sender: NodeID(0), count: 3, salt: 33, counter: 2, isConfirmed: false)))
  #expect(b.open(second.seal("still unconfirmed", withSalt: false)) == .success("still unconfirmed"))
  #expect(b.open(first.seal("not over yet", withSalt: false)) == .success("not over yet"))
}

@Test func aStartIsRefusedOnceANewerOneIsConfirmed() {
  let b = Member(1, salt: 22)
  let old = Member(0, salt: 11)
  let new = Member(0, salt: 33)
  let recorded = (0..<3).map { _ in old.seal("old") }
  #expect(b.open(recorded[0]) == .success("old"))
  #expect(b.confirm(0, 11, 4) == nil)
  #expect(b.open(new.seal("new")) == .success("new"))
  #expect(b.confirm(0, 33, 5) == nil)
  #expect(b.ring.start(of: NodeID(0))! == (33, 5))
  #expect(b.open(recorded[1]) == .failure(.staleStart))
  #expect(b.confirm(0, 11, 4) == .staleStart)
  #expect(b.open(old.seal("old", withSalt: false)) == .failure(.badTag))
  #expect(b.open(new.seal("new", withSalt: false)) == .success("new"))
}

@Test func aRecordingOfAnOldStartNeverTakesThePlaceOfTheNewest() {
  let b = Member(1, salt: 22)
  let older = Member(0, salt: 10)
  let new = Member(0, salt: 33)
  #expect(b.open(new.seal("new")) == .success("new"))
  #expect(b.confirm(0, 33, 5) == nil)
  // Never heard before, so it opens; its own number convicts it.
  let opened = b.openFully(older.seal("old"))
  #expect(opened == .success(Opened(sender: NodeID(0), count: 3, salt: 10, counter: 0, isConfirmed: false)))
  #expect(b.confirm(0, 10, 4) == .staleStart)
  #expect(b.open(older.seal("old", withSalt: false)) == .failure(.badTag))
  #expect(b.open(older.seal("old")) == .success("old"))
  #expect(b.confirm(0, 10, 4) == .staleStart)
  #expect(b.open(new.seal("new", withSalt: false)) == .success("new"))
  // The same number under another salt is no newer start either.
  #expect(b.open(Member(0, salt: 12).seal("twin")) == .success("twin"))
  #expect(b.confirm(0, 12, 5) == .staleStart)
  #expect(b.ring.start(of: NodeID(0))! == (33, 5))
}

/// A board that lost its number is refused, is told what the others remember, and goes on above that.
@Test func aRefusedStartIsBelievedOnceItsNumberIsHighEnough() {
  let b = Member(1, salt: 22)
  let first = Member(0, salt: 11)
  let recorded = first.seal("first")
  #expect(b.open(first.seal("first")) == .success("first"))
  #expect(b.confirm(0, 11, 900) == nil)
  let second = Member(0, salt: 33)
  #expect(b.open(second.seal("second")) == .success("second"))
  #expect(b.confirm(0, 33, 500) == .staleStart)
  #expect(b.open(second.seal("second again")) == .success("second again"))
  #expect(b.confirm(0, 33, 901) == nil)
  #expect(b.ring.start(of: NodeID(0))! == (33, 901))
  #expect(b.open(recorded) == .failure(.staleStart))
}

/// Another peer told it of a start between its own number and its new one: that start is over for this receiver too.
@Test func aConfirmedStartThatRaisesItsNumberBarsTheStartsBetween() {
  let b = Member(1, salt: 22)
  let between = Member(0, salt: 44)
  let a = Member(0, salt: 33)
  #expect(b.open(a.seal("low")) == .success("low"))
  #expect(b.confirm(0, 33, 500) == nil)
  #expect(b.open(a.seal("high")) == .success("high"))
  #expect(b.confirm(0, 33, 901) == nil)
  #expect(b.open(between.seal("between")) == .success("between"))
  #expect(b.confirm(0, 44, 900) == .staleStart)
  // A number once told is not taken back by an older frame of the same start.
  #expect(b.open(a.seal("low")) == .success("low"))
  #expect(b.confirm(0, 33, 500) == nil)
  #expect(b.ring.start(of: NodeID(0))! == (33, 901))
}

@Test func aReplayIsStillAReplayAfterItsStartWasConfirmed() {
  let a = Member(0, salt: 11)
  let b = Member(1, salt: 22)
  let frame = a.seal("once")
  #expect(b.open(frame) == .success("once"))
  #expect(b.confirm(0, 11, 1) == nil)
  #expect(b.open(frame) == .failure(.replayed))
}

@Test func framesOutOfOrderAreOpenedOnceEach() {
  let a = Member(0, salt: 11)
  let b = Member(1, salt: 22)
  let frames = (0..<200).map { a.seal("frame \($0)") }
  for i in stride(from: 199, through: 0, by: -1) { #expect(b.open(frames[i]) == .success("frame \(i)")) }
  for frame in frames { #expect(b.open(frame) == .failure(.replayed)) }
}

@Test func aForgedCounterDoesNotMoveTheReplayWindow() {
  let a = Member(0, salt: 11)
  let b = Member(1, salt: 22)
  #expect(b.open(a.seal("one")) == .success("one"))
  var forged = a.seal("two", withSalt: false)
  let honest = forged
  for i in 3..<7 { forged[i] = 0xff }
  #expect(b.open(forged) == .failure(.badTag))
  #expect(b.open(honest) == .success("two"))
}

@Test func unknownSaltsCostBoundedWorkUntilTheBudgetIsRefilled() {
  let a = Member(0, salt: 11)
  let other = Member(2, salt: 44)
  let b = Member(1, salt: 22)
  var forged = a.seal("x")
  for salt in 1...4 as ClosedRange<UInt8> {
    forged[7] = 100 + salt
    #expect(b.open(forged) == .failure(.badTag))
  }
  #expect(b.open(forged) == .failure(.unknownSalt))
  #expect(b.open(a.seal("mine")) == .failure(.unknownSalt))
  #expect(b.open(other.seal("another's budget")) == .success("another's budget"))
  b.ring.refillDerivations()
  #expect(b.open(a.seal("mine")) == .success("mine"))
  forged[7] = 111
  for _ in 0..<4 { _ = b.open(forged) }
  #expect(b.open(a.seal("known salts cost none")) == .success("known salts cost none"))
}

@Test func aStartKnownFromTheJournalNeedsNoSaltAndBarsOlderOnes() {
  let a = Member(0, salt: 11)
  let b = Member(1, salt: 22)
  b.ring.expect(NodeID(0), salt: 11, incarnation: 6)
  b.ring.expect(NodeID(0), salt: 10, incarnation: 5)
  #expect(b.ring.start(of: NodeID(0))! == (11, 6))
  let opened = b.openFully(a.seal("x", withSalt: false))
  #expect(opened == .success(Opened(sender: NodeID(0), count: 1, salt: 11, counter: 0, isConfirmed: true)))
  #expect(b.open(Member(0, salt: 10).seal("old")) == .success("old"))
  #expect(b.confirm(0, 10, 5) == .staleStart)
}

@Test func noNonceIsUsedTwiceUnderOneKeyWhenTheCounterRunsOut() {
  let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: 32, alignment: 8)
  zeros.initializeMemory(as: UInt8.self, repeating: 0)
  defer { zeros.deallocate() }
  var secret = EpochSecret(epoch: 7, key: Bytes(zeros), rosterHash: Bytes(zeros).part(0, 16))
  var sending = SendingKey(sender: NodeID(0), salt: 11, secret: &secret)
  sending.counter = SendingKey.counterLimit - 1_000
  var used = Set<[UInt8]>()
  var pastLimit = 0
  for _ in 0..<200_000 {
    let (counter, nonce) = sending.next(secret: &secret)
    if counter >= SendingKey.counterLimit { pastLimit += 1 }
    var pair = nonce.withBytes { Array(UnsafeBufferPointer(start: $0, count: 12)) }
    withUnsafeBytes(of: sending.salt) { pair += $0 }
    used.insert(pair)
  }
  #expect(used.count == 200_000)
  #expect(pastLimit == 0)
  let renewed = sending.salt
  #expect(renewed == 11 + 1 << 32)
}

@Test func receiversFollowARenewedSaltAndRefuseTheOneBefore() {
  let a = Member(0, salt: 11)
  let b = Member(1, salt: 22)
  #expect(b.open(a.seal("before")) == .success("before"))
  #expect(b.confirm(0, 11, 3) == nil)
  a.ring.sending.counter = SendingKey.counterLimit - 2
  let recorded = a.seal("last but one", withSalt: true)
  #expect(b.open(a.seal("last", withSalt: false)) == .success("last"))
  let renewed = b.openFully(a.seal("renewed", withSalt: false))
  #expect(
    renewed
      == .success(Opened(sender: NodeID(0), count: 7, salt: 11 + 1 << 32, counter: 0, isConfirmed: true)))
  #expect(b.open(recorded) == .failure(.staleStart))
  a.ring.sending.counter = SendingKey.announcedFrames
  let quiet = a.seal("quiet", withSalt: false)
  #expect(quiet[0] == 0x10)
  #expect(b.open(quiet) == .success("quiet"))
}

@Test func twoHundredThousandForgeriesAreRefused() {
  var numbers = Numbers(state: 2_026)
  let a = Member(0, salt: 11)
  let b = Member(1, salt: 22)
  #expect(b.open(a.seal("known")) == .success("known"))
  let honest = (0..<64).map { i in a.seal(String(repeating: "m", count: i * 3), withSalt: i % 2 == 0) }
  var accepted = 0
  var wrote = 0
  for round in 0..<200_000 {
    if round % 16 == 0 { b.ring.refillDerivations() }
    var datagram: [UInt8]
    if round % 4 == 0 {
      datagram = (0..<numbers.below(80)).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
      // Most of the random ones get past the first comparisons.
      if datagram.count > 2, numbers.below(8) > 0 {
        datagram[0] = 0x10 | UInt8(numbers.below(2))
        datagram[1] = UInt8(numbers.below(6))
        datagram[2] = 7
      }
    } else {
      let original = honest[numbers.below(64)]
      datagram = original
      mutate(&datagram, &numbers)
      if datagram == original { continue }
    }
    if b.openFully(datagram).isSuccess { accepted += 1 }
    if !b.wroteNothing { wrote += 1 }
  }
  #expect(accepted == 0)
  #expect(wrote == 0)
  for (i, frame) in honest.enumerated() {
    #expect(b.open(frame) == .success(String(repeating: "m", count: i * 3)))
  }
}

private func mutate(_ datagram: inout [UInt8], _ numbers: inout Numbers) {
  for _ in 0...numbers.below(3) {
    switch numbers.below(4) {
    case 0 where !datagram.isEmpty: datagram[numbers.below(datagram.count)] ^= 1 << UInt8(numbers.below(8))
    case 1 where !datagram.isEmpty: datagram.removeLast(1 + numbers.below(datagram.count))
    case 2: datagram.append(UInt8(truncatingIfNeeded: numbers.next()))
    default:
      if !datagram.isEmpty {
        datagram[numbers.below(datagram.count)] = UInt8(truncatingIfNeeded: numbers.next())
      }
    }
  }
}
