// The acceptor out of its journal, and into the checkpoint of a new segment: the same records, both ways.

extension Acceptor {
  /// Takes one record of the journal, in order. Records of other owners are not for this function.
  package mutating func restore(_ kind: RecordKind, _ payload: Bytes, payloadLimit: Int) throws(RecordError) {
    var input = ByteReader(payload)
    switch kind {
    case .promised:
      promised = BallotCodec.read(&input)
    case .entry, .staged:
      try restoreEntry(kind, &input, payloadLimit: payloadLimit)
    case .stageBegin:
      let base = LogIndex(input.varint())
      guard base <= log.last else { throw .outOfPlace(kind.rawValue) }
      stageBase = base
      staged.restart(after: base)
    case .aligned:
      try restoreAlignment(&input)
    case .decided:
      let index = LogIndex(input.varint())
      _ = settleRestored(index)
    case .base:
      let index = LogIndex(input.varint())
      accepted = BallotCodec.read(&input)
      committedBegin = BallotCodec.read(&input)
      baseBegin = committedBegin
      log.restart(after: index)
      staged.restart(after: index)
      commit = index
      stageBase = index
    default:
      throw .outOfPlace(kind.rawValue)
    }
    if input.failed || !input.isAtEnd { throw .malformed(kind.rawValue) }
  }

  private mutating func restoreEntry(_ kind: RecordKind, _ input: inout ByteReader, payloadLimit: Int)
    throws(RecordError)
  {
    let index = LogIndex(input.varint())
    var unknown = false
    guard
      let (head, payload) = EntryCodec.read(
        &input, base: .zero, payloadLimit: payloadLimit, unknownKind: &unknown)
    else {
      if unknown { throw .unknownEntryKind }
      throw .malformed(kind.rawValue)
    }
    if kind == .entry {
      guard index == log.last + 1, log.append(head, payload) else { throw .outOfPlace(kind.rawValue) }
    } else {
      guard index == staged.last + 1, staged.append(head, payload) else { throw .outOfPlace(kind.rawValue) }
    }
  }

  private mutating func restoreAlignment(_ input: inout ByteReader) throws(RecordError) {
    let ballot = BallotCodec.read(&input)
    let base = LogIndex(input.varint())
    let end = LogIndex(input.varint())
    if input.failed { throw .malformed(RecordKind.aligned.rawValue) }
    guard ballot > accepted, base <= log.last, base + 1 >= log.first, end >= base, end >= commit else {
      throw .outOfPlace(RecordKind.aligned.rawValue)
    }
    if end > base || base < log.last {
      guard end == base || (staged.last == end && staged.first == base + 1), log.fits(staged, after: base)
      else {
        throw .outOfPlace(RecordKind.aligned.rawValue)
      }
      log.truncate(after: base)
      var i = base + 1
      while i <= end {
        guard log.append(staged.head(i), staged.payload(i)) else {
          throw .outOfPlace(RecordKind.aligned.rawValue)
        }
        i = i + 1
      }
    }
    accepted = ballot
    if promised < ballot { promised = ballot }
    staged.restart(after: end)
    stageBase = end
  }

  private mutating func settleRestored(_ index: LogIndex) -> Bool {
    learn(min(index, log.last), in: accepted)
  }

  /// What was staged but not aligned when the power went is worth nothing.
  package mutating func finishRecovery() {
    abandonStage()
    stageBase = log.last
    staged.restart(after: log.last)
    claim = (accepted, commit)
  }

  /// Everything above the snapshot, as records of a checkpoint.
  package func checkpoint<E: Error>(
    scratch: UnsafeMutableRawBufferPointer, _ put: (UInt8, Bytes) throws(E) -> Void
  ) throws(E) {
    var out = ByteWriter(scratch)
    out.varint(log.first.raw - 1)
    BallotCodec.write(accepted, to: &out)
    BallotCodec.write(baseBegin, to: &out)
    try put(RecordKind.base.rawValue, out.written)
    out = ByteWriter(scratch)
    BallotCodec.write(promised, to: &out)
    try put(RecordKind.promised.rawValue, out.written)
    var i = log.first
    while i <= log.last {
      out = ByteWriter(scratch)
      out.varint(i.raw)
      EntryCodec.write(log.head(i), log.payload(i), at: i, base: .zero, to: &out)
      precondition(!out.overflowed, "scratch holds the largest entry")
      try put(RecordKind.entry.rawValue, out.written)
      i = i + 1
    }
    out = ByteWriter(scratch)
    out.varint(commit.raw)
    try put(RecordKind.decided.rawValue, out.written)
    if isStaging {
      out = ByteWriter(scratch)
      out.varint(stageBase.raw)
      try put(RecordKind.stageBegin.rawValue, out.written)
      i = staged.first
      while i <= staged.last {
        out = ByteWriter(scratch)
        out.varint(i.raw)
        EntryCodec.write(staged.head(i), staged.payload(i), at: i, base: .zero, to: &out)
        try put(RecordKind.staged.rawValue, out.written)
        i = i + 1
      }
    }
  }
}
