// A disk in memory whose power can be cut: the real journal runs on it, and is asked afterwards what it
// remembers. What was not synced is lost, or kept, in any subset of 512-byte sectors, the seed decides; a
// name that was not synced may be the old or the new one. Bits rot where they are told to; space runs out;
// syncs fail and forget, as kernels do.
import NodCore
import NodJournal

/// Why the simulated disk did not do what it was asked.
package enum SimDiskFailure: DiskFailure, Equatable {
  case powerIsCut
  case full
  case readOnly
  case syncFailed
  case unreadable
  case noSuchFile

  package var explanation: String {
    switch self {
    case .powerIsCut: "the power is cut"
    case .full: "no space left on the simulated disk"
    case .readOnly: "the simulated disk is read-only"
    case .syncFailed: "input/output error of the simulated disk"
    case .unreadable: "the simulated sector cannot be read"
    case .noSuchFile: "no such simulated file"
    }
  }
  package var isFull: Bool { self == .full }
}

/// A class, so that the disk outlives the journal that the power cut takes away.
package final class SimDisk: Disk {
  package static let sectorBytes = 512

  package struct Counts: Sendable, Equatable {
    package var writes = 0
    package var syncs = 0
    package var bytesWritten = 0
    package var powerCuts = 0
    /// Everything that changes the disk: writes, syncs, names, sizes.
    package var changes = 0
  }

  /// A file's content: as programs see it, and as it would be found after a power cut.
  private final class Content {
    var cached: [UInt8] = []
    var durable: [UInt8] = []
    /// Sectors in which the two may differ and which the next sync writes.
    var dirty: Set<Int> = []
    /// Sectors whose sync failed: the kernel takes them for clean, the next sync does not write them.
    var forgotten: Set<Int> = []
    var isSizeDirty = false
    var unreadable: Set<Int> = []

    init() {}
    init(_ other: Content) {
      cached = other.cached
      durable = other.durable
      dirty = other.dirty
      forgotten = other.forgotten
      isSizeDirty = other.isSizeDirty
      unreadable = other.unreadable
    }
    /// Gives the durable content the size of the cached one.
    func settleSize() {
      let growth = cached.count - durable.count
      if growth < 0 { durable.removeLast(-growth) }
      if growth > 0 { durable.append(contentsOf: repeatElement(0, count: growth)) }
      isSizeDirty = false
    }
  }

  private enum NameChange {
    case link(FileName, Content)
    case rename(FileName, FileName, Content)
    case remove(FileName)
  }

  private var names: [FileName: Content] = [:]
  private var durableNames: [FileName: Content] = [:]
  private var nameChanges: [NameChange] = []
  private var openFiles: [Int32: Content] = [:]
  private var lastHandle: Int32 = 2
  private var random: UInt64

  package private(set) var counts = Counts()
  /// Operations that may still change the disk before the power goes; nil for as many as come. The power goes with the
  /// last of them if that is a write, else with the next one.
  package var operationsUntilPowerCut: Int?
  package private(set) var isPowerCut = false
  /// Bytes that all files together may hold.
  package var capacity = Int.max
  package var isReadOnly = false
  /// So many of the next syncs fail.
  package var failingSyncs = 0
  /// Is shown the disk as it is when each change begins, a write begun in part: to cut its power then.
  package var beforeChange: ((SimDisk) -> Void)?
  /// Sectors, too, are written in part when the power goes: some first bytes are new, the rest old.
  package var sectorsTear = false

  package init(seed: UInt64) { random = seed &* 2 &+ 1 }

  // MARK: What the world does to it

  /// The power goes. Of what was not synced, chance decides; after that the disk works again, with no file
  /// open.
  package func cutPower() {
    counts.powerCuts += 1
    for change in nameChanges where flip() { apply(change, to: &durableNames) }
    nameChanges = []
    for (_, content) in durableNames.sorted(by: { $0.key.order < $1.key.order }) { settle(content) }
    names = durableNames
    openFiles = [:]
    operationsUntilPowerCut = nil
    isPowerCut = false
  }

  /// The process dies and the kernel lives: files are closed, nothing is lost.
  package func killProcess() { openFiles = [:] }

  /// Turns over one bit, for good.
  package func rot(_ name: FileName, byte: Int, bit: Int) {
    guard let content = names[name], byte < content.cached.count else { return }
    content.cached[byte] ^= 1 << UInt8(bit)
    if byte < content.durable.count { content.durable[byte] ^= 1 << UInt8(bit) }
  }

  /// Puts bytes in place of others, for good, as if they had been durable always.
  package func overwrite(_ name: FileName, at offset: Int, with bytes: [UInt8]) {
    guard let content = names[name] else { return }
    for (i, byte) in bytes.enumerated() where offset + i < content.cached.count {
      content.cached[offset + i] = byte
      if offset + i < content.durable.count { content.durable[offset + i] = byte }
    }
  }

  /// Cuts a file short, for good, as a damaged file system does.
  package func shorten(_ name: FileName, to byteCount: Int) {
    guard let content = names[name], byteCount < content.cached.count else { return }
    content.cached.removeLast(content.cached.count - byteCount)
    content.durable = content.cached
  }

  /// Reads of this sector fail from now on.
  package func makeUnreadable(_ name: FileName, sector: Int) { names[name]?.unreadable.insert(sector) }

  // MARK: What is on it

  package var fileNames: [FileName] { names.keys.sorted { $0.order < $1.order } }
  package var byteCount: Int { names.values.reduce(0) { $0 + $1.cached.count } }
  package func bytes(of name: FileName) -> [UInt8]? { names[name]?.cached }
  /// What a power cut now could not take away: the newest finished segment, and its bytes.
  var newestDurableSegment: FileName? {
    durableNames.keys.filter { !$0.isTemporary }.max { $0.segment < $1.segment }
  }
  func durableBytes(of name: FileName) -> [UInt8]? { durableNames[name]?.durable }

  /// The same disk, cache and all, with no file open, whose chance goes another way. O(files): bytes are
  /// shared.
  package func fork(seed: UInt64) -> SimDisk {
    let fork = SimDisk(seed: seed)
    var copies: [ObjectIdentifier: Content] = [:]
    func copy(_ content: Content) -> Content {
      if let known = copies[ObjectIdentifier(content)] { return known }
      let new = Content(content)
      copies[ObjectIdentifier(content)] = new
      return new
    }
    fork.names = names.mapValues(copy)
    fork.durableNames = durableNames.mapValues(copy)
    fork.nameChanges = nameChanges.map {
      switch $0 {
      case .link(let name, let content): .link(name, copy(content))
      case .rename(let old, let new, let content): .rename(old, new, copy(content))
      case .remove(let name): .remove(name)
      }
    }
    fork.sectorsTear = sectorsTear
    return fork
  }

  // MARK: Disk

  package func list(_ visit: (FileName) -> Void) throws(SimDiskFailure) {
    try check()
    for name in fileNames { visit(name) }
  }

  package func open(_ name: FileName) throws(SimDiskFailure) -> OpenFile? {
    try check()
    return names[name].map(handle)
  }

  package func create(_ name: FileName) throws(SimDiskFailure) -> OpenFile {
    try beginChange()
    if byteCount >= capacity { throw .full }
    let content = Content()
    names[name] = content
    nameChanges.append(.link(name, content))
    return handle(content)
  }

  package func close(_ file: OpenFile) { openFiles[file.raw] = nil }

  package func write(_ bytes: Bytes, to file: OpenFile, at offset: UInt64) throws(SimDiskFailure) {
    let content = try content(file)
    let isLast = operationsUntilPowerCut == 1
    try beginChange(writing: bytes, to: content, at: Int(offset))
    counts.writes += 1
    counts.bytesWritten += bytes.count
    // The last write before the power cut may reach the cache in part. Then the power is gone: nobody may sync what
    // was torn, nor hear that it was written.
    let kept = isLast ? partOf(bytes.count) : bytes.count
    defer { if isLast { isPowerCut = true } }
    let growth = max(0, Int(offset) + kept - content.cached.count)
    guard growth == 0 || byteCount + growth <= capacity else {
      let room = max(0, min(kept, capacity - byteCount + content.cached.count - Int(offset)))
      place(bytes.part(0, room), in: content, at: Int(offset))
      throw .full
    }
    place(bytes.part(0, kept), in: content, at: Int(offset))
    if isLast { throw .powerIsCut }
  }

  package func read(
    from file: OpenFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(SimDiskFailure) -> Int {
    try check()
    let content = try content(file)
    let begin = Int(offset)
    let count = max(0, min(buffer.count, content.cached.count - begin))
    guard count > 0 else { return 0 }
    if !content.unreadable.isEmpty {
      for sector in begin / SimDisk.sectorBytes...(begin + count - 1) / SimDisk.sectorBytes
      where content.unreadable.contains(sector) {
        throw .unreadable
      }
    }
    content.cached.withUnsafeBytes {
      UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        .copyMemory(from: Bytes(rebasing: $0[begin..<begin + count]))
    }
    return count
  }

  package func size(of file: OpenFile) throws(SimDiskFailure) -> UInt64 {
    try check()
    return UInt64(try content(file).cached.count)
  }

  package func truncate(_ file: OpenFile, to byteCount: UInt64) throws(SimDiskFailure) {
    let content = try content(file)
    try beginChange()
    let count = Int(byteCount)
    if count < content.cached.count { content.cached.removeLast(content.cached.count - count) }
    while content.cached.count < count { content.cached.append(0) }
    content.isSizeDirty = true
    if count % SimDisk.sectorBytes != 0 { content.dirty.insert(count / SimDisk.sectorBytes) }
  }

  package func rename(_ name: FileName, to newName: FileName) throws(SimDiskFailure) {
    try beginChange()
    guard let content = names[name] else { throw .noSuchFile }
    names[newName] = content
    names[name] = nil
    nameChanges.append(.rename(name, newName, content))
  }

  package func remove(_ name: FileName) throws(SimDiskFailure) {
    try beginChange()
    guard names.removeValue(forKey: name) != nil else { throw .noSuchFile }
    nameChanges.append(.remove(name))
  }

  package func sync(_ target: SyncTarget) throws(SimDiskFailure) {
    try beginChange(evenWhenReadOnly: true)
    counts.syncs += 1
    let fails = failingSyncs > 0
    if fails { failingSyncs -= 1 }
    switch target {
    case .file(let file):
      let content = try content(file)
      if fails {
        content.forgotten.formUnion(content.dirty)
        content.dirty = []
        throw .syncFailed
      }
      flush(content)
    case .directory:
      if fails { throw .syncFailed }
      for change in nameChanges { apply(change, to: &durableNames) }
      nameChanges = []
    }
  }

  // MARK: Within

  private func check() throws(SimDiskFailure) {
    if isPowerCut { throw .powerIsCut }
  }

  /// Counts one change; when the power goes with it, it does not happen.
  private func beginChange(evenWhenReadOnly: Bool = false) throws(SimDiskFailure) {
    try check()
    if isReadOnly && !evenWhenReadOnly { throw .readOnly }
    if let left = operationsUntilPowerCut {
      guard left > 0 else {
        isPowerCut = true
        throw .powerIsCut
      }
      operationsUntilPowerCut = left - 1
    }
    counts.changes += 1
    if let beforeChange { beforeChange(fork(seed: next())) }
  }

  /// The same for a write, whose beginning may be seen before its end.
  private func beginChange(writing bytes: Bytes, to content: Content, at offset: Int) throws(SimDiskFailure) {
    guard let observer = beforeChange else { return try beginChange() }
    beforeChange = nil
    defer { beforeChange = observer }
    try beginChange()
    let begun = fork(seed: next())
    if let name = names.first(where: { $0.value === content })?.key, let same = begun.names[name] {
      place(bytes.part(0, partOf(bytes.count)), in: same, at: offset)
    }
    observer(begun)
  }

  private func partOf(_ count: Int) -> Int { flip() ? count : Int(next() % UInt64(count + 1)) }

  private func content(_ file: OpenFile) throws(SimDiskFailure) -> Content {
    guard let content = openFiles[file.raw] else { throw isPowerCut ? .powerIsCut : .noSuchFile }
    return content
  }

  private func handle(_ content: Content) -> OpenFile {
    lastHandle += 1
    openFiles[lastHandle] = content
    return OpenFile(lastHandle)
  }

  private func place(_ bytes: Bytes, in content: Content, at offset: Int) {
    guard bytes.count > 0 else { return }
    let sector = SimDisk.sectorBytes
    let oldCount = content.cached.count
    if offset + bytes.count > oldCount {
      content.cached.append(contentsOf: repeatElement(0, count: offset + bytes.count - oldCount))
      content.isSizeDirty = true
      content.dirty.formUnion(oldCount / sector...(offset + bytes.count - 1) / sector)
    }
    content.cached.withUnsafeMutableBytes {
      UnsafeMutableRawBufferPointer(rebasing: $0[offset..<offset + bytes.count]).copyMemory(from: bytes)
    }
    let touched = offset / sector...(offset + bytes.count - 1) / sector
    content.dirty.formUnion(touched)
    content.forgotten.subtract(touched)
    content.unreadable.subtract(touched)
  }

  private func flush(_ content: Content) {
    content.settleSize()
    for sector in content.dirty { keep(sector, of: content) }
    content.dirty = []
  }

  /// After the power cut: chance keeps the new size or the old, and each unsynced sector or not.
  private func settle(_ content: Content) {
    if content.isSizeDirty && flip() { content.settleSize() }
    // Now and then all or nothing, for a long batch seldom meets those otherwise.
    let mood = next() % 4
    for sector in content.dirty.union(content.forgotten).sorted() {
      if mood == 0 || (mood > 1 && flip()) { keep(sector, of: content, torn: sectorsTear && flip()) }
    }
    content.cached = content.durable
    content.dirty = []
    content.forgotten = []
    content.isSizeDirty = false
  }

  private func keep(_ sector: Int, of content: Content, torn: Bool = false) {
    let begin = sector * SimDisk.sectorBytes
    var end = min(begin + SimDisk.sectorBytes, content.durable.count, content.cached.count)
    guard begin < end else { return }
    if torn { end = begin + Int(next() % UInt64(end - begin)) }
    guard begin < end else { return }
    content.durable.replaceSubrange(begin..<end, with: content.cached[begin..<end])
  }

  private func apply(_ change: NameChange, to names: inout [FileName: Content]) {
    switch change {
    case .link(let name, let content): names[name] = content
    case .rename(let old, let new, let content):
      names[new] = content
      if names[old] === content { names[old] = nil }
    case .remove(let name): names[name] = nil
    }
  }

  private func flip() -> Bool { next() & 1 == 0 }

  /// SplitMix64 (Steele, Lea and Flood 2014).
  private func next() -> UInt64 {
    random &+= 0x9e37_79b9_7f4a_7c15
    var z = random
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

extension FileName {
  /// Names in the order of the segments, finished ones first.
  fileprivate var order: UInt64 { UInt64(segment) * 2 + (isTemporary ? 1 : 0) }
}
