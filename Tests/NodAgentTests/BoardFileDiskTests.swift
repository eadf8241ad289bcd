// The journal's disk and its locked directory on the real file system.
import CBoard
import Foundation
import NodAgent
import NodCore
import NodJournal
import Testing

@Suite struct BoardFileDiskTests {
  private let segment = FileName(segment: 1)
  private let temporary = FileName(segment: 2, isTemporary: true)

  private func makeDisk(_ scratch: ScratchDirectory) throws -> FileDisk {
    FileDisk(directory: try StateDirectory(path: scratch.path))
  }

  private func write(_ text: String, to file: OpenFile, at offset: UInt64, on disk: inout FileDisk) throws {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
    defer { bytes.deallocate() }
    bytes.copyBytes(from: text.utf8)
    try disk.write(Bytes(bytes), to: file, at: offset)
  }

  private func read(_ count: Int, from file: OpenFile, at offset: UInt64, on disk: inout FileDisk) throws
    -> String
  {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    let got = try disk.read(from: file, at: offset, into: buffer)
    return String(decoding: buffer[..<got], as: UTF8.self)
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let scratch = ScratchDirectory()
    var disk = try makeDisk(scratch)
    let file = try disk.create(segment)
    try write("hello world", to: file, at: 0, on: &disk)
    try write("W", to: file, at: 6, on: &disk)
    try write("far", to: file, at: 100, on: &disk)
    #expect(try read(11, from: file, at: 0, on: &disk) == "hello World")
    #expect(try disk.size(of: file) == 103)
    #expect(try read(50, from: file, at: 100, on: &disk) == "far")
    #expect(try read(50, from: file, at: 103, on: &disk) == "")
    try disk.truncate(file, to: 5)
    #expect(try read(50, from: file, at: 0, on: &disk) == "hello")
    try disk.sync(.file(file))
    try disk.sync(.directory)
    disk.close(file)
  }

  @Test func onlyTheJournalsFilesAreListed() throws {
    let scratch = ScratchDirectory()
    scratch.write("notes", "")
    scratch.write("journal-1.nod", "")
    scratch.write("journal-000000010.nod", "")
    var disk = try makeDisk(scratch)
    disk.close(try disk.create(segment))
    disk.close(try disk.create(temporary))
    var names: [String] = []
    try disk.list { names.append($0.text) }
    #expect(names.sorted() == ["journal-00000001.nod", "journal-00000002.tmp"])
    #expect(scratch.names().contains(StateDirectory.lockName))
  }

  @Test func aFileThatIsNotThereIsNil() throws {
    let scratch = ScratchDirectory()
    var disk = try makeDisk(scratch)
    #expect(try disk.open(segment) == nil)
  }

  @Test func creatingReplacesAndNeverWritesOver() throws {
    let scratch = ScratchDirectory()
    var disk = try makeDisk(scratch)
    let old = try disk.create(segment)
    try write("old", to: old, at: 0, on: &disk)
    let new = try disk.create(segment)
    #expect(try disk.size(of: new) == 0)
    #expect(try read(3, from: old, at: 0, on: &disk) == "old")
  }

  @Test func renamingReplacesAndKeepsWhatIsOpen() throws {
    let scratch = ScratchDirectory()
    var disk = try makeDisk(scratch)
    disk.close(try disk.create(FileName(segment: 2)))
    let file = try disk.create(temporary)
    try write("new", to: file, at: 0, on: &disk)
    try disk.rename(temporary, to: FileName(segment: 2))
    #expect(scratch.names() == ["journal-00000002.nod", "lock"])
    #expect(try read(3, from: file, at: 0, on: &disk) == "new")
    try disk.remove(FileName(segment: 2))
    #expect(scratch.names() == ["lock"])
  }

  @Test func removingWhatIsNotThereSaysSo() throws {
    let scratch = ScratchDirectory()
    var disk = try makeDisk(scratch)
    do {
      try disk.remove(segment)
      Issue.record("removed")
    } catch {
      #expect(error.isMissing)
      #expect(error.explanation == "cannot remove journal-00000001.nod: No such file or directory (2)")
    }
  }

  @Test func aFullDiskIsToldFromOtherTrouble() {
    #expect(BoardFailure("write", verdict: -ENOSPC).isFull)
    #expect(BoardFailure("write", verdict: -EDQUOT).isFull)
    #expect(!BoardFailure("write", verdict: -EIO).isFull)
  }

  @Test func filesAreReadableByNobodyElse() throws {
    let scratch = ScratchDirectory()
    var disk = try makeDisk(scratch)
    disk.close(try disk.create(segment))
    #expect(board_file_mode("\(scratch.path)/journal-00000001.nod") == 0o600)
    #expect(board_file_mode("\(scratch.path)/lock") == 0o600)
  }

  @Test func aSymbolicLinkIsNotFollowed() throws {
    let scratch = ScratchDirectory()
    let elsewhere = ScratchDirectory()
    let target = elsewhere.write("precious", "untouched")
    try FileManager.default.createSymbolicLink(
      atPath: "\(scratch.path)/journal-00000001.nod", withDestinationPath: target)
    var disk = try makeDisk(scratch)
    #expect(throws: BoardFailure.self) { _ = try disk.open(segment) }
    disk.close(try disk.create(segment))
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "untouched")
  }

  @Test func aSecondAgentOnTheSameDirectoryIsRefused() throws {
    let scratch = ScratchDirectory()
    do {
      let first = try StateDirectory(path: scratch.path)
      do {
        _ = try StateDirectory(path: scratch.path)
        Issue.record("locked twice")
      } catch {
        #expect(error.description.contains("in use by another nodd"))
        #expect(error.description.contains(scratch.path))
      }
      #expect(first.descriptor >= 0)
    }
    // Gone with its holder.
    let second = try StateDirectory(path: scratch.path)
    #expect((second.freeBytes ?? 0) > 0)
  }

  @Test func aDirectoryIsMadeOnceAndForTheOwnerOnly() throws {
    let scratch = ScratchDirectory()
    let path = "\(scratch.path)/state"
    let before = umask(0)
    defer { umask(before) }
    try StateDirectory.create(path: path)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o700)
    #expect(throws: BoardFailure.self) { try StateDirectory.create(path: path) }
  }

  @Test func aMissingDirectoryIsNamed() {
    do {
      _ = try StateDirectory(path: "/nowhere/nod")
      Issue.record("opened")
    } catch {
      #expect(error.description == "cannot open the state directory /nowhere/nod: No such file or directory")
    }
  }
}
