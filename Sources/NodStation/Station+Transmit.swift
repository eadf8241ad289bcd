// Our slot begins: composed from what is durable now, sealed under a counter that is never used again,
// counted as air time.
import NodCore
import NodJournal
import NodSecurity

extension Station where D: ~Copyable {
  /// Composes and seals the frame that the plan asks for.
  ///
  /// - Parameter datagram: at least the MTU.
  /// - Returns: bytes to send now; 0 when silence is right.
  package mutating func transmit(into datagram: UnsafeMutableRawBufferPointer, now: LocalTime) -> Int {
    let speech = node.timeline.speech
    defer {
      node.spoke(now)
      look(now)
      appendRecords()
      noteAirtimeIfNeeded(now)
    }
    // What is asked and told over the radio is never worth what consensus has in reserve.
    if node.isInDialogue {
      node.via.isAllowed =
        airtime.verdict(profile.airTime(node.settings.mtu), .ordinary, at: now) == .admitted
    }
    if node.isFull || node.isLeader { node.condition.airtimePercent = airtimeLeftPercent(now) }
    let room = node.settings.mtu - Limits.frameOverhead
    let (count, withSalt) = node.compose(
      into: UnsafeMutableRawBufferPointer(rebasing: plain[..<room]), now: now)
    guard count > 0 else { return 0 }
    let size = keys.seal(Bytes(rebasing: plain[..<count]), withSalt: withSalt, into: datagram)
    // Consensus outranks everything: an election, a beacon, a vote may draw on the reserve; the rest waits,
    // honestly.
    let use: AirtimeUse = node.speaksEssentially ? .essential : .ordinary
    guard case .admitted = airtime.admit(profile.airTime(size), use, at: now) else {
      framesDeferred += 1
      witness.deferredWindow = node.timeline.window
      return 0
    }
    datagramsSent += 1
    bytesSent += UInt64(size)
    noteSent(size, speech ?? .answer, now)
    return size
  }

  private mutating func noteSent(_ size: Int, _ speech: Speech, _ now: LocalTime) {
    guard witness.events.isKept else { return }
    var event = event(.sent, now)
    event.number = frameNumber(salt: keys.salt, counter: keys.lastCounter)
    event.says = node.spokenKinds
    event.size = UInt16(clamping: size)
    event.detail = speech.rawValue
    event.cycle = UInt8(clamping: node.timeline.cycle)
    witness.events.note(event)
  }
}

extension Station where D: ~Copyable {
  /// Air time of the last hour, and what is left of the budget.
  package mutating func airtimeUsed(_ now: LocalTime) -> Microseconds { airtime.used(at: now) }
  package mutating func airtimeLeft(_ now: LocalTime) -> Microseconds { airtime.left(at: now) }

  /// What is left of the hour's air time; 100 where nobody counts it.
  package func airtimeLeftPercent(_ now: LocalTime) -> UInt8 {
    guard airtime.limit > .zero else { return 0 }
    return UInt8(clamping: airtime.left(at: now).raw * 100 / airtime.limit.raw)
  }

  /// Until the largest frame may go that is no vote, beacon or election; zero: now. Nil: never, for it is larger than
  /// all that an hour allows.
  package func airtimeWait(_ now: LocalTime) -> Microseconds? {
    switch airtime.verdict(profile.airTime(node.settings.mtu), .ordinary, at: now) {
    case .admitted, .unnoted: .zero
    case .wait(let span): span
    case .never: nil
    }
  }
}
