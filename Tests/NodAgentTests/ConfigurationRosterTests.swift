// The roster and the key files: round trips, what is refused, and the bytes that are hashed.
import Foundation
import NodAgent
import NodCore
import Testing

private func roster(members: Int = 3) -> Roster {
  Roster(
    name: "farm", identity: (0..<16).map { UInt8($0 * 17) },
    members: (0..<members).map {
      Roster.Member(
        slot: NodeID(UInt8($0)), name: "node-\($0)", publicKey: [UInt8](repeating: UInt8($0 + 1), count: 32),
        address: "10.0.0.\($0 + 1):7100")
    })
}

private func read(_ text: String) throws -> Roster {
  try ScratchDirectory.reading("roster", text) { try Roster.read(path: $0) }
}

private func errors(_ text: String) -> [String] {
  let scratch = ScratchDirectory()
  do {
    _ = try Roster.read(path: scratch.write("roster", text))
    return []
  } catch {
    return error.all.map { $0.description.replacingOccurrences(of: scratch.path + "/", with: "") }
  }
}

/// A change of one number that every member must have alike.
private struct Change: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let make: @Sendable (inout Roster) -> Void

  static let all: [Change] = [
    Change(testDescription: "identity") { $0.identity[15] ^= 1 },
    Change(testDescription: "version") { $0.version = 2 },
    Change(testDescription: "period") { $0.period = .milliseconds(500) },
    Change(testDescription: "full_every") { $0.fullEvery = 256 },
    Change(testDescription: "request_slots") { $0.requestSlots = 4 },
    Change(testDescription: "slot") { $0.slot = Microseconds(10_000_000) },
    Change(testDescription: "sync_gap") { $0.syncGap = .zero },
    Change(testDescription: "cycles") { $0.cycles = 64 },
    Change(testDescription: "mtu") { $0.mtu = 51 },
    Change(testDescription: "rule") { $0.rule = .raft },
    Change(testDescription: "token_window") { $0.tokenWindow = 65_536 },
    Change(testDescription: "store_bytes") { $0.storeBytes = 67_108_864 },
    Change(testDescription: "store_keys") { $0.storeKeys = 1_000_000 },
    Change(testDescription: "key_bytes") { $0.keyBytes = 1024 },
    Change(testDescription: "value_bytes") { $0.valueBytes = 65_536 },
    Change(testDescription: "snapshot_every") { $0.snapshotEvery = 1_048_576 },
    Change(testDescription: "air_permille") { $0.airPermille = 10 },
    Change(testDescription: "a public key") { $0.members[2].publicKey[31] ^= 1 },
    Change(testDescription: "a member less") { $0.members.removeLast() },
  ]
}

@Suite struct ConfigurationRosterTests {
  @Test(arguments: [1, 2, 3, 31])
  func whatIsWrittenReadsBack(members: Int) throws {
    let roster = roster(members: members)
    #expect(try read(roster.fileText()) == roster)
  }

  @Test(arguments: Change.all)
  fileprivate func aChangedRosterReadsBackAndHashesOtherwise(change: Change) throws {
    var changed = roster()
    change.make(&changed)
    #expect(changed.canonicalBytes != roster().canonicalBytes)
    // Large values need a large store.
    if changed.valueBytes + changed.keyBytes <= changed.storeBytes {
      #expect(try read(changed.fileText()) == changed)
    }
  }

  @Test func namesAndAddressesAreNotHashed() {
    var other = roster()
    other.name = "orchard"
    other.members[0].name = "x"
    other.members[1].address = "[fd00::1]:7100"
    #expect(other.canonicalBytes == roster().canonicalBytes)
  }

  @Test func theCanonicalBytesAreAsDocumented() {
    var roster = roster(members: 2)
    roster.slot = Microseconds(0x0102_0304)
    roster.mtu = 1280
    let bytes = roster.canonicalBytes
    #expect(bytes.count == 69 + 2 * 33)
    let hex = hexText(bytes)
    #expect(
      hex == "4e4f4452" + "01" + "00112233445566778899aabbccddeeff" + "01" + "00" + "10270000" + "1000" + "02"
        + "04030201" + "88130000" + "08" + "0005" + "00" + "00040000" + "00000400" + "00100000" + "0000"
        + "8000"
        + "00100000" + "00040000" + "e803" + "02" + "00" + String(repeating: "01", count: 32) + "01"
        + String(repeating: "02", count: 32))
  }

  @Test func whatIsLeftToTheProfileIsSettledBeforeHashing() {
    let open = roster()
    let lora = open.settled(slot: Microseconds(98_000), mtu: 51)
    let wired = open.settled(slot: Microseconds(2000), mtu: 1280)
    #expect(lora.canonicalBytes != wired.canonicalBytes)
    #expect(lora.settled(slot: Microseconds(2000), mtu: 1280) == lora)
  }

  @Test func theSmallestFileHasTheDefaults() throws {
    let text = """
      [cluster]
      name = farm
      id = 00112233445566778899AABBCCDDEEFF
      [member.0]
      name = node-0
      public_key = \(String(repeating: "01", count: 32))
      address = 10.0.0.1:7100
      """
    #expect(try read(text) == roster(members: 1))
  }

  @Test func membersComeInTheOrderOfTheirSlotsHoweverWritten() throws {
    let parts = roster().fileText().components(separatedBy: "\n[member.")
    let turned = parts[0] + "\n[member." + parts[3] + "\n[member." + parts[1] + "\n[member." + parts[2]
    #expect(try read(turned) == roster())
  }

  @Test func theLargestRosterFitsTheFilesLimits() throws {
    var large = roster(members: 31)
    for slot in 0..<31 {
      large.members[slot].name = String(repeating: "n", count: 30) + String(format: "%02d", slot)
      large.members[slot].address =
        "[fd00:1111:2222:3333:4444:5555:6666:\(String(format: "%04x", slot))]:65535"
    }
    #expect(try read(large.fileText()) == large)
  }
}

@Suite struct ConfigurationRosterErrorTests {
  /// The roster's text with one piece replaced.
  private func text(_ piece: String, _ replacement: String, members: Int = 3) -> String {
    let text = roster(members: members).fileText()
    #expect(text.contains(piece))
    return text.replacingOccurrences(of: piece, with: replacement)
  }

  /// The error of a roster with one piece replaced, its place taken off.
  private func fault(_ piece: String, _ replacement: String) -> String {
    let found = errors(text(piece, replacement))
    guard found.count == 1 else { return "\(found)" }
    return String(found[0].drop { $0 != " " }.dropFirst())
  }

  @Test func numbersHaveTheirRanges() {
    #expect(
      fault("period_ms = 10000", "period_ms = 99")
        == "[cluster] period_ms = 99: allowed is 100 to 900000 (milliseconds from one window to the next)")
    #expect(
      fault("slot_us = 0", "slot_us = 499")
        == """
        [cluster] slot_us = 499: allowed is 500 to 10000000, or 0: what the radio profile says \
        (microseconds of one slot)
        """
    )
    #expect(
      fault("mtu = 0", "mtu = 50")
        == """
        [cluster] mtu = 50: allowed is 51 to 1280, or 0: what the radio profile says (bytes of the \
        largest frame)
        """
    )
    #expect(
      fault("election_rule = paxos", "election_rule = dice")
        == "[cluster] election_rule = dice: allowed is paxos or raft (whom a voter refuses)")
    #expect(
      fault("store_bytes = 262144", "store_bytes = 4224")
        == """
        [cluster] store_bytes = 4224: a key of key_bytes = 128 with a value of value_bytes = 4096 takes \
        4288 bytes: store_bytes must hold at least one
        """
    )
  }

  @Test func keysAndIdentitiesAreHexadecimalOfTheirLength() {
    #expect(
      fault("id = 0011", "id = 11")
        == """
        [cluster] id = 112233445566778899aabbccddeeff: allowed is 32 hexadecimal digits (the cluster's \
        identity, drawn at random when it was made)
        """
    )
    let key = String(repeating: "01", count: 32)
    #expect(
      fault(key, key + "0").hasSuffix("allowed is 64 hexadecimal digits (the member's public key, X25519)"))
    #expect(fault(key, "g" + key.dropFirst()).hasSuffix("(the member's public key, X25519)"))
  }

  @Test func twoMembersShareNothing() {
    #expect(fault("node-1", "node-0") == "[member.1] name = node-0: [member.0] has it already")
    #expect(
      fault("10.0.0.3:", "10.0.0.2:") == "[member.2] address = 10.0.0.2:7100: [member.1] has it already")
    let two = String(repeating: "02", count: 32)
    #expect(
      fault(String(repeating: "03", count: 32), two)
        == "[member.2] public_key = \(two): [member.1] has it already")
  }

  @Test func slotsHaveNoGapsAndEnd() {
    #expect(
      fault("[member.2]", "[member.3]")
        == "[member.3]: slot 2 is not taken; slots are given from 0 on without a gap")
    #expect(
      fault("[member.2]", "[member.31]").hasPrefix(
        "[member.31]: unknown section; there are cluster, member.0"))
    #expect(fault("[member.2]", "[member.02]").hasPrefix("[member.02]: unknown section"))
    let found = errors(text("[member.2]", "[member.1]"))
    #expect(found.contains { $0.contains("[member.1]: the section began in line") })
  }

  @Test func aRosterWithoutMembersIsNone() {
    let head = roster(members: 1).fileText().components(separatedBy: "\n[member.0]")[0]
    #expect(
      errors(head) == ["roster: [member.0]: is missing; a cluster has 1 to 31 members, in slots from 0 on"])
  }

  @Test func aMembersMissingKeyIsSaidAtItsSection() {
    let found = fault("address = 10.0.0.2:7100", "")
    #expect(
      found
        == """
        [member.1] address: is missing; allowed is host:port like 10.0.0.7:7100, or [fd00::7]:7100 \
        (where the member's datagrams are sent to)
        """
    )
  }
}

@Suite struct ConfigurationKeyFileTests {
  private let secret = [UInt8]((0..<32).map { UInt8($0) })
  private let sealed = [UInt8]((0..<80).map { UInt8($0) })

  @Test func whatIsWrittenReadsBack() throws {
    let scratch = ScratchDirectory()
    let node = NodeKeyFile(secret: secret)
    #expect(try NodeKeyFile.read(path: scratch.write("node.key", node.fileText())) == node)
    let group = GroupKeyFile(epoch: .max, sealed: sealed)
    #expect(try GroupKeyFile.read(path: scratch.write("group.key", group.fileText(), mode: 0o400)) == group)
  }

  @Test(arguments: [0o640, 0o604, 0o660, 0o610, 0o777])
  func aKeyThatOthersCanReadIsRefusedWithTheCommandThatMendsIt(mode: Int) {
    let scratch = ScratchDirectory()
    let path = scratch.write("node.key", NodeKeyFile(secret: secret).fileText(), mode: mode)
    let octal = String(mode, radix: 8)
    do {
      _ = try NodeKeyFile.read(path: path)
      Issue.record("read")
    } catch {
      #expect(
        error.description == "\(path): others can read this key (mode 0\(octal)); type: chmod 600 \(path)")
    }
    #expect(throws: ConfigurationErrors.self) { try GroupKeyFile.read(path: path) }
  }

  @Test func aBrokenSecretIsNotShown() {
    let scratch = ScratchDirectory()
    let path = scratch.write("node.key", "[key]\nsecret = deadbeef\n")
    do {
      _ = try NodeKeyFile.read(path: path)
      Issue.record("read")
    } catch {
      #expect(
        error.description
          == """
          \(path):2: [key] secret: 8 characters found; allowed is 64 hexadecimal digits (this node's \
          secret key, X25519)
          """
      )
    }
  }

  @Test func aMissingKeyFileIsNamed() {
    do {
      _ = try GroupKeyFile.read(path: "/nowhere/group.key")
      Issue.record("read")
    } catch {
      #expect(error.description == "/nowhere/group.key: cannot be read: No such file or directory")
    }
  }
}

@Suite struct ConfigurationNodeFilesTests {
  private func provision(_ scratch: ScratchDirectory, name: String, radio: String = "", roster: Roster? = nil)
    -> String
  {
    scratch.write("roster", (roster ?? NodAgentTests.roster()).fileText())
    scratch.write("node.key", NodeKeyFile(secret: [UInt8](repeating: 7, count: 32)).fileText())
    scratch.write("group.key", GroupKeyFile(epoch: 1, sealed: [UInt8](repeating: 9, count: 80)).fileText())
    return scratch.write("nod.conf", "[node]\nname = \(name)\n[radio]\n\(radio)\n")
  }

  @Test func aNodesFilesAreReadTogether() throws {
    let scratch = ScratchDirectory()
    let files = try NodeFiles.read(configurationPath: provision(scratch, name: "node-1"))
    #expect(files.own.slot == NodeID(1))
    #expect(files.listenAddress == "10.0.0.2:7100")
    #expect(files.groupKey.epoch == 1)
    let other = try NodeFiles.read(
      configurationPath: provision(scratch, name: "node-1", radio: "listen = 0.0.0.0:7100"))
    #expect(other.listenAddress == "0.0.0.0:7100")
  }

  @Test func whatTheRosterLeavesOpenComesFromTheProfile() throws {
    let scratch = ScratchDirectory()
    let files = try NodeFiles.read(
      configurationPath: provision(scratch, name: "node-0", radio: "profile = lora-sf7-eu868"))
    #expect(files.roster.mtu == 222)
    #expect(files.roster.slot == files.profile.slotLength(for: 222))
    #expect(files.roster.slot > .milliseconds(300))
  }

  @Test func aProfileFileIsFoundBesideNodConf() throws {
    let scratch = ScratchDirectory()
    scratch.write("mine.conf", "[radio]\nname = mine\nbit_rate_bps = 50000\nmtu = 100\n")
    let files = try NodeFiles.read(
      configurationPath: provision(scratch, name: "node-0", radio: "profile = mine.conf"))
    #expect(files.profile.mtu == 100)
  }

  @Test func aRosterThatTheRadioCannotCarryIsRefused() {
    let scratch = ScratchDirectory()
    var large = roster()
    large.mtu = 1280
    var short = roster()
    short.mtu = 100
    short.slot = .milliseconds(2)
    for (roster, expected) in [
      (large, "[cluster] mtu = 1280: the radio profile lora-sf12-eu868 carries frames of at most 100 bytes"),
      (short, "[cluster] slot_us = 2000: a frame of 100 bytes takes "),
    ] {
      do {
        _ = try NodeFiles.read(
          configurationPath: provision(
            scratch, name: "node-0", radio: "profile = lora-sf12-eu868", roster: roster))
        Issue.record("read")
      } catch {
        #expect(error.all.count == 1)
        #expect(error.description.contains(expected))
      }
    }
  }

  @Test func aNameThatTheRosterDoesNotHaveIsSaidWithThoseThatItHas() {
    let scratch = ScratchDirectory()
    let path = provision(scratch, name: "south")
    do {
      _ = try NodeFiles.read(configurationPath: path)
      Issue.record("read")
    } catch {
      #expect(
        error.description
          == """
          \(path): [node] name = south: the roster \(scratch.path)/roster has no such member; it has \
          node-0, node-1 and node-2
          """
      )
    }
  }

  @Test func faultsOfAllFilesAreSaidTogether() {
    let scratch = ScratchDirectory()
    let path = provision(scratch, name: "node-0")
    scratch.write("roster", "[cluster]\nname = farm\n")
    scratch.write("node.key", "", mode: 0o644)
    try? FileManager.default.removeItem(atPath: "\(scratch.path)/group.key")
    do {
      _ = try NodeFiles.read(configurationPath: path)
      Issue.record("read")
    } catch {
      let files = Set(error.all.map { $0.file.split(separator: "/").last! })
      #expect(files == ["roster", "node.key", "group.key"])
    }
  }

  @Test func addressesOfTwoKindsDoNotMix() {
    let scratch = ScratchDirectory()
    var mixed = roster()
    mixed.members[2].address = "[fd00::3]:7100"
    do {
      _ = try NodeFiles.read(configurationPath: provision(scratch, name: "node-0", roster: mixed))
      Issue.record("read")
    } catch {
      #expect(error.all.count == 1)
      #expect(
        error.description.contains("[member.2] address = [fd00::3]:7100: this node listens on 10.0.0.1:7100"))
    }
  }
}
