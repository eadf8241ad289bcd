// Turns a farm into directories, one for each node, with everything that the node needs and nobody else's
// secrets. All is written beside the place where it is to stand, synced, and put there by one rename: a
// cluster is made whole, or not at all.
import Foundation
import NodAgent
import NodConsole
import NodCore
import NodJournal
import NodSecurity

struct ClusterWriter {
  /// The directory to be made.
  let directory: String
  /// Where the nodes' sockets are put, by name; nil: where the farm says.
  let socketDirectory: String?

  private static let publicMode: mode_t = 0o644
  private static let secretMode: mode_t = 0o600
  private static let directoryMode: mode_t = 0o755
  /// The first key's number.
  private static let firstEpoch: UInt32 = 1

  /// Makes the cluster; the roster with its new keys is returned.
  func write(_ farm: Farm) throws -> Roster {
    try checkSockets(farm)
    try makeParents()
    guard access(directory, F_OK) != 0 else { throw occupied(EEXIST, directory) }
    let staging = directory + ".partial"
    guard mkdir(staging, Self.directoryMode) == 0 else { throw occupied(errno, staging) }
    do {
      let roster = try write(farm, into: staging)
      try checkAsTheAgentWill(roster, staging)
      sync()
      // The name is taken by making it, which fails when somebody else has it; then the whole takes its
      // place.
      guard mkdir(directory, Self.directoryMode) == 0 else { throw occupied(errno, directory) }
      guard rename(staging, directory) == 0 else { throw failed("put in place", directory) }
      sync()
      return roster
    } catch {
      try? FileManager.default.removeItem(atPath: staging)
      throw error
    }
  }

  private func write(_ farm: Farm, into staging: String) throws -> Roster {
    let identities = farm.roster.members.map { _ in Identity.make() }
    var roster = farm.roster
    roster.identity = randomBytes(Roster.identityBytes)
    for slot in roster.members.indices { roster.members[slot].publicKey = identities[slot].publicKey }
    let epochKey = EpochKey.make()
    for (member, identity) in zip(roster.members, identities) {
      let place = staging + "/" + member.name
      guard mkdir(place, Self.directoryMode) == 0 else { throw failed("make", place) }
      try put(configuration(for: member, farm.node).fileText(), place + "/nod.conf", Self.publicMode)
      try put(roster.fileText(), place + "/roster", Self.publicMode)
      try put(NodeKeyFile(secret: identity.secret).fileText(), place + "/node.key", Self.secretMode)
      let sealed = try EpochKey.sealed(epochKey, to: identity.publicKey)
      let groupKey = GroupKeyFile(epoch: Self.firstEpoch, sealed: sealed)
      try put(groupKey.fileText(), place + "/group.key", Self.secretMode)
      try makeJournal(place + "/" + farm.stateName, roster, member.slot)
    }
    return roster
  }

  /// Reads it all back as each node will: a cluster that no agent would start is not made.
  private func checkAsTheAgentWill(_ roster: Roster, _ staging: String) throws {
    for member in roster.members {
      do throws(ConfigurationErrors) {
        _ = try NodeFiles.read(configurationPath: "\(staging)/\(member.name)/nod.conf")
      } catch {
        throw Trouble(.usage, "no agent would start with this:\n" + error.description)
      }
    }
  }

  private func configuration(for member: Roster.Member, _ alike: Configuration) -> Configuration {
    var configuration = alike
    configuration.name = member.name
    // As they are to stand in the file: relative to it.
    configuration.paths.roster = "roster"
    configuration.paths.nodeKey = "node.key"
    configuration.paths.groupKey = "group.key"
    if let socketDirectory { configuration.local.socket = absolute(socketDirectory) + "/\(member.name).sock" }
    return configuration
  }

  /// The journal with its genesis record: without it a node does not vote, for it could have forgotten a
  /// vote.
  private func makeJournal(_ path: String, _ roster: Roster, _ slot: NodeID) throws {
    let (low, high) = roster.identity.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      return (reader.u64(), reader.u64())
    }
    let genesis = Genesis(
      clusterLow: low, clusterHigh: high, node: slot, membershipVersion: roster.version, mayVote: true)
    do {
      try StateDirectory.create(path: path)
      var journal = Journal(
        disk: FileDisk(directory: try StateDirectory(path: path)),
        owner: JournalOwner(clusterLow: low, clusterHigh: high, node: slot))
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
      defer { buffer.deallocate() }
      var record = ByteWriter(buffer)
      genesis.write(to: &record)
      // Only recovery knows that there is no journal yet.
      _ = try journal.recover { _, _ in false }
      try journal.create(identity: .random(in: 1 ... .max)) {
        (journal: inout Journal<FileDisk>) throws(JournalError<BoardFailure>) in
        try journal.checkpoint(RecordKind.genesis.rawValue, record.written)
      }
    } catch let error as JournalError<BoardFailure> {
      throw Trouble(.negative, "the journal in \(path) cannot be made: \(error.description)")
    } catch {
      throw Trouble(.negative, "the journal in \(path) cannot be made: \(error)")
    }
  }

  /// Writes a new file; its mode holds from the first byte on.
  private func put(_ text: String, _ path: String, _ mode: mode_t) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, mode)
    guard descriptor >= 0 else { throw failed("make", path) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard fchmod(descriptor, mode) == 0, Foundation.write(descriptor, bytes, bytes.count) == bytes.count,
      fsync(descriptor) == 0
    else { throw failed("write", path) }
  }

  private func randomBytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
      Randomness.fill(UnsafeMutableRawBufferPointer(buffer))
      used = count
    }
  }

  // MARK: - What may be in the way

  /// A socket's path is short by decree of the system; better to know that now than on the board.
  private func checkSockets(_ farm: Farm) throws {
    for member in farm.roster.members {
      let socket = configuration(for: member, farm.node).local.socket
      let path = socket.hasPrefix("/") ? socket : absolute(directory) + "/\(member.name)/\(socket)"
      guard path.utf8.count > RESPClient.longestPath else { continue }
      throw Trouble(
        .usage,
        "the socket \(path) would have a path of \(path.utf8.count) bytes; \(RESPClient.longestPath) are possible",
        "put the sockets elsewhere: --socket-dir /tmp/nod, or make the cluster elsewhere: --out DIR")
    }
    if let socketDirectory {
      do {
        try FileManager.default.createDirectory(atPath: socketDirectory, withIntermediateDirectories: true)
      } catch { throw Trouble(.negative, "the directory \(socketDirectory) cannot be made") }
    }
  }

  private func makeParents() throws {
    let parent = (absolute(directory) as NSString).deletingLastPathComponent
    do {
      try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    } catch { throw Trouble(.negative, "the directory \(parent) cannot be made") }
  }

  private func occupied(_ code: Int32, _ path: String) -> Trouble {
    guard code == EEXIST else { return failed("make", path) }
    return Trouble(
      .negative, "\(path) exists: nothing was written, for it may hold keys that are in use",
      "give another directory: --out DIR, or remove that one first if it is not needed")
  }

  private func failed(_ verb: String, _ path: String) -> Trouble {
    Trouble(.negative, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
  }
}

/// The path from the root, for messages and files that are read from elsewhere.
func absolute(_ path: String) -> String {
  path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
}
