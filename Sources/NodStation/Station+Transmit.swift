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
    defer {
      node.spoke(now)
      appendRecords()
      noteAirtimeIfNeeded(now)
    }
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
      return 0
    }
    datagramsSent += 1
    bytesSent += UInt64(size)
    return size
  }
}

extension Station where D: ~Copyable {
  /// Air time of the last hour, and what is left of the budget.
  package mutating func airtimeUsed(_ now: LocalTime) -> Microseconds { airtime.used(at: now) }
  package mutating func airtimeLeft(_ now: LocalTime) -> Microseconds { airtime.left(at: now) }
}
