// The form of a segment file (docs/journal.md draws it):
//   header page | mirror slot 0 | mirror slot 1 | checkpoint | batches, each at a multiple of 16
// A batch is written at the end and into slot (sequence mod 2), both in one sync; the same bytes in both
// places. All numbers are little-endian.
import NodCore

package enum Segment {
  /// Header and mirror slots begin at multiples of this, so that no write to one can tear another.
  package static let pageBytes = 4096
  /// The largest batch that any journal may be made with.
  package static let batchBytesLimit = 1 << 20
  /// Batches begin at multiples of this; a search for them takes steps of it.
  static let batchAlignment: UInt64 = 16

  static func slotOffset(_ sequence: UInt64, batchBytes: Int) -> UInt64 {
    UInt64(pageBytes) + (sequence & 1) * UInt64(batchBytes)
  }
  static func checkpointOffset(batchBytes: Int) -> UInt64 { UInt64(pageBytes + 2 * batchBytes) }
  static func aligned(_ offset: UInt64) -> UInt64 { (offset + batchAlignment - 1) & ~(batchAlignment - 1) }
}

/// The first 64 bytes of a segment. In every version: the magic, the version at byte 8, the checksum at
/// byte 60.
struct SegmentHeader {
  static let byteCount = 64
  static let magic: UInt64 = 0x6c6e_726a_2d64_6f6e  // "nod-jrnl" in the file
  static let version: UInt16 = 1

  var segment: UInt32
  var owner: JournalOwner
  /// Drawn when the journal was made; part of every batch's checksum, so that no other journal's bytes pass.
  var identity: UInt64
  /// Sequence of the first batch; its predecessor stands in the mirror as an empty batch from the beginning.
  var firstSequence: UInt64
  var batchBytes: Int
  var checkpointLength: Int
  var checkpointChecksum: UInt32

  enum Fault: Error {
    case notAHeader
    case badChecksum
    case unknownVersion(UInt16)
  }

  var checkpointOffset: UInt64 { Segment.checkpointOffset(batchBytes: batchBytes) }
  var checkpointEnd: UInt64 { checkpointOffset + UInt64(checkpointLength) }
  /// Where batches begin.
  var batchesOffset: UInt64 { Segment.aligned(checkpointEnd) }
  var hasPossibleSizes: Bool {
    batchBytes > 0 && batchBytes % Segment.pageBytes == 0 && batchBytes <= Segment.batchBytesLimit
      && firstSequence > 0
  }

  func write(to buffer: UnsafeMutableRawBufferPointer) {
    var out = ByteWriter(buffer)
    out.u64(SegmentHeader.magic)
    out.u16(SegmentHeader.version)
    out.u8(owner.node.raw)
    out.u8(0)
    out.u32(segment)
    out.u64(owner.clusterLow)
    out.u64(owner.clusterHigh)
    out.u64(identity)
    out.u64(firstSequence)
    out.u32(UInt32(batchBytes))
    out.u32(UInt32(checkpointLength))
    out.u32(checkpointChecksum)
    var checksum = Checksum()
    checksum.add(out.written)
    out.u32(checksum.value)
    precondition(out.count == SegmentHeader.byteCount && !out.overflowed)
  }

  static func read(_ bytes: Bytes) throws(Fault) -> SegmentHeader {
    var input = ByteReader(bytes)
    guard bytes.count >= byteCount, input.u64() == magic else { throw .notAHeader }
    var checksum = Checksum()
    checksum.add(bytes.part(0, byteCount - 4))
    var sum = ByteReader(bytes.part(byteCount - 4, byteCount))
    guard sum.u32() == checksum.value else { throw .badChecksum }
    let found = input.u16()
    guard found == version else { throw .unknownVersion(found) }
    let node = NodeID(input.u8())
    _ = input.u8()
    let segment = input.u32()
    let owner = JournalOwner(clusterLow: input.u64(), clusterHigh: input.u64(), node: node)
    let header = SegmentHeader(
      segment: segment, owner: owner, identity: input.u64(), firstSequence: input.u64(),
      batchBytes: Int(clamping: input.u32()), checkpointLength: Int(clamping: input.u32()),
      checkpointChecksum: input.u32())
    return header
  }
}

/// What stands before the records of a batch. The checksum covers the journal's identity, the header and
/// the records; the header names segment and offset, so that bytes of another place, file or journal never
/// pass for a batch.
struct BatchHeader {
  static let byteCount = 32
  static let magic: UInt32 = 0x6274_6162  // "batb" in the file

  var segment: UInt32
  var sequence: UInt64
  /// Where the batch stands in the file; 0 for the empty one that a segment begins with in its mirror.
  var offset: UInt64
  /// Bytes of records.
  var length: Int
  var checksum: UInt32 = 0

  /// Bytes of header and records.
  var totalBytes: Int { BatchHeader.byteCount + length }
  /// Where the next batch begins.
  var end: UInt64 { Segment.aligned(offset + UInt64(totalBytes)) }

  /// Writes the header in front of `length` bytes of records that are in place already.
  func seal(_ buffer: UnsafeMutableRawBufferPointer, identity: UInt64) {
    var out = ByteWriter(buffer)
    out.u32(BatchHeader.magic)
    out.u32(segment)
    out.u64(sequence)
    out.u64(offset)
    out.u32(UInt32(length))
    out.u32(BatchHeader.checksum(Bytes(buffer).part(0, totalBytes), identity: identity))
    precondition(!out.overflowed && out.count == BatchHeader.byteCount)
  }

  /// The header alone, if it can be one of this segment; its checksum is not looked at.
  init?(plausible bytes: Bytes, in header: SegmentHeader) {
    guard bytes.count >= BatchHeader.byteCount else { return nil }
    var input = ByteReader(bytes)
    guard input.u32() == BatchHeader.magic else { return nil }
    segment = input.u32()
    sequence = input.u64()
    offset = input.u64()
    // Bytes that were never written: any number, on boards of 32 bits too.
    length = Int(clamping: input.u32())
    checksum = input.u32()
    guard segment == header.segment, sequence &+ 1 >= header.firstSequence,
      length <= header.batchBytes - BatchHeader.byteCount
    else { return nil }
  }

  init(segment: UInt32, sequence: UInt64, offset: UInt64, length: Int) {
    self.segment = segment
    self.sequence = sequence
    self.offset = offset
    self.length = length
  }

  /// Header and records together are what was written.
  func isIntact(_ bytes: Bytes, identity: UInt64) -> Bool {
    bytes.count >= totalBytes
      && checksum == BatchHeader.checksum(bytes.part(0, totalBytes), identity: identity)
  }

  private static func checksum(_ batch: Bytes, identity: UInt64) -> UInt32 {
    var sum = Checksum()
    sum.add(identity)
    sum.add(batch.part(0, byteCount - 4))
    sum.add(batch.part(byteCount, batch.count))
    return sum.value
  }
}

/// How a record stands among others, in the pending buffer, a batch and a checkpoint: kind, varint length,
/// payload.
enum RecordFraming {
  /// The largest record, framed.
  static let largest = 1 + 2 + JournalLimits.recordBytes

  static func byteCount(payload: Int) -> Int { 1 + ByteWriter.varintSize(UInt64(payload)) + payload }

  static func write(_ kind: UInt8, _ payload: Bytes, to out: inout ByteWriter) {
    out.u8(kind)
    out.varint(UInt64(payload.count))
    out.bytes(payload)
  }

  /// The next record; nil when what remains is not a whole one.
  static func read(_ input: inout ByteReader) -> (kind: UInt8, payload: Bytes)? {
    let kind = input.u8()
    let count = input.varint(atMost: UInt64(JournalLimits.recordBytes))
    let payload = input.bytes(Int(count))
    return input.failed ? nil : (kind, payload)
  }
}
