// The roster: who the members are, and every number that they must have alike. Its hash goes into the frame
// keys, so that two different rosters cannot talk (design, section 3, rule 13). Reading and writing it as a
// file stands in Roster+File.swift.
import NodCore

package struct Roster: Equatable, Sendable {
  package struct Member: Equatable, Sendable {
    package var slot: NodeID
    package var name: String
    /// X25519, 32 bytes.
    package var publicKey: [UInt8]
    /// "host:port", numeric.
    package var address: String

    package init(slot: NodeID, name: String, publicKey: [UInt8], address: String) {
      self.slot = slot
      self.name = name
      self.publicKey = publicKey
      self.address = address
    }
  }

  package static let identityBytes = 16
  package static let publicKeyBytes = 32

  package var name: String
  /// 16 bytes at random, drawn when the cluster was provisioned.
  package var identity: [UInt8]
  package var version: UInt8 = 1
  /// In the order of their slots, which are 0 ..< count.
  package var members: [Member]

  package var period = Microseconds.seconds(10)
  package var fullEvery: UInt32 = 16
  package var requestSlots = 2
  /// `.zero`: what the radio profile says.
  package var slot = Microseconds.zero
  package var syncGap = Microseconds(5000)
  package var cycles = 8
  /// 0: what the radio profile says.
  package var mtu = 0
  package var rule = ElectionRule.paxos
  package var tokenWindow = 1024
  package var storeBytes = 262_144
  package var storeKeys = 4096
  package var keyBytes = 128
  package var valueBytes = 4096
  package var snapshotEvery: UInt64 = 1024
  /// Share of the time that may be spent on the air, in thousandths; the profile's own limit stands beside
  /// it.
  package var airPermille = 1000

  package init(name: String, identity: [UInt8], members: [Member]) {
    self.name = name
    self.identity = identity
    self.members = members
  }

  package func member(named name: String) -> Member? { members.first { $0.name.isSame(as: name) } }

  package var memberSet: NodeSet {
    var set = NodeSet()
    for member in members { set.insert(member.slot) }
    return set
  }

  /// The same with what it leaves to the radio profile put in.
  ///
  /// What is hashed should be this: members with different profiles then cannot talk, instead of talking
  /// past each other's slots.
  package func settled(slot profileSlot: Microseconds, mtu profileMTU: Int) -> Roster {
    var settled = self
    if slot == .zero { settled.slot = profileSlot }
    if mtu == 0 { settled.mtu = profileMTU }
    return settled
  }
}

extension Roster {
  /// What must be alike on every member, as bytes for hashing. Names and addresses are left out: they may
  /// be put right on one board without locking it out.
  ///
  /// Little endian, no gaps:
  /// ```
  ///  0  "NODR"                 4    30  slot, µs              4    56  key_bytes             2
  ///  4  layout, 1              1    34  sync_gap, µs          4    58  value_bytes           4
  ///  5  identity              16    38  cycles                1    62  snapshot_every        4
  /// 21  version                1    39  mtu                   2    66  air_permille          2
  /// 22  election_rule          1    41  reserved, 0           1    68  members               1
  /// 23  period, ms             4    42  token_window          4    69  slot, public_key     33 each,
  /// 27  full_every             2    46  store_bytes           4        in the order of slots
  /// 29  request_slots          1    50  store_keys            4
  ///                                 54  reserved, 0           2
  /// ```
  package var canonicalBytes: [UInt8] {
    let size = Roster.canonicalHead + members.count * (1 + Roster.publicKeyBytes)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      var writer = ByteWriter(UnsafeMutableRawBufferPointer(buffer))
      writeCanonical(&writer)
      precondition(!writer.overflowed && writer.count == size, "the layout is as documented")
      count = size
    }
  }

  static let canonicalHead = 69

  private func writeCanonical(_ writer: inout ByteWriter) {
    for byte in [UInt8(ascii: "N"), UInt8(ascii: "O"), UInt8(ascii: "D"), UInt8(ascii: "R"), 1] {
      writer.u8(byte)
    }
    precondition(identity.count == Roster.identityBytes)
    for byte in identity { writer.u8(byte) }
    writer.u8(version)
    writer.u8(rule.rawValue)
    writer.u32(UInt32(period.raw / 1000))
    writer.u16(UInt16(fullEvery))
    writer.u8(UInt8(requestSlots))
    writer.u32(UInt32(slot.raw))
    writer.u32(UInt32(syncGap.raw))
    writer.u8(UInt8(cycles))
    writer.u16(UInt16(mtu))
    writer.u8(0)
    writer.u32(UInt32(tokenWindow))
    writer.u32(UInt32(storeBytes))
    writer.u32(UInt32(storeKeys))
    writer.u16(0)
    writer.u16(UInt16(keyBytes))
    writer.u32(UInt32(valueBytes))
    writer.u32(UInt32(snapshotEvery))
    writer.u16(UInt16(airPermille))
    writer.u8(UInt8(members.count))
    for member in members {
      precondition(member.publicKey.count == Roster.publicKeyBytes)
      writer.u8(member.slot.raw)
      for byte in member.publicKey { writer.u8(byte) }
    }
  }
}
