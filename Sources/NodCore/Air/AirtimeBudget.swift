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
  /// There is room, but no note on the disk stands for it yet: a power cut would make it forgotten.
  case unnoted
}

/// Invariant: `buckets` hold the air time spent in the minutes `current - 61 ... current`, `spent` is their
/// sum. The current minute and sixty whole ones before it cover any hour that ends now; one more covers what
/// is slow or late: frames that began in one hour and end in the next, clocks up to 1.6 % fast. So no hour
/// ever exceeds the limit.
///
/// Over a restart: what is on the disk stands for everything that was charged, since a frame goes only if
/// `charged` stays within `covered`. A note therefore says more than was spent, by what may be spent until
/// the next one.
package struct AirtimeBudget: Sendable {
  private static let minutes = 62
  private static let minute = Microseconds.seconds(60).raw

  /// Air time in any hour.
  package let limit: Microseconds
  /// Kept for essential use; set by who knows what is essential next (beacons of the next windows, one
  /// election).
  package var reserve = Microseconds.zero
  private var buckets = InlineArray<62, Int64>(repeating: 0)
  private var current: Int64
  private var spent: Int64 = 0
  /// All that was charged since this account was opened, and how much of that a durable note stands for.
  private var charged: Int64 = 0
  private var covered: Int64

  /// - Parameters:
  ///   - limit: air time in any hour, `RadioProfile.hourlyAirtime`.
  ///   - isNoted: nothing may be sent that no durable note stands for.
  package init(limit: Microseconds, isNoted: Bool = false, at now: LocalTime) {
    precondition(limit.raw >= 0)
    self.limit = limit
    covered = isNoted ? 0 : .max
    current = now.microseconds / Self.minute
  }

  private func slot(_ minute: Int64) -> Int { Int(((minute % 62) + 62) % 62) }

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
    if budget.spent + wanted <= allowed { return charged + wanted <= covered ? .admitted : .unnoted }
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
    charged += max(0, airtime.raw)
  }

  /// Until no more than `target` is spent: minutes leave the ring oldest first, each 62 minutes after it
  /// began.
  private func waitUntilFree(_ target: Int64, _ now: LocalTime) -> Microseconds {
    var left = spent
    var minute = current - Int64(Self.minutes - 1)
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
  package static let savedBytes = minutes * 4

  /// What a note written now may stand for beyond what was spent: `most`, or what is left of the budget.
  package func ahead(_ most: Microseconds, at now: LocalTime) -> Microseconds { min(most, left(at: now)) }

  /// Whether a note is worth a write: half of what the last one allowed is spent, and a new one allows a
  /// quarter more.
  package func wantsNote(ahead most: Microseconds, at now: LocalTime) -> Bool {
    let free = max(0, covered - charged)
    return free < most.raw / 2 && ahead(most, at: now).raw - free >= max(1, most.raw / 4)
  }

  /// What a note with so much ahead stands for: given to `cover` when it is durable.
  package func coverage(ahead: Microseconds) -> Microseconds { Microseconds(charged) + ahead }

  /// A note that stands for so much is durable. It never stands for less than the one before: what was
  /// charged since is in it, and what is left of the budget has become less by no more than that.
  package mutating func cover(_ coverage: Microseconds) { covered = max(covered, coverage.raw) }

  /// The minutes, newest first, in milliseconds rounded up; what may be spent ahead counts as just spent.
  package func write(to out: inout ByteWriter, ahead: Microseconds = .zero, at now: LocalTime) {
    let budget = advanced(to: now)
    for back in 0..<Int64(Self.minutes) {
      let airtime = budget.buckets[slot(budget.current - back)] + (back == 0 ? ahead.raw : 0)
      out.u32(UInt32(clamping: (airtime + 999) / 1_000))
    }
  }

  /// Takes up what was written before a restart, as if no time had passed since: the stricter reading. The
  /// clock may be another, with minutes that begin elsewhere: so a minute that was over counts as the one
  /// after it.
  ///
  /// - Returns: false when the bytes are no such record; then nothing has changed.
  package mutating func read(_ bytes: Bytes, at now: LocalTime) -> Bool {
    guard bytes.count == Self.savedBytes else { return false }
    advance(to: now)
    var input = ByteReader(bytes)
    for back in 0..<Int64(Self.minutes) {
      let airtime = Int64(input.u32()) * 1_000
      buckets[slot(current - max(0, back - 1))] += airtime
      spent += airtime
    }
    return true
  }

  /// Nobody knows what was sent in the last hour (the record is lost): all of it counts as used.
  package mutating func assumeSpent(at now: LocalTime) {
    advance(to: now)
    buckets[slot(current)] += limit.raw
    spent += limit.raw
  }
}
