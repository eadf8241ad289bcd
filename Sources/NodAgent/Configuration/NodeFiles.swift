// Everything that the files of one node say, read together: nod.conf, the roster, the radio profile, the
// two keys. What is wrong in any of them is shown at once, and so is what is right in each but does not fit
// the others.
import CBoard
import NodCore

/// ENOENT, on every Linux.
private let noSuchFile: Int32 = 2

package struct NodeFiles {
  package var configuration: Configuration
  package var profile: RadioProfile
  /// With what it leaves to the radio profile put in, as it is to be hashed.
  package var roster: Roster
  /// This node, as the roster has it.
  package var own: Roster.Member
  package var nodeKey: NodeKeyFile
  package var groupKey: GroupKeyFile

  /// - Parameter path: of nod.conf; it names the other files.
  package static func read(configurationPath path: String) throws(ConfigurationErrors) -> NodeFiles {
    // Without it there is no telling where the others are.
    let configuration = try Configuration.read(path: path)
    try refuseUnprovisioned(configuration.paths.roster)
    var errors = ConfigurationErrors()
    var roster: Roster?
    var profile: RadioProfile?
    var nodeKey: NodeKeyFile?
    var groupKey: GroupKeyFile?
    do throws(ConfigurationErrors) { roster = try Roster.read(path: configuration.paths.roster) } catch {
      errors.all += error.all
    }
    do throws(ConfigurationErrors) { profile = try readProfile(configuration) } catch {
      errors.all += error.all
    }
    do throws(ConfigurationErrors) { nodeKey = try NodeKeyFile.read(path: configuration.paths.nodeKey) } catch
    {
      errors.all += error.all
    }
    do throws(ConfigurationErrors) {
      groupKey = try GroupKeyFile.read(path: configuration.paths.groupKey)
    } catch {
      errors.all += error.all
    }
    var own: Roster.Member?
    if let roster {
      own = roster.member(named: configuration.name)
      errors.all += misfits(configuration, roster, own)
    }
    if let roster, let profile { errors.all += misfits(configuration, roster, profile) }
    guard errors.isEmpty, let roster, let profile, let own, let nodeKey, let groupKey else { throw errors }
    return NodeFiles(
      configuration: configuration, profile: profile, roster: settled(roster, profile), own: own,
      nodeKey: nodeKey,
      groupKey: groupKey)
  }

  /// Without a roster the keys are missing too: one line says what is to be done.
  private static func refuseUnprovisioned(_ path: String) throws(ConfigurationErrors) {
    guard path.withCString({ board_file_mode($0) }) == -noSuchFile else { return }
    throw ConfigurationErrors([
      ConfigurationError(
        file: path,
        problem: "is missing: this node belongs to no cluster yet; nodctl provision makes one on a "
          + "workstation, nod-adopt puts a node of it here")
    ])
  }

  private static func readProfile(_ configuration: Configuration) throws(ConfigurationErrors) -> RadioProfile
  {
    if let file = configuration.profileFile { return try ProfileCatalogue.read(path: file) }
    // A name that is not known was an error of nod.conf.
    return ProfileCatalogue.builtIn(configuration.radio.profile) ?? .loopback
  }

  /// Frames as large as the radio carries, slots as long as such frames need, where the roster leaves it
  /// open.
  private static func settled(_ roster: Roster, _ profile: RadioProfile) -> Roster {
    let mtu = roster.mtu == 0 ? profile.mtu : roster.mtu
    return roster.settled(slot: profile.slotLength(for: mtu), mtu: mtu)
  }

  /// Where this node listens with transport = unicast.
  package var listenAddress: String {
    configuration.radio.listen.isEmpty ? own.address : configuration.radio.listen
  }

  private static func misfits(_ configuration: Configuration, _ roster: Roster, _ own: Roster.Member?)
    -> [ConfigurationError]
  {
    guard let own else {
      let names = listed(roster.members.map { $0.name }, last: "and")
      return [
        ConfigurationError(
          file: configuration.file, section: "node", key: "name", found: configuration.name,
          problem: "the roster \(configuration.paths.roster) has no such member; it has \(names)")
      ]
    }
    guard configuration.radio.transport == .unicast else { return [] }
    let listen = configuration.radio.listen.isEmpty ? own.address : configuration.radio.listen
    var errors: [ConfigurationError] = []
    for member in roster.members where BoardAddress.isV6(member.address) != BoardAddress.isV6(listen) {
      errors.append(
        ConfigurationError(
          file: configuration.paths.roster, section: Roster.sectionName(member.slot.raw), key: "address",
          found: member.address,
          problem:
            "this node listens on \(listen), which cannot reach it: IPv4 and IPv6 do not mix in one roster"))
    }
    return errors
  }

  /// What the roster asks of the radio and the radio cannot do.
  private static func misfits(_ configuration: Configuration, _ roster: Roster, _ profile: RadioProfile)
    -> [ConfigurationError]
  {
    let name = configuration.radio.profile
    if roster.mtu > profile.mtu {
      return [
        ConfigurationError(
          file: configuration.paths.roster, section: "cluster", key: "mtu", found: "\(roster.mtu)",
          problem: "the radio profile \(name) carries frames of at most \(profile.mtu) bytes")
      ]
    }
    let mtu = roster.mtu == 0 ? profile.mtu : roster.mtu
    let least = profile.airTime(mtu) + profile.turnaround
    if roster.slot != .zero && roster.slot < least {
      return [
        ConfigurationError(
          file: configuration.paths.roster, section: "cluster", key: "slot_us", found: "\(roster.slot.raw)",
          problem: "a frame of \(mtu) bytes takes \(least.raw) microseconds on the radio profile \(name), "
            + "and \(profile.slotLength(for: mtu).raw) with its jitter")
      ]
    }
    return []
  }
}
