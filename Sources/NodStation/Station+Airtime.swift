// Air time that a restart must not refill. A frame goes only when a note on the disk stands for it: a note tells what
// was sent in the last hour, and counts as sent what may be sent before the next one. So the disk is asked now and
// then, not for every frame, and after a power cut at any moment the account is never too low. What a node does that
// is cut off again and again is told in docs/design.md.
import NodCore
import NodJournal

/// What the disk knows of the air-time account, under a profile that limits it.
struct AirtimeNotes {
  /// A note that has become old is renewed with whatever batch comes; by itself only where little is left: time that
  /// has passed gives air time back after a restart only if it was noted.
  static let renewEvery = Microseconds.seconds(60)

  let isNeeded: Bool
  /// The most that one note allows ahead: room for two of the largest frames, or an eighth of the hour's.
  let ahead: Microseconds
  private(set) var writtenAt = LocalTime.zero
  /// The note on its way to the disk: where it stands in the journal, what it stands for.
  private(set) var pending: (position: JournalPosition, coverage: Microseconds)?

  init(_ profile: RadioProfile, mtu: Int) {
    isNeeded = profile.dutyPermille < 1000
    ahead = max(Microseconds(profile.hourlyAirtime.raw / 8), profile.airTime(mtu) * 2)
  }

  func isOld(_ now: LocalTime) -> Bool { pending == nil && now - writtenAt > AirtimeNotes.renewEvery }

  mutating func wrote(at position: JournalPosition, coverage: Microseconds, _ now: LocalTime) {
    pending = (position, coverage)
    writtenAt = now
  }

  /// - Returns: what a note stands for that has just become durable.
  mutating func durable(upTo position: JournalPosition) -> Microseconds? {
    guard let note = pending, note.position <= position else { return nil }
    pending = nil
    return note.coverage
  }
}

extension Station where D: ~Copyable {
  /// Before this start says anything: the past, as the disk knows it.
  mutating func restoreAirtime(_ past: Past, _ now: LocalTime) {
    guard notes.isNeeded else { return }
    let isKnown = past.airtime.withUnsafeBytes { airtime.read($0, at: now) }
    // A journal's first start has no past. Every other one wrote a note before it spoke.
    if !isKnown && past.incarnation > 0 { airtime.assumeSpent(at: now) }
  }

  /// Writes a note if the disk allows no more than a few frames, or knows of an hour that is over by now.
  mutating func noteAirtimeIfNeeded(_ now: LocalTime) {
    guard notes.isNeeded, notes.pending == nil else { return }
    let isStarved = airtime.left(at: now) < notes.ahead
    if airtime.wantsNote(ahead: notes.ahead, at: now) || (isStarved && notes.isOld(now)) { noteAirtime(now) }
  }

  /// Appends a note; it counts when it is durable.
  mutating func noteAirtime(_ now: LocalTime) {
    appendRecords()
    let account = airtime
    let ahead = account.ahead(notes.ahead, at: now)
    node.effects.records.append(.airtime) { out in account.write(to: &out, ahead: ahead, at: now) }
    appendRecords()
    notes.wrote(at: journal.appended, coverage: account.coverage(ahead: ahead), now)
  }

  /// The account belongs to every checkpoint. That allows nothing new: what stands for the frames to come is in the
  /// notes that follow.
  mutating func checkpointAirtime(_ now: LocalTime) throws(JournalError<D.Failure>) {
    guard notes.isNeeded else { return }
    var out = ByteWriter(scratch)
    airtime.write(to: &out, ahead: airtime.ahead(notes.ahead, at: now), at: now)
    try journal.checkpoint(RecordKind.airtime.rawValue, out.written)
  }
}
