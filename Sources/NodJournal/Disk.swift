// What the journal asks of a disk: a directory with a handful of named files, and two kinds of sync.
// The agent's file system and the simulator's disk, whose power is cut, stand behind the same protocol.
// Nothing here promises durability but `sync`: until it returns, any subset of what was written may be lost.
import NodCore

/// A file's name in the journal's directory: nothing but segments, and segments not finished yet, lives
/// there.
package struct FileName: Hashable, Sendable {
  package var segment: UInt32
  /// Being written; worth nothing until it is synced and renamed.
  package var isTemporary: Bool

  package init(segment: UInt32, isTemporary: Bool = false) {
    self.segment = segment
    self.isTemporary = isTemporary
  }

  /// The bytes of every name: "journal-00000001.nod" or "journal-00000001.tmp".
  package static let byteCount = 20

  /// The segment number has eight digits.
  package static let largestSegment: UInt32 = 99_999_999

  /// Reads a name found in the directory; nil for what is none of the journal's.
  package init?(_ bytes: Bytes) {
    guard bytes.count == FileName.byteCount else { return nil }
    var number: UInt32 = 0
    var i = 8
    while i < 16 {
      guard bytes[i] >= 0x30, bytes[i] <= 0x39 else { return nil }
      number = number * 10 + UInt32(bytes[i] - 0x30)
      i += 1
    }
    for isTemporary in [false, true] {
      let name = FileName(segment: number, isTemporary: isTemporary)
      var equal = true
      i = 0
      while i < FileName.byteCount {
        if bytes[i] != name.byte(i) { equal = false }
        i += 1
      }
      if equal {
        self = name
        return
      }
    }
    return nil
  }

  /// Writes the name as ASCII, without a NUL, into at least `byteCount` bytes.
  package func write(into buffer: UnsafeMutableRawBufferPointer) {
    precondition(buffer.count >= FileName.byteCount)
    var i = 0
    while i < FileName.byteCount {
      buffer[i] = byte(i)
      i += 1
    }
  }

  package var text: String {
    var digits = ""
    var i = 8
    while i < 16 {
      digits += String(byte(i) - 0x30)
      i += 1
    }
    return "journal-" + digits + (isTemporary ? ".tmp" : ".nod")
  }

  private func byte(_ index: Int) -> UInt8 {
    if index < 8 { return UInt8(FileName.stem >> UInt64(56 - 8 * index) & 0xff) }
    if index >= 16 {
      return UInt8((isTemporary ? FileName.temporary : FileName.final) >> UInt32(152 - 8 * index) & 0xff)
    }
    var rest = segment
    var i = 15
    while i > index {
      rest /= 10
      i -= 1
    }
    return 0x30 + UInt8(rest % 10)
  }
  private static let stem: UInt64 = 0x6a6f_7572_6e61_6c2d  // journal-
  private static let final: UInt32 = 0x2e6e_6f64  // .nod
  private static let temporary: UInt32 = 0x2e74_6d70  // .tmp
}

/// A file that a disk has open. A file system puts its descriptor here, so that another thread can sync it.
package struct OpenFile: Hashable, Sendable {
  package var raw: Int32
  package init(_ raw: Int32) { self.raw = raw }
}

/// What has to be made durable before the journal goes on.
package enum SyncTarget: Hashable, Sendable {
  /// The content and the size of a file (`fdatasync`).
  case file(OpenFile)
  /// The names in the journal's directory (`fsync` of the directory).
  case directory
}

/// Why a disk did not do what it was asked.
package protocol DiskFailure: Error {
  /// For a person: "No space left on device (28)".
  var explanation: String { get }
  /// Space is the trouble, so that waiting or removing files helps.
  var isFull: Bool { get }
}

/// A directory of journal files. At most three are open at a time; the disk closes what is open when it goes.
package protocol Disk: ~Copyable {
  associatedtype Failure: DiskFailure

  /// Hands over the name of every journal file, in any order, each once. Other files are left out.
  mutating func list(_ visit: (FileName) -> Void) throws(Failure)
  /// Opens for reading and writing; nil when there is no such file.
  mutating func open(_ name: FileName) throws(Failure) -> OpenFile?
  /// Makes an empty file and opens it. One of that name that exists is replaced by a new one, never written
  /// over.
  mutating func create(_ name: FileName) throws(Failure) -> OpenFile
  mutating func close(_ file: OpenFile)

  /// Writes all bytes, or throws: then any part of them may have been written. Past the end, the file grows.
  mutating func write(_ bytes: Bytes, to file: OpenFile, at offset: UInt64) throws(Failure)
  /// Reads as much as there is, up to the buffer's size.
  /// - Returns: bytes read; fewer than asked for only at the end of the file.
  mutating func read(
    from file: OpenFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Failure) -> Int
  mutating func size(of file: OpenFile) throws(Failure) -> UInt64
  mutating func truncate(_ file: OpenFile, to byteCount: UInt64) throws(Failure)

  /// Gives a file its new name, in place of one that may have had it. Files that are open stay open.
  mutating func rename(_ name: FileName, to newName: FileName) throws(Failure)
  mutating func remove(_ name: FileName) throws(Failure)

  /// Bytes that may still be written; nil when the disk cannot say.
  mutating func freeBytes() -> UInt64?

  /// Returns when the target is durable; blocks as long as that takes. The agent syncs on a thread of its
  /// own instead.
  mutating func sync(_ target: SyncTarget) throws(Failure)
}

extension Disk where Self: ~Copyable {
  package mutating func freeBytes() -> UInt64? { nil }
}
