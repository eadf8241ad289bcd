// What a member would find on its disk if its power went now: a second reading of the journal's form, written
// after docs/journal.md and sharing no code with what it checks but the codecs of ballots and numbers. It is
// read on, not anew: only what a sync has added. Nothing here asks the node what it believes.
import NodCore
import NodJournal

/// One member's journal as it lies on the disk, synced bytes only.
struct DurableState {
  private(set) var mayVote = true
  private(set) var promised = Ballot.zero
  private(set) var accepted = Ballot.zero
  private(set) var last: UInt64 = 0
  /// The position of the snapshot that the log goes on behind.
  private(set) var base: UInt64 = 0
  private(set) var decided: UInt64 = 0
  /// A mark of each entry above the snapshot; equal marks, equal entries.
  private(set) var entries: [UInt64: UInt64] = [:]
  /// Entries at or below this have been given to `onEntry` in the accepted ballot.
  private var told: UInt64 = 0
  private var staged: [UInt64: UInt64] = [:]
  private var stageBase: UInt64 = 0

  // How far the segment was read.
  private var segment: UInt32?
  private var position = 0
  private var sequence: UInt64 = 0

  init() {}

  /// Reads on, from where the last call stopped or from the beginning of a newer segment.
  ///
  /// - Parameter onEntry: ballot, index and mark of each entry that is accepted and was not told before.
  /// - Returns: what is wrong with the journal, if anything.
  mutating func read(_ disk: SimDisk, _ onEntry: (Ballot, UInt64, UInt64) -> Void) -> String? {
    guard let name = disk.newestDurableSegment, let bytes = disk.durableBytes(of: name) else { return nil }
    return bytes.withUnsafeBytes { raw in
      let bytes = Bytes(rebasing: raw[...])
      if name.segment != segment, let fault = begin(name.segment, bytes) { return fault }
      return readBatches(bytes) ?? tell(onEntry)
    }
  }

  /// Header and checkpoint of a new segment: everything from before is in it, or is gone.
  private mutating func begin(_ number: UInt32, _ bytes: Bytes) -> String? {
    guard bytes.count >= 64 else { return "segment \(number) has no header" }
    var header = ByteReader(bytes.part(40, 64))
    let firstSequence = header.u64()
    let batchBytes = Int(header.u32())
    let checkpointLength = Int(header.u32())
    let start = 4096 + 2 * batchBytes
    guard bytes.count >= start + checkpointLength else { return "segment \(number) ends in its checkpoint" }
    self = DurableState()
    segment = number
    sequence = firstSequence
    position = (start + checkpointLength + 15) & ~15
    return take(bytes.part(start, start + checkpointLength))
  }

  private mutating func readBatches(_ bytes: Bytes) -> String? {
    while position + 32 <= bytes.count {
      var header = ByteReader(bytes.part(position, position + 32))
      guard header.u32() == 0x6274_6162, header.u32() == segment, header.u64() == sequence,
        header.u64() == UInt64(position)
      else { return nil }
      let length = Int(header.u32())
      let end = position + 32 + length
      guard end <= bytes.count else { return nil }
      if let fault = take(bytes.part(position + 32, end)) { return fault }
      position = (end + 15) & ~15
      sequence += 1
    }
    return nil
  }

  private mutating func take(_ records: Bytes) -> String? {
    var input = ByteReader(records)
    while !input.isAtEnd {
      let kind = input.u8()
      let length = Int(input.varint())
      let payload = input.bytes(length)
      if input.failed { return "a record is cut short" }
      if let fault = take(kind, payload) { return fault }
    }
    return nil
  }

  private mutating func take(_ kind: UInt8, _ payload: Bytes) -> String? {
    var input = ByteReader(payload)
    switch RecordKind(rawValue: kind) {
    case .genesis: mayVote = payload.count > 0 && payload[payload.count - 1] == 1
    case .disqualified: mayVote = false
    case .promised: promised = BallotCodec.read(&input)
    case .entry:
      let index = input.varint()
      guard index == last + 1 else { return "entry \(index) follows \(last)" }
      last = index
      entries[index] = mark(payload)
    case .stageBegin:
      stageBase = input.varint()
      staged = [:]
    case .staged:
      let index = input.varint()
      staged[index] = mark(payload)
    case .aligned: return align(&input)
    case .decided: decided = max(decided, input.varint())
    case .base:
      base = input.varint()
      last = base
      decided = base
      accepted = BallotCodec.read(&input)
    default: break
    }
    return input.failed ? "a record of kind \(kind) cannot be read" : nil
  }

  private mutating func align(_ input: inout ByteReader) -> String? {
    let ballot = BallotCodec.read(&input)
    let from = input.varint()
    let end = input.varint()
    if input.failed { return "an alignment cannot be read" }
    var index = from
    while index < last {
      index += 1
      entries[index] = nil
    }
    index = from
    while index < end {
      index += 1
      guard let entry = staged[index] else { return "aligned to \(end), \(index) was not staged" }
      entries[index] = entry
    }
    last = end
    accepted = ballot
    promised = max(promised, ballot)
    staged = [:]
    told = 0
    return nil
  }

  private mutating func tell(_ onEntry: (Ballot, UInt64, UInt64) -> Void) -> String? {
    var index = max(told, base)
    while index < last {
      index += 1
      guard let entry = entries[index] else { return "the log ends at \(last) and has no \(index)" }
      onEntry(accepted, index, entry)
    }
    told = last
    return nil
  }

  private func mark(_ payload: Bytes) -> UInt64 { entryMark(payload) }
}

/// A 64-bit FNV-1a hash of an entry with its index, as it stands in a record.
func entryMark(_ bytes: Bytes) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
  return hash
}
