// The roster as a file, both ways: [cluster] with the numbers, [member.N] for the member in slot N.
import NodCore

extension Roster {
  package static func read(path: String) throws(ConfigurationErrors) -> Roster {
    var reader = ConfigurationReader(path: path)
    let roster = ask(&reader)
    let errors = reader.finish()
    if !errors.isEmpty { throw errors }
    return roster
  }

  /// Everything that [cluster] and [member.0] can say.
  package static var questions: [ConfigurationReader.Question] {
    var reader = ConfigurationReader(emptyNamed: "roster")
    _ = ask(&reader)
    _ = askMember(&reader, slot: 0)
    return reader.questions
  }

  static func sectionName(_ slot: UInt8) -> String { "member.\(slot)" }

  static func ask(_ reader: inout ConfigurationReader) -> Roster {
    let usual = Roster(name: "", identity: [], members: [])
    var read = usual
    read.name = reader.name("cluster", "name", usual: nil, meaning: "the cluster's name, for people")
    read.identity = reader.hex(
      "cluster", "id", byteCount: identityBytes,
      meaning: "the cluster's identity, drawn at random when it was made")
    read.version = UInt8(
      reader.number(
        "cluster", "version", 1...255, usual: Int64(usual.version),
        meaning: "counts changes of the membership"))
    askWindows(&reader, usual, &read)
    askStore(&reader, usual, &read)
    for slot in 0..<UInt8(NodeID.limit) where reader.hasSection(sectionName(slot)) {
      read.members.append(askMember(&reader, slot: slot))
    }
    checkMembers(&reader, read)
    return read
  }

  private static func askWindows(_ reader: inout ConfigurationReader, _ usual: Roster, _ read: inout Roster) {
    let section = "cluster"
    read.period = .milliseconds(
      reader.number(
        section, "period_ms", 100...900_000, usual: usual.period.raw / 1000,
        meaning: "milliseconds from one window to the next"))
    read.fullEvery = UInt32(
      reader.number(
        section, "full_every", 4...256, usual: Int64(usual.fullEvery),
        meaning: "windows from one full window, in which everybody stays and speaks, to the next"))
    read.requestSlots = Int(
      reader.number(
        section, "request_slots", 1...4, usual: Int64(usual.requestSlots),
        meaning: "shared slots for members with news, before the beacon"))
    read.slot = Microseconds(
      reader.numberOrZero(
        section, "slot_us", 500...10_000_000, zeroMeans: "what the radio profile says", usual: usual.slot.raw,
        meaning: "microseconds of one slot"))
    read.syncGap = Microseconds(
      reader.number(
        section, "sync_gap_us", 0...5_000_000, usual: usual.syncGap.raw,
        meaning: "microseconds that members get for their durable write before they answer"))
    read.cycles = Int(
      reader.number(
        section, "cycles", 1...64, usual: Int64(usual.cycles),
        meaning: "propose-acknowledge cycles of one window at most"))
    read.mtu = Int(
      reader.numberOrZero(
        section, "mtu", 51...1280, zeroMeans: "what the radio profile says", usual: Int64(usual.mtu),
        meaning: "bytes of the largest frame"))
    let rule = reader.word("cluster", "election_rule", ["paxos", "raft"], meaning: "whom a voter refuses")
    read.rule = rule == 0 ? .paxos : .raft
    read.airPermille = Int(
      reader.number(
        section, "air_permille", 1...1000, usual: Int64(usual.airPermille),
        meaning: "thousandths of the time that a member may send; the profile's own limit holds beside it"))
  }

  private static func askStore(_ reader: inout ConfigurationReader, _ usual: Roster, _ read: inout Roster) {
    let section = "cluster"
    read.tokenWindow = Int(
      reader.number(
        section, "token_window", 16...65_536, usual: Int64(usual.tokenWindow),
        meaning: "log entries for which a command may be repeated with its token"))
    read.storeBytes = Int(
      reader.number(
        section, "store_bytes", 1024...67_108_864, usual: Int64(usual.storeBytes),
        meaning: "bytes of all keys and values together"))
    read.storeKeys = Int(
      reader.number(
        section, "store_keys", 16...1_000_000, usual: Int64(usual.storeKeys), meaning: "keys at most"))
    read.keyBytes = Int(
      reader.number(
        section, "key_bytes", 16...1024, usual: Int64(usual.keyBytes), meaning: "bytes of one key at most"))
    read.valueBytes = Int(
      reader.number(
        section, "value_bytes", 16...65_536, usual: Int64(usual.valueBytes),
        meaning: "bytes of one value at most"))
    let largest = RegistryLimits.cost(key: read.keyBytes, value: read.valueBytes)
    if largest > read.storeBytes {
      reader.refuse(
        section, "store_bytes",
        "a key of key_bytes = \(read.keyBytes) with a value of value_bytes = \(read.valueBytes) "
          + "takes \(largest) bytes: store_bytes must hold at least one")
    }
    read.snapshotEvery = UInt64(
      reader.number(
        section, "snapshot_every", 64...1_048_576, usual: Int64(usual.snapshotEvery),
        meaning: "log entries from one snapshot to the next"))
  }

  private static func askMember(_ reader: inout ConfigurationReader, slot: UInt8) -> Member {
    let section = sectionName(slot)
    return Member(
      slot: NodeID(slot),
      name: reader.name(section, "name", usual: nil, meaning: "the member's name"),
      publicKey: reader.hex(
        section, "public_key", byteCount: publicKeyBytes, meaning: "the member's public key, X25519"),
      address: reader.address(
        section, "address", usual: nil, meaning: "where the member's datagrams are sent to"))
  }

  /// Slots have no gaps, and no two members share what tells them apart.
  private static func checkMembers(_ reader: inout ConfigurationReader, _ read: Roster) {
    if read.members.isEmpty && reader.hasSection("cluster") {
      reader.refuse(
        "member.0", "", "is missing; a cluster has 1 to \(NodeID.limit) members, in slots from 0 on")
    }
    for (position, member) in read.members.enumerated() {
      let section = sectionName(member.slot.raw)
      if Int(member.slot.raw) != position {
        reader.refuse(section, "", "slot \(position) is not taken; slots are given from 0 on without a gap")
        break
      }
    }
    for (position, member) in read.members.enumerated() {
      let section = sectionName(member.slot.raw)
      for other in read.members[..<position] {
        let holder = "[\(sectionName(other.slot.raw))] has it already"
        if !member.name.isEmpty && member.name.isSame(as: other.name) {
          reader.refuse(section, "name", holder)
        }
        if member.publicKey == other.publicKey && reader.has(section, "public_key") {
          reader.refuse(section, "public_key", holder)
        }
        if !member.address.isEmpty && member.address.isSame(as: other.address) {
          reader.refuse(section, "address", holder)
        }
      }
    }
  }

  /// The text of a file that reads back as this roster.
  package func fileText() -> String {
    var text = """
      # Who the members are, and every number that they must have alike. This file is the same on every
      # member: its hash is in the keys, and members with different rosters cannot hear each other.

      [cluster]

      """
    for question in Roster.questions where question.section.isSame(as: "cluster") {
      text += "# \(question.meaning) (\(question.allowed))\n\(question.key) = \(written(question.key))\n"
    }
    for member in members {
      text += """

        [\(Roster.sectionName(member.slot.raw))]
        name = \(member.name)
        public_key = \(hexText(member.publicKey))
        address = \(member.address)

        """
    }
    return text
  }

  private func written(_ key: String) -> String {
    switch key {
    case "name": name
    case "id": hexText(identity)
    case "version": "\(version)"
    case "period_ms": "\(period.raw / 1000)"
    case "full_every": "\(fullEvery)"
    case "request_slots": "\(requestSlots)"
    case "slot_us": "\(slot.raw)"
    case "sync_gap_us": "\(syncGap.raw)"
    case "cycles": "\(cycles)"
    case "mtu": "\(mtu)"
    case "election_rule": rule == .paxos ? "paxos" : "raft"
    case "air_permille": "\(airPermille)"
    case "token_window": "\(tokenWindow)"
    case "store_bytes": "\(storeBytes)"
    case "store_keys": "\(storeKeys)"
    case "key_bytes": "\(keyBytes)"
    case "value_bytes": "\(valueBytes)"
    default: "\(snapshotEvery)"
    }
  }
}
