// The acceptor: what this node promised, what it accepted, what it knows to be decided. All of it is
// durable state
// (Lamport 2001, section 2.2): every change writes its record, and the node speaks of it only when that is
// on disk.

/// Invariants, asserted where they are kept:
/// - `accepted <= promised`, and neither goes back.
/// - The log up to `last` is a prefix of the log of the leader of `accepted`. (Alignment is atomic: the log
///   of another
///   ballot is staged beside this one, and takes its place in one record, only when it reaches that
///   ballot's `begin`.)
/// - `commit <= last`; no entry at or below `commit` ever changes.
public struct Acceptor: ~Copyable {
  package internal(set) var promised = Ballot.zero
  package internal(set) var accepted = Ballot.zero
  package internal(set) var log: Log
  /// Entries 1 ... commit of this log are decided.
  package internal(set) var commit = LogIndex.zero
  /// The ballot of the newest `begin` at or below `commit`.
  package internal(set) var committedBegin = Ballot.zero
  /// The ballot of the newest `begin` below the retained log.
  package internal(set) var baseBegin = Ballot.zero
  /// The highest decided index heard of, and the accepted ballot of the log it was said of.
  package internal(set) var claim = (ballot: Ballot.zero, index: LogIndex.zero)

  /// The log of `stageBallot` from `stageBase` on, beside the accepted one; it counts for nothing yet.
  package internal(set) var staged: Log
  package internal(set) var isStaging = false
  package internal(set) var stageBallot = Ballot.zero
  package internal(set) var stageBase = LogIndex.zero
  var holes: Holes
  /// Set when a staged `begin` of `stageBallot` was reached.
  var stageHasBegin = false
  /// Something was refused because the log is full: a snapshot must make room.
  var lacksRoom = false

  package init(logEntries: Int, logBytes: Int, holes: Int, payloadLimit: Int) {
    log = Log(capacity: logEntries, byteCount: logBytes)
    staged = Log(capacity: logEntries, byteCount: logBytes)
    self.holes = Holes(capacity: holes, payloadLimit: payloadLimit)
  }

  package var last: LogIndex { log.last }
  /// The index that this node misses first in the log of `ballot`.
  package func next(in ballot: Ballot) -> LogIndex {
    isStaging && ballot == stageBallot ? staged.last + 1 : log.last + 1
  }

  // MARK: promise

  /// Promises to accept nothing below `ballot`. Idempotent; false when a higher one was promised.
  package mutating func promise(_ ballot: Ballot, _ records: inout RecordBuffer) -> Bool {
    guard ballot >= promised else { return false }
    if ballot > promised {
      promised = ballot
      records.append(.promised) { out in BallotCodec.write(ballot, to: &out) }
    }
    return true
  }

  // MARK: accept

  /// Takes one entry of the log of `ballot`: appends it, stages it, keeps it behind a hole, or ignores it.
  ///
  /// - Returns: whether log or staging grew.
  package mutating func accept(
    _ index: LogIndex, _ head: EntryHead, _ payload: Bytes, in ballot: Ballot, _ records: inout RecordBuffer
  ) -> Bool {
    if ballot == accepted && promised == accepted {
      if index == log.last + 1 {
        guard append(head, payload, &records) else { return false }
        drainHoles(&records)
        return true
      }
      if index > log.last { keep(index, head, payload, ballot, next: log.last + 1) }
      return false
    }
    guard isStaging, ballot == stageBallot else { return false }
    if head.kind == .begin { shortenStage(to: index, payload, &records) }
    if index == staged.last + 1 {
      guard stage(head, payload, &records) else { return false }
      drainHoles(&records)
      return true
    }
    if index > staged.last { keep(index, head, payload, ballot, next: staged.last + 1) }
    return false
  }

  private mutating func keep(
    _ index: LogIndex, _ head: EntryHead, _ payload: Bytes, _ ballot: Ballot, next: LogIndex
  ) {
    if holes.ballot != ballot { holes.restart(in: ballot) }
    holes.put(index, head, payload, next: next)
  }

  private mutating func drainHoles(_ records: inout RecordBuffer) {
    while holes.count > 0 {  // each turn takes one entry out
      let toStage = isStaging && holes.ballot == stageBallot
      guard toStage || (holes.ballot == accepted && promised == accepted) else { return }
      let next = (toStage ? staged.last : log.last) + 1
      guard holes.has(next) else { return }
      let grew =
        toStage
        ? stage(holes.head(next), holes.payload(next), &records)
        : append(holes.head(next), holes.payload(next), &records)
      guard grew else { return }
      holes.remove(next)
    }
  }

  /// Appends behind the last entry in the accepted ballot. false: the log is full, or the batch is.
  package mutating func append(_ head: EntryHead, _ payload: Bytes, _ records: inout RecordBuffer) -> Bool {
    precondition(promised == accepted, "S01: nothing is accepted below a promise")
    guard records.free > payload.count + Limits.recordReserve else { return false }
    guard log.append(head, payload) else {
      lacksRoom = true
      return false
    }
    let index = log.last
    records.append(.entry) { out in
      out.varint(index.raw)
      EntryCodec.write(head, payload, at: index, base: .zero, to: &out)
    }
    return true
  }

  // MARK: alignment

  /// Begins to stage the log of `ballot` behind what this log surely shares with it.
  ///
  /// The ballot is above the accepted one; a candidate may also stage the accepted one's log, to adopt it
  /// whole.
  package mutating func beginStage(of ballot: Ballot, base: LogIndex, _ records: inout RecordBuffer) {
    precondition(ballot >= accepted && base >= commit && base <= log.last)
    isStaging = true
    stageBallot = ballot
    stageBase = base
    stageHasBegin = false
    staged.restart(after: base)
    holes.restart(in: ballot)
    records.append(.stageBegin) { out in out.varint(base.raw) }
  }

  private mutating func stage(_ head: EntryHead, _ payload: Bytes, _ records: inout RecordBuffer) -> Bool {
    guard records.free > payload.count + Limits.recordReserve, staged.append(head, payload) else {
      return false
    }
    if head.kind == .begin, let start = BallotStart(payload), start.ballot == stageBallot {
      stageHasBegin = true
    }
    let index = staged.last
    records.append(.staged) { out in
      out.varint(index.raw)
      EntryCodec.write(head, payload, at: index, base: .zero, to: &out)
    }
    return true
  }

  /// The ballot's `begin` names the accepted ballot whose log was adopted. Who accepted in that one too
  /// holds a prefix
  /// of the same log, so only what lies behind it is needed.
  private mutating func shortenStage(to begin: LogIndex, _ payload: Bytes, _ records: inout RecordBuffer) {
    guard let start = BallotStart(payload), start.ballot == stageBallot, start.adopted == accepted else {
      return
    }
    let adoptedEnd = begin + (-1)
    let base = min(log.last, adoptedEnd)
    if base > staged.last && base >= commit { beginStage(of: stageBallot, base: base, &records) }
  }

  /// Whether the staged log holds everything its leader started from.
  package var stageIsComplete: Bool { isStaging && (stageHasBegin || committedBegin == stageBallot) }

  /// Switches to the staged log in one record (protocol review A1), accepted in `ballot`.
  ///
  /// - Parameter ballot: the staged ballot for a follower; the own new ballot for a candidate that adopts.
  /// - Returns: false when the log has no room yet; nothing has changed then.
  package mutating func align(to ballot: Ballot, _ records: inout RecordBuffer) -> Bool {
    guard staged.last >= commit else { return false }
    guard log.fits(staged, after: stageBase) else {
      lacksRoom = true
      return false
    }
    // S02: the accepted tail is cut only where its replacement is at hand, in the same batch of records.
    log.truncate(after: stageBase)
    var i = staged.first
    while i <= staged.last {
      guard log.append(staged.head(i), staged.payload(i)) else { preconditionFailure("room was checked") }
      i = i + 1
    }
    let end = staged.last
    switchBallot(to: ballot, base: stageBase, end: end, &records)
    staged.restart(after: end)
    return true
  }

  /// A candidate whose own log is the best of its promises leads with it as it stands.
  package mutating func alignOwn(to ballot: Ballot, _ records: inout RecordBuffer) {
    switchBallot(to: ballot, base: log.last, end: log.last, &records)
  }

  private mutating func switchBallot(
    to ballot: Ballot, base: LogIndex, end: LogIndex, _ records: inout RecordBuffer
  ) {
    precondition(
      ballot > accepted && ballot == promised, "S03: a log is aligned to the promised ballot only, upward")
    precondition(end >= commit, "S04: an aligned log holds every decided entry")
    accepted = ballot
    abandonStage()
    holes.restart(in: ballot)
    records.append(.aligned) { out in
      BallotCodec.write(ballot, to: &out)
      out.varint(base.raw)
      out.varint(end.raw)
    }
  }

  /// Forgets what was staged: it never counted.
  package mutating func abandonStage() {
    isStaging = false
    stageBallot = .zero
    stageHasBegin = false
  }

  // MARK: decided

  /// Learns that entries up to `index` of the log of `ballot` are decided.
  ///
  /// - Returns: whether `commit` rose.
  package mutating func learn(_ index: LogIndex, in ballot: Ballot) -> Bool {
    if ballot == claim.ballot {
      claim.index = max(claim.index, index)
    } else if ballot > claim.ballot {
      claim = (ballot, index)
    }
    return settle(index, ballot)
  }
  /// Looks again at what was heard, after the log grew or was aligned.
  package mutating func relearn() -> Bool { settle(claim.index, claim.ballot) }

  private mutating func settle(_ index: LogIndex, _ ballot: Ballot) -> Bool {
    // An entry left from an older ballot is not the decided one: it never counts.
    guard ballot <= accepted else { return false }
    let reach = min(index, log.last)
    guard reach > commit else { return false }
    var i = max(commit + 1, log.first)
    while i <= reach {
      if log.head(i).kind == .begin, let start = BallotStart(log.payload(i)) { committedBegin = start.ballot }
      i = i + 1
    }
    commit = reach
    return true
  }

  // MARK: snapshot

  /// Forgets decided entries up to `index`, which a snapshot covers.
  package mutating func compact(through index: LogIndex) {
    precondition(index <= commit, "S05: only decided entries are compacted")
    var i = log.first
    while i <= min(index, log.last) {
      if log.head(i).kind == .begin, let start = BallotStart(log.payload(i)) { baseBegin = start.ballot }
      i = i + 1
    }
    log.compact(through: index)
    // The stage must not begin below the log that it is to continue.
    if isStaging && index > stageBase { cutStage(through: index) }
  }

  /// Takes a snapshot of decided state in place of what lies at or below it; accepted entries above stay
  /// (review A7).
  ///
  /// A log that ends with the snapshot is no longer a prefix of the log of the ballot it was accepted in. It is
  /// labelled with the newest ballot whose `begin` lies inside the snapshot, never with its sender's: a ballot whose
  /// `begin` is not reached is not aligned (S02). What changes here is durable only with the checkpoint that holds
  /// the snapshot.
  /// - Parameter begin: the ballot of the newest `begin` at or below `index`.
  /// - Returns: false when this log already holds more than the snapshot says.
  package mutating func install(snapshot index: LogIndex, begin: Ballot) -> Bool {
    guard index > commit else { return false }
    if index >= log.last {
      log.restart(after: index)
      if begin > accepted { relabel(begin) }
    } else {
      log.compact(through: index)
    }
    commit = index
    committedBegin = begin
    baseBegin = begin
    if isStaging && index > stageBase {
      holes.restart(in: holes.ballot)
      cutStage(through: index)
    }
    return true
  }
  /// What is decided need not be staged.
  private mutating func cutStage(through index: LogIndex) {
    if index >= staged.last { staged.restart(after: index) } else { staged.compact(through: index) }
    stageBase = index
  }

  private mutating func relabel(_ ballot: Ballot) {
    accepted = ballot
    if promised < ballot { promised = ballot }
    holes.restart(in: holes.ballot)
    // A follower that staged this ballot's log goes on behind the snapshot; a candidate still adopts what
    // it stages.
    if isStaging && stageBallot <= ballot && promised == ballot { abandonStage() }
  }
}
