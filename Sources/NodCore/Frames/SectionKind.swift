// What a frame can say: the kinds of sections. A kind that is not known is skipped, counted and reported: it says
// nothing to this version. Their bytes are specified in docs/wire-format.md.

package enum SectionKind: UInt8, Sendable {
  case votes = 1
  case entries = 2
  case commands = 3
  case prepare = 4
  case promise = 5
  case canvass = 6
  case support = 7
  case alive = 8
  case pull = 9
  case snapshotPull = 10
  case snapshotChunk = 11
  case readRound = 12
  case readRequest = 13
  case readGrant = 14
  case cycle = 15
  case greeting = 16
  case newerStart = 17
  case plea = 18
  case ask = 19
  case tell = 20

  /// As docs/wire-format.md calls it, and every trace.
  package var name: StaticString {
    switch self {
    case .votes: "votes"
    case .entries: "entries"
    case .commands: "commands"
    case .prepare: "prepare"
    case .promise: "promise"
    case .canvass: "canvass"
    case .support: "support"
    case .alive: "alive"
    case .pull: "pull"
    case .snapshotPull: "snapshotPull"
    case .snapshotChunk: "snapshotChunk"
    case .readRound: "readRound"
    case .readRequest: "readRequest"
    case .readGrant: "readGrant"
    case .cycle: "cycle"
    case .greeting: "greeting"
    case .newerStart: "newerStart"
    case .plea: "plea"
    case .ask: "ask"
    case .tell: "tell"
    }
  }
}

/// Which kinds of sections a frame has: bit k for kind k.
package struct SectionKinds: Hashable, Sendable {
  package private(set) var bits: UInt32
  package init(bits: UInt32 = 0) { self.bits = bits }

  package mutating func insert(_ kind: SectionKind) { bits |= 1 << UInt32(kind.rawValue) }
  package func contains(_ kind: SectionKind) -> Bool { bits & (1 << UInt32(kind.rawValue)) != 0 }
  package var count: Int { bits.nonzeroBitCount }

  package func each(_ body: (SectionKind) -> Void) {
    var left = bits
    while left != 0 {
      if let kind = SectionKind(rawValue: UInt8(left.trailingZeroBitCount)) { body(kind) }
      left &= left - 1
    }
  }
}
