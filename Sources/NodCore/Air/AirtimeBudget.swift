// Air time against the law: what was sent in the last hour, minute by minute, and whether the next frame may
// go. A frame is admitted by its own air time, those queued before it counted; who must wait is told until
// when.

/// What a frame may draw on.
package enum AirtimeUse: Sendable {
  /// Everything but the reserve.
  case ordinary
  /// The reserve too: a vote, a beacon of a leader, one election.
  case essential
}

package enum AirtimeVerdict: Hashable, Sendable {
  case admitted
  /// Not before so long from now, if nothing else is sent until then.
  case wait(Microseconds)
  /// Larger than the whole budget.
  case never
}

/// Invariant: `buckets` hold the air time spent in the minutes `minute - 60 ... minute`, `spent` is their
/// sum. The current minute and sixty whole ones before it cover any hour that ends now, so no hour ever
/// exceeds the limit.
package struct AirtimeBudget: Sendable {
  private static let minutes = 61
  private static let minute = Microseconds.seconds(60).raw

  /// Air time in any hour.
  package let limit: Microseconds
  /// Kept for essential use; set by who knows what is essential next (beacons of the next windows, one
  /// election).
  package var reserve = Microseconds.zero
  private var buckets = InlineArray<61, Int64>(repeating: 0)
  private var current: Int64
  private var spent: Int64 = 0

  /// - Parameters:
  ///   - limit: air time in any hour, `RadioProfile.hourlyAirtime`.
  ///   - isSpent: nobody knows what was sent in the last hour (the record is lost): all of it counts as used.
  package init(limit: Microseconds, isSpent: Bool = false, at now: LocalTime) {
    precondition(limit.raw >= 0)
    self.limit = limit
    current = now.microseconds / Self.minute
    if isSpent {
      buckets[slot(current)] = limit.raw
      spent = limit.raw
    }
  }

  private func slot(_ minute: Int64) -> Int { Int(((minute % 61) + 61) % 61) }

  /// Lets minutes go that are over. A clock that goes back changes nothing.
  private mutating func advance(to now: LocalTime) {
    let minute = now.microseconds / Self.minute
    if minute - current >= Int64(Self.minutes) {
      buckets = InlineArray(repeating: 0)
      spent = 0
    } else {
      while current < minute {
        current += 1
        spent -= buckets[slot(current)]
        buckets[slot(current)] = 0
      }
    }
    current = max(current, minute)
  }

  /// This budget as it is at `now`; half a kilobyte copied, so that asking changes nothing.
  private func advanced(to now: LocalTime) -> AirtimeBudget {
    var later = self
    later.advance(to: now)
    return later
  }

  // MARK: Spending

  /// Whether a frame may be sent now; nothing is charged.
  ///
  /// - Parameter queued: air time of frames that go before it.
  package func verdict(
    _ airtime: Microseconds, _ use: AirtimeUse, after queued: Microseconds = .zero, at now: LocalTime
  ) -> AirtimeVerdict {
    let budget = advanced(to: now)
    let allowed = use == .essential ? limit.raw : max(0, limit.raw - reserve.raw)
    if airtime.raw > allowed { return .never }
    let wanted = airtime.raw + max(0, queued.raw)
    if budget.spent + wanted <= allowed { return .admitted }
    guard allowed > 0 else { return .never }
    // A queue worth several times the budget waits for as many whole rings to pass.
    let rings = (wanted - 1) / allowed
    let room = allowed - (wanted - rings * allowed)
    return .wait(Microseconds(rings * Int64(Self.minutes) * Self.minute) + budget.waitUntilFree(room, now))
  }

  /// As `verdict`, and charges an admitted frame.
  package mutating func admit(_ airtime: Microseconds, _ use: AirtimeUse, at now: LocalTime) -> AirtimeVerdict
  {
    let answer = verdict(airtime, use, at: now)
    if answer == .admitted { spend(airtime, at: now) }
    return answer
  }

  /// Charges a frame that is being sent, whatever the budget.
  package mutating func spend(_ airtime: Microseconds, at now: LocalTime) {
    advance(to: now)
    buckets[slot(current)] += max(0, airtime.raw)
    spent += max(0, airtime.raw)
  }

  /// Until no more than `target` is spent: minutes leave the ring oldest first, each 61 minutes after it
  /// began.
  private func waitUntilFree(_ target: Int64, _ now: LocalTime) -> Microseconds {
    var left = spent
    var minute = current - 60
    while left > target && minute <= current {
      left -= buckets[slot(minute)]
      minute += 1
    }
    return Microseconds(max(0, (minute - 1 + Int64(Self.minutes)) * Self.minute - now.microseconds))
  }

  // MARK: Figures

  package func used(at now: LocalTime) -> Microseconds { Microseconds(advanced(to: now).spent) }
  /// What may still be spent now, the reserve included.
  package func left(at now: LocalTime) -> Microseconds { Microseconds(max(0, limit.raw - used(at: now).raw)) }
  /// Whether only the reserve is left: a leader hands over while it can still speak.
  package func isDownToReserve(at now: LocalTime) -> Bool { left(at: now) <= reserve }

  // MARK: Over a restart

  /// Bytes of `write`.
  package static let savedBytes = 61 * 4

  /// The minutes, newest first, in milliseconds rounded up.
  package func write(to out: inout ByteWriter, at now: LocalTime) {
    let budget = advanced(to: now)
    for back in 0..<Int64(Self.minutes) {
      let milliseconds = (budget.buckets[slot(budget.current - back)] + 999) / 1_000
      out.u32(UInt32(clamping: milliseconds))
    }
  }

  /// Takes up what was written before a restart, as if no time had passed since: the stricter reading.
  ///
  /// - Returns: false when the bytes are no such record; then nothing has changed.
  package mutating func read(_ bytes: Bytes, at now: LocalTime) -> Bool {
    guard bytes.count == Self.savedBytes else { return false }
    advance(to: now)
    var input = ByteReader(bytes)
    for back in 0..<Int64(Self.minutes) {
      let airtime = Int64(input.u32()) * 1_000
      buckets[slot(current - back)] += airtime
      spent += airtime
    }
    return true
  }
}
