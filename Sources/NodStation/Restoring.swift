// A node out of its journal: every record to its owner, in order; what cannot be read stops the node.
import NodCore
import NodJournal

/// A peer's start salt as it was last known.
struct KnownSalt {
  var value: UInt64 = 0
  var incarnation: UInt32 = 0
}

/// What earlier starts left that is not the node's own.
struct Past {
  var mayVote: Bool
  var isDisqualified: Bool
  var incarnation: UInt32
  var salts: [KnownSalt]
  var airtime: [UInt8]
}

struct Restoring: ~Copyable {
  private let parameters: NodeParameters
  private let expected: Genesis
  private var node: Node
  private(set) var failure: RecordError?
  private(set) var genesisTrouble: String?
  var mayVote = true
  private(set) var isDisqualified = false
  private(set) var incarnation: UInt32 = 0
  private(set) var salts: [KnownSalt]
  /// Air time of the hour before, as last noted.
  private(set) var airtime: [UInt8] = []
  private var hasGenesis = false
  private var snapshotHead: Snapshots.Head?

  init(_ parameters: NodeParameters, _ expected: Genesis) {
    self.parameters = parameters
    self.expected = expected
    node = Node(parameters)
    salts = [KnownSalt](repeating: KnownSalt(), count: parameters.settings.memberCount)
  }

  /// - Returns: false when the record cannot be taken; `failure` or `genesisTrouble` says why.
  mutating func take(_ kind: UInt8, _ payload: Bytes) -> Bool {
    do throws(RecordError) {
      guard let known = RecordKind(rawValue: kind) else { throw .unknownKind(kind) }
      try take(known, payload)
    } catch {
      failure = error
      return false
    }
    return genesisTrouble == nil
  }

  private mutating func take(_ kind: RecordKind, _ payload: Bytes) throws(RecordError) {
    var input = ByteReader(payload)
    switch kind {
    case .genesis:
      guard let genesis = Genesis(payload) else { throw .malformed(kind.rawValue) }
      hasGenesis = true
      mayVote = genesis.mayVote
      if genesis.node != expected.node || genesis.clusterLow != expected.clusterLow
        || genesis.clusterHigh != expected.clusterHigh
        || genesis.membershipVersion != expected.membershipVersion
      {
        genesisTrouble =
          "the state directory belongs to slot \(genesis.node.raw), membership \(genesis.membershipVersion); "
          + "this configuration is slot \(expected.node.raw), membership \(expected.membershipVersion), "
          + "or another cluster: give each node its own state directory"
      }
    case .start:
      incarnation = UInt32(input.varint(atMost: UInt64(UInt32.max)))
      if input.failed { throw .malformed(kind.rawValue) }
    case .disqualified:
      isDisqualified = true
    case .airtime:
      airtime = [UInt8](payload)
    case .peerSalt:
      let slot = Int(input.u8())
      let salt = KnownSalt(value: input.u64(), incarnation: UInt32(input.varint(atMost: UInt64(UInt32.max))))
      if input.failed { throw .malformed(kind.rawValue) }
      if slot < salts.count { salts[slot] = salt }
    case .snapshot:
      let total = Int(input.varint(atMost: 1 << 30))
      let offset = Int(input.varint(atMost: 1 << 30))
      guard !input.failed, node.restoreSnapshotPiece(input.bytes(input.remaining), at: offset, of: total)
      else {
        throw .badSnapshot
      }
    case .base:
      try node.restoreSnapshot()
      fallthrough
    default:
      try node.restore(kind, payload)
    }
  }

  /// The number of this start is forgotten with the rest.
  mutating func numberAnew(_ random: UInt64) { incarnation = StartNumber.afterLoss(random) }

  var past: Past {
    Past(
      mayVote: mayVote, isDisqualified: isDisqualified, incarnation: incarnation, salts: salts,
      airtime: airtime)
  }

  /// The node as it was, in a new start.
  consuming func finish(_ start: StartOfNode) throws(RecordError) -> Node {
    try node.finishRecovery(incarnation: start.incarnation, salt: start.salt, mayVote: start.mayVote)
    return node
  }
}
