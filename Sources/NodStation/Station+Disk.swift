// A disk that cannot be relied upon: it failed, or its file system has less room than the operator wants kept.
// Either way the node is unfit: what it cannot write it does not say, and it leads nobody. Both are looked at
// again now and then.
import NodCore
import NodJournal

/// Since when a disk fails, and when it is tried again.
struct DiskTrouble {
  static let retryEvery = Microseconds.seconds(2)

  private(set) var since: LocalTime?
  private(set) var retryAt = LocalTime.zero
  /// A rotation failed: only one that succeeds shows that there is room for another segment.
  var needsRotation = false

  /// Whether an attempt that may fail again is due; the next one is later.
  mutating func allows(_ now: LocalTime) -> Bool {
    guard since != nil else { return true }
    guard now >= retryAt else { return false }
    retryAt = now + DiskTrouble.retryEvery
    return true
  }

  mutating func begin(_ now: LocalTime) {
    // Failing batches do not put off the rotation that would mend them.
    if now >= retryAt { retryAt = now + DiskTrouble.retryEvery }
    if since == nil { since = now }
  }

  mutating func end() { since = nil }
}

/// The room that is left for the journal, looked at before it is written to, not in every window.
struct FreeSpace {
  /// Bytes that are to stay free; 0: nobody looks.
  let minimum: UInt64
  private(set) var isShort = false
  /// What was found last.
  private(set) var bytes: UInt64 = 0
  private var lookedAt: LocalTime?

  /// How often it is looked at: while something is written, while nothing is, and while there is too little.
  static let lookEveryWriting = Microseconds.seconds(1)
  static let lookEveryIdle = Microseconds.seconds(60)
  static let lookEveryShort = Microseconds.seconds(2)

  init(minimum: UInt64) { self.minimum = minimum }

  func isDue(_ now: LocalTime, writing: Bool) -> Bool {
    guard minimum > 0 else { return false }
    guard let lookedAt else { return true }
    let pause =
      isShort ? FreeSpace.lookEveryShort : writing ? FreeSpace.lookEveryWriting : FreeSpace.lookEveryIdle
    return now - lookedAt >= pause
  }

  var nextLook: LocalTime { isShort ? (lookedAt ?? .zero) + FreeSpace.lookEveryShort : .never }

  /// An eighth more than the minimum ends a shortage, so that a node at the edge does not go to and fro.
  mutating func note(_ found: UInt64, _ now: LocalTime) {
    lookedAt = now
    bytes = found
    isShort = found < (isShort ? minimum + minimum / 8 : minimum)
  }
}

extension Station where D: ~Copyable {
  /// When the world has to call `persist` for the disk's sake, with or without anything to write.
  package var retryDiskAt: LocalTime {
    if awaitsSync { return .never }
    return min(trouble.since == nil ? .never : trouble.retryAt, space.nextLook)
  }

  /// Less is free on the journal's file system than is to stay free.
  package var isShortOfSpace: Bool { space.isShort }
  /// What was free when it was last looked at, with what a new segment would give back.
  package var freeBytes: UInt64 { space.bytes }

  /// Whether the file system has the room that is to stay free; says so to the node when that changes.
  mutating func hasRoom(_ now: LocalTime) -> Bool {
    let writes = journal.hasPending || node.wantsRotation || journal.needsRotation
    guard space.isDue(now, writing: writes), let free = journal.disk.freeBytes() else {
      return !space.isShort
    }
    let wasShort = space.isShort
    space.note(free + journal.reclaimableBytes, now)
    if space.isShort && !wasShort { node.diskIs(fit: false) }
    if wasShort { becomeFit() }
    return !space.isShort
  }

  mutating func diskFailed(
    _ reason: JournalError<D.Failure>, _ now: LocalTime, atRotation: Bool = false
  ) {
    lastDiskFailure = reason
    trouble.begin(now)
    if atRotation { trouble.needsRotation = true }
    node.diskIs(fit: false)
    look(now)
  }

  /// What was wrong may be over.
  mutating func becomeFit() {
    guard node.isUnfit, journal.failure == nil, !trouble.needsRotation, !space.isShort else { return }
    node.diskIs(fit: true)
    trouble.end()
  }
}
