// What `nodctl provision` makes is what an agent takes, with the secrets where they belong; and nothing that
// exists is ever touched.
import Foundation
import NodAgent
import NodCore
import NodJournal
import NodSecurity
import Testing

@testable import NodConsole
@testable import nodctl

/// A directory of its own for each test.
private final class Scratch {
  let path = runDirectory + "\(UInt32.random(in: 0 ... .max))"
  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String) throws -> String {
    let file = path + "/farm.ini"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }
}

private func mode(_ path: String) throws -> Int {
  try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
}

private let farmText = """
  [cluster]
  name = farm
  period_ms = 60000
  [radio]
  profile = lora-sf9-eu868
  [paths]
  state = /var/lib/nod
  [member.0]
  name = gate
  address = 10.0.0.1:7100
  [member.1]
  name = barn
  address = 10.0.0.2:7100
  [member.2]
  name = well
  address = 10.0.0.3:7100
  """

@Test func everyNodeOfALocalClusterCanReadItsFilesAndOpenTheGroupKey() throws {
  let scratch = try Scratch()
  let out = scratch.path + "/three"
  let ran = try run([
    "provision", "--local", "3", "--drop-percent", "30", "--base-port", "7300", "--out", out,
  ])
  #expect(ran.status == 0, "\(ran.complaint)")
  var keys = Swift.Set<[UInt8]>()
  var rosters = Swift.Set<[UInt8]>()
  for name in ["n1", "n2", "n3"] {
    let files = try NodeFiles.read(configurationPath: "\(out)/\(name)/nod.conf")
    let identity = try Identity(secret: files.nodeKey.secret)
    #expect(identity.publicKey == files.own.publicKey)
    keys.insert(try EpochKey.opened(files.groupKey.sealed, by: identity))
    rosters.insert(files.roster.canonicalBytes)
    #expect(files.configuration.radio.dropPercent == 30)
    #expect(files.configuration.local.socket == "\(out)/\(name)/nod.sock")
    #expect(files.roster.period == .milliseconds(500))
  }
  #expect(keys.count == 1, "one group key for all")
  #expect(rosters.count == 1, "one roster for all")
}

@Test func secretsAreReadableByTheirOwnerOnly() throws {
  let scratch = try Scratch()
  let out = scratch.path + "/one"
  #expect(try run(["provision", "--local", "1", "--out", out]).status == 0)
  for secret in ["node.key", "group.key"] { #expect(try mode("\(out)/n1/\(secret)") == 0o600) }
  #expect(try mode("\(out)/n1/state") == 0o700)
  #expect(try mode("\(out)/n1/nod.conf") == 0o644)
}

@Test func everyJournalBeginsWithItsOwnNodesGenesis() throws {
  let scratch = try Scratch()
  let out = scratch.path + "/two"
  #expect(try run(["provision", "--local", "2", "--out", out]).status == 0)
  for (slot, name) in ["n1", "n2"].enumerated() {
    let roster = try Roster.read(path: "\(out)/\(name)/roster")
    let (low, high) = roster.identity.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      return (reader.u64(), reader.u64())
    }
    var journal = Journal(
      disk: FileDisk(directory: try StateDirectory(path: "\(out)/\(name)/state")),
      owner: JournalOwner(clusterLow: low, clusterHigh: high, node: NodeID(UInt8(slot))))
    var found: [Genesis?] = []
    _ = try journal.recover { kind, payload in
      found.append(kind == RecordKind.genesis.rawValue ? Genesis(payload) : nil)
      return true
    }
    let genesis = Genesis(
      clusterLow: low, clusterHigh: high, node: NodeID(UInt8(slot)), membershipVersion: 1, mayVote: true)
    #expect(found == [genesis])
  }
}

@Test func aFarmFileBecomesRosterAndConfigurations() throws {
  let scratch = try Scratch()
  let out = scratch.path + "/farm"
  let ran = try run(["provision", try scratch.write(farmText), "--out", out])
  #expect(ran.status == 0, "\(ran.complaint)")
  #expect(ran.out.contains("3 voters: any 2 of them decide, 1 may be away"))
  #expect(!ran.out.contains("Five voters"))
  let files = try NodeFiles.read(configurationPath: "\(out)/barn/nod.conf")
  #expect(files.roster.name == "farm" && files.roster.period == .seconds(60))
  #expect(files.roster.members.map(\.name) == ["gate", "barn", "well"])
  #expect(files.configuration.radio.profile == "lora-sf9-eu868")
  #expect(files.configuration.local.socket == NodeLink.usualSocket)
  #expect(files.configuration.paths.state == "/var/lib/nod")
  #expect(FileManager.default.fileExists(atPath: "\(out)/barn/state/journal-00000001.nod"))
}

@Test func everythingWrongInAFarmFileIsToldWithItsLine() throws {
  let scratch = try Scratch()
  let file = try scratch.write(
    """
    [cluster]
    name = farm
    period_ms = 10
    colour = red
    [member.0]
    name = ga te
    address = 10.0.0.1
    [member.2]
    name = barn
    """)
  let ran = try run(["provision", file, "--out", scratch.path + "/farm"])
  #expect(ran.status == 2)
  let lines = ran.complaint.split(separator: "\n").dropFirst().map { $0.dropFirst(file.count) }
  #expect(
    lines.map { $0.prefix { $0 != " " } } == [":3:", ":4:", ":6:", ":7:", ":8:", ":8:"], "\(ran.complaint)")
  #expect(!FileManager.default.fileExists(atPath: scratch.path + "/farm"))
}

@Test func whatExistsIsNeverOverwritten() throws {
  let scratch = try Scratch()
  let words = ["provision", "--local", "1", "--out", scratch.path + "/once"]
  #expect(try run(words).status == 0)
  let key = try String(contentsOfFile: scratch.path + "/once/n1/node.key", encoding: .utf8)
  let second = try run(words)
  #expect(second.status == 1)
  #expect(second.complaint.contains("exists"))
  #expect(try String(contentsOfFile: scratch.path + "/once/n1/node.key", encoding: .utf8) == key)
  #expect(
    try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["once"], "nothing is left behind")
}

@Test func aClusterThatNoAgentWouldStartIsNotMade() throws {
  let scratch = try Scratch()
  let text = farmText.replacingOccurrences(of: "10.0.0.3:7100", with: "[fd00::3]:7100")
  let ran = try run(["provision", try scratch.write(text), "--out", scratch.path + "/farm"])
  #expect(ran.status == 2)
  #expect(ran.complaint.contains("IPv4 and IPv6"))
  #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["farm.ini"])
}

@Test func manyVotersAreAdvisedAgainst() throws {
  let scratch = try Scratch()
  let ran = try run(["provision", "--local", "7", "--out", scratch.path + "/seven"])
  #expect(ran.out.contains("Five voters are enough for most fleets"))
}

@Test func aSocketPathThatIsTooLongIsRefusedWithTheWayOut() throws {
  let scratch = try Scratch()
  let out = scratch.path + "/" + String(repeating: "d", count: 100)
  let refused = try run(["provision", "--local", "1", "--out", out])
  #expect(refused.status == 2)
  #expect(refused.complaint.contains("--socket-dir"))
  let sockets = scratch.path + "/s"
  #expect(try run(["provision", "--local", "1", "--out", out, "--socket-dir", sockets]).status == 0)
  #expect(try nodeSocketPath(directory: out + "/n1") == sockets + "/n1.sock")
}

@Test func aNodesDirectoryLeadsToItsSocket() throws {
  let scratch = try Scratch()
  #expect(try run(["provision", "--local", "1", "--out", scratch.path + "/one"]).status == 0)
  let ran = try run(["status", "--node", scratch.path + "/one/n1"])
  #expect(ran.status == 3)
  #expect(ran.complaint.contains(scratch.path + "/one/n1/nod.sock"))
  #expect(try run(["status", "--node", scratch.path]).status == 2)
}
