// The parts of an agent opened out of its files: what a configuration means to each of them.
import CBoard
import NodCore
import NodJournal
import NodSecurity
import NodStation

/// What the cluster's roster means to the core.
func clusterSettings(_ files: NodeFiles) -> ClusterSettings {
  let roster = files.roster
  var settings = ClusterSettings(
    memberCount: roster.members.count, period: roster.period, slot: roster.slot, syncGap: roster.syncGap,
    framePace: files.profile.airTime(roster.mtu) + files.profile.turnaround, mtu: roster.mtu)
  settings.membershipVersion = roster.version
  settings.rule = roster.rule
  settings.fullEvery = roster.fullEvery
  settings.requestSlots = roster.requestSlots
  settings.cycleLimit = roster.cycles
  settings.snapshotEvery = roster.snapshotEvery
  settings.registry = RegistryLimits(
    storeBytes: roster.storeBytes, storeKeys: roster.storeKeys, keyBytes: roster.keyBytes,
    valueBytes: roster.valueBytes,
    tokenWindow: roster.tokenWindow)
  return settings
}

func localLimits(_ files: NodeFiles) -> LocalLimits {
  var limits = LocalLimits()
  limits.connections = files.configuration.local.clients
  limits.keyBytes = files.roster.keyBytes
  limits.valueBytes = files.roster.valueBytes
  limits.timeout = files.configuration.local.timeout
  return limits
}

/// The cluster's identity as the journal carries it: two little-endian halves.
func genesis(_ files: NodeFiles) -> Genesis {
  var halves: (UInt64, UInt64) = (0, 0)
  for i in 0..<8 {
    halves.0 |= UInt64(files.roster.identity[i]) << UInt64(8 * i)
    halves.1 |= UInt64(files.roster.identity[8 + i]) << UInt64(8 * i)
  }
  return Genesis(
    clusterLow: halves.0, clusterHigh: halves.1, node: files.own.slot,
    membershipVersion: files.roster.version,
    mayVote: true)
}

func openStation(_ files: NodeFiles, _ log: LogLine) throws(StartFailure) -> Station<FileDisk> {
  for (i, member) in files.roster.members.enumerated() where Int(member.slot.raw) != i {
    throw StartFailure(
      text: "\(files.configuration.paths.roster): [member.\(member.slot.raw)]: slots must be 0 to "
        + "\(files.roster.members.count - 1) without gaps")
  }
  var epochKey = try openEpochKey(files)
  defer { epochKey.wipe() }
  let rosterHash = RosterHash.of(files.roster.canonicalBytes)
  let directory: StateDirectory
  do throws(StateDirectory.Failure) {
    directory = try StateDirectory(path: files.configuration.paths.state)
  } catch {
    throw StartFailure(text: error.description)
  }
  var node = NodeParameters(settings: clusterSettings(files), id: files.own.slot)
  node.salt = Entropy.startSalt()
  node.seed = Entropy.startSalt()
  node.priority = files.configuration.priority
  node.clockAccuracyPPM = files.configuration.clock.accuracyPPM
  node.hostLatency = files.configuration.clock.hostLatency
  node.slack = Microseconds(min(500, max(50, files.roster.period.raw / 200)))
  node.logEntries = 4096
  node.logBytes = 1 << 20
  node.holes = 128
  node.changeBytes = 1 << 16
  node.condition.version = Version.packed
  var parameters = StationParameters(node: node, profile: files.profile)
  parameters.epoch = files.groupKey.epoch
  parameters.eventCapacity = 1024
  parameters.minimumFreeBytes = UInt64(files.configuration.minimumFreeKibibytes) * 1024
  do throws(StationError<BoardFailure>) {
    let station = try openWithKeys(parameters, directory, genesis(files), epochKey, rosterHash, node.salt)
    if let found = station.recovered {
      if found.repaired > 0 {
        log.warn("the journal's mirror mended \(found.repaired) batches: the medium loses bits")
      }
      if found.cutBytes > 0 {
        log.info("\(found.cutBytes) bytes of an unfinished batch were cut off: the power went")
      }
    } else {
      log.warn(
        "no journal in \(files.configuration.paths.state): this node has lost its memory, it learns and does not vote"
      )
    }
    return station
  } catch {
    throw StartFailure(text: error.description)
  }
}

private func openEpochKey(_ files: NodeFiles) throws(StartFailure) -> [UInt8] {
  let identity: Identity
  do throws(SecurityError) { identity = try Identity(secret: files.nodeKey.secret) } catch {
    throw StartFailure(text: "\(files.configuration.paths.nodeKey) holds no usable key")
  }
  guard identity.publicKey == files.own.publicKey else {
    throw StartFailure(
      text:
        "\(files.configuration.paths.nodeKey) is not the key of \(files.own.name): the roster has another public key"
    )
  }
  do throws(SecurityError) { return try EpochKey.opened(files.groupKey.sealed, by: identity) } catch {
    throw StartFailure(text: "\(files.configuration.paths.groupKey) does not open with this node's key")
  }
}

private func openWithKeys(
  _ parameters: StationParameters, _ directory: consuming StateDirectory, _ genesis: Genesis,
  _ epochKey: [UInt8],
  _ rosterHash: [UInt8], _ salt: UInt64
) throws(StationError<BoardFailure>) -> Station<FileDisk> {
  let key = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
  defer {
    key.initializeMemory(as: UInt8.self, repeating: 0)
    key.deallocate()
  }
  for i in 0..<epochKey.count { key[i] = epochKey[i] }
  for i in 0..<rosterHash.count { key[32 + i] = rosterHash[i] }
  return try Station.open(
    parameters, disk: FileDisk(directory: directory), genesis: genesis, journalLimits: JournalLimits(),
    epochKey: Bytes(rebasing: key[..<32]), rosterHash: Bytes(rebasing: key[32..<48]), randomSalt: salt,
    now: BoardClock.now)
}

func openRadio(_ files: NodeFiles) throws(BoardFailure) -> UDPRadio {
  let settings = files.configuration.radio
  let loss = DeliberateLoss(
    percent: settings.dropPercent,
    seed: settings.dropSeed == 0 ? Entropy.startSalt() : UInt64(settings.dropSeed))
  if settings.transport == .multicast {
    return try UDPRadio(group: settings.multicastGroup, interface: settings.interface, loss: loss)
  }
  var radio = try UDPRadio(listen: files.listenAddress, loss: loss)
  for member in files.roster.members where member.slot != files.own.slot {
    try radio.add(member.slot, address: member.address)
  }
  return radio
}

func openSocket(_ server: inout LocalServer, _ settings: Configuration.LocalSettings) throws(StartFailure) {
  var path = [CChar]()
  for byte in settings.socket.utf8 { path.append(CChar(bitPattern: byte)) }
  path.append(0)
  do throws(LocalSocketError) {
    try server.listen(unixPath: path, mode: settings.mode)
    if let port = settings.tcpPort { _ = try server.listen(loopbackPort: port) }
  } catch {
    throw StartFailure(text: "[local] socket = \(settings.socket): \(text(error))")
  }
}

private func text(_ error: LocalSocketError) -> String {
  switch error {
  case .inUse: "another process listens there: stop it or give this node another path"
  case .notASocket: "something that is no socket lies there: remove it or give another path"
  case .pathTooLong: "the path is too long for a socket (107 bytes at most)"
  case .system(let code): BoardFailure.systemText(code)
  }
}
