// The journal's disk on a real file system: the files of one locked state directory. What must not stall
// the agent is not synced here but handed to the sync thread, which `syncTarget` prepares.
import CBoard
import NodCore
import NodJournal

extension BoardFailure: DiskFailure {
  package var explanation: String { "\(description) (\(code))" }
}

// Public, since Embedded Swift finds the deinit of any other type within its own module only.
public struct FileDisk: Disk, ~Copyable {
  package typealias Failure = BoardFailure

  /// Bytes for the names of all files in the directory; more than a journal's few means that something else
  /// fills it.
  private static let listingBytes = 4 << 10
  /// See `Disk`: at most three.
  private static let openLimit = 4
  private static let none: Int32 = -1

  package let directory: StateDirectory
  /// Descriptors that are open, `none` where there is room.
  private var opened = InlineArray<4, Int32>(repeating: FileDisk.none)
  /// A file's name with the zero byte that C wants; and all names of a listing. Taken once: a change of
  /// segment allocates nothing.
  private let nameBuffer: UnsafeMutableRawBufferPointer
  private let listing: UnsafeMutableRawBufferPointer

  package init(directory: consuming StateDirectory) {
    self.directory = directory
    nameBuffer = .allocate(byteCount: 2 * (FileName.byteCount + 1), alignment: 1)
    listing = .allocate(byteCount: FileDisk.listingBytes, alignment: 1)
  }

  deinit {
    for i in 0..<FileDisk.openLimit where opened[i] != FileDisk.none { board_close(opened[i]) }
    nameBuffer.deallocate()
    listing.deallocate()
  }

  private mutating func remember(_ fd: Int32) -> OpenFile {
    for i in 0..<FileDisk.openLimit where opened[i] == FileDisk.none {
      opened[i] = fd
      return OpenFile(fd)
    }
    preconditionFailure("a journal has at most three files open")
  }

  /// What the sync thread is given for a sync that the journal asks for.
  package func syncTarget(_ target: SyncTarget) -> SyncThread.Target {
    switch target {
    case .file(let file): .data(descriptor: file.raw)
    case .directory: .names(descriptor: directory.descriptor)
    }
  }

  package mutating func list(_ visit: (FileName) -> Void) throws(BoardFailure) {
    let used = board_directory_list(directory.descriptor, "journal-", listing.baseAddress, listing.count)
    if used < 0 { throw BoardFailure("list", directory.path, verdict: Int32(truncatingIfNeeded: used)) }
    var start = 0
    for end in 0..<Int(used) where listing[end] == 0 {
      if let name = FileName(Bytes(rebasing: listing[start..<end])) { visit(name) }
      start = end + 1
    }
  }

  package mutating func open(_ name: FileName) throws(BoardFailure) -> OpenFile? {
    let verdict = board_file_open(directory.descriptor, cString(name), BOARD_FILE_WRITE)
    if verdict < 0 {
      if board_error_is_missing(verdict) != 0 { return nil }
      throw BoardFailure("open", name.text, verdict: verdict)
    }
    return remember(verdict)
  }

  package mutating func create(_ name: FileName) throws(BoardFailure) -> OpenFile {
    // A new file, so that whoever still has the old one open does not see it change.
    let removed = board_file_remove(directory.descriptor, cString(name))
    if removed < 0 && board_error_is_missing(removed) == 0 {
      throw BoardFailure("replace", name.text, verdict: removed)
    }
    let how = BOARD_FILE_WRITE | BOARD_FILE_CREATE | BOARD_FILE_EXCLUSIVE
    let fd = try checked(board_file_open(directory.descriptor, cString(name), how), "create", name.text)
    return remember(fd)
  }

  package mutating func close(_ file: OpenFile) {
    for i in 0..<FileDisk.openLimit where opened[i] == file.raw { opened[i] = FileDisk.none }
    board_close(file.raw)
  }

  package mutating func write(_ bytes: Bytes, to file: OpenFile, at offset: UInt64) throws(BoardFailure) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    let verdict = board_file_write(file.raw, start, bytes.count, Int64(offset))
    if verdict < 0 { throw BoardFailure("write", verdict: Int32(truncatingIfNeeded: verdict)) }
  }

  package mutating func read(
    from file: OpenFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(BoardFailure) -> Int {
    guard let start = buffer.baseAddress, buffer.count > 0 else { return 0 }
    let verdict = board_file_read(file.raw, start, buffer.count, Int64(offset))
    if verdict < 0 { throw BoardFailure("read", verdict: Int32(truncatingIfNeeded: verdict)) }
    return Int(verdict)
  }

  package mutating func size(of file: OpenFile) throws(BoardFailure) -> UInt64 {
    let verdict = board_file_size(file.raw)
    if verdict < 0 { throw BoardFailure("measure", verdict: Int32(truncatingIfNeeded: verdict)) }
    return UInt64(verdict)
  }

  package mutating func truncate(_ file: OpenFile, to byteCount: UInt64) throws(BoardFailure) {
    _ = try checked(board_file_truncate(file.raw, Int64(byteCount)), "truncate")
  }

  package mutating func rename(_ name: FileName, to newName: FileName) throws(BoardFailure) {
    let verdict = board_file_rename(directory.descriptor, cString(name), cString(newName, second: true))
    _ = try checked(verdict, "rename", "\(name.text) to \(newName.text)")
  }

  package mutating func remove(_ name: FileName) throws(BoardFailure) {
    _ = try checked(board_file_remove(directory.descriptor, cString(name)), "remove", name.text)
  }

  package mutating func sync(_ target: SyncTarget) throws(BoardFailure) {
    switch target {
    case .file(let file): _ = try checked(board_file_sync(file.raw), "sync")
    case .directory: _ = try checked(board_directory_sync(directory.descriptor), "sync", directory.path)
    }
  }

  package mutating func freeBytes() -> UInt64? {
    directory.freeBytes.map { UInt64(max(0, $0)) }
  }

  /// A name for C, good until the next call; `second` gives a place of its own to the second of two names.
  private func cString(_ name: FileName, second: Bool = false) -> UnsafePointer<CChar> {
    let size = FileName.byteCount + 1
    let start = second ? size : 0
    let place = UnsafeMutableRawBufferPointer(rebasing: nameBuffer[start..<start + size])
    name.write(into: place)
    place[size - 1] = 0
    return UnsafePointer(place.assumingMemoryBound(to: CChar.self).baseAddress!)
  }
}
