// The slot automaton of Wireless Paxos, as a baseline: what every node repeats, and how one node reacts to what it
// hears. Written anew from the published description (Poirot, Al Nahas, Landsiedel: "Paxos Made Wireless", EWSN
// 2019): one shared packet that floods, flags of who joined, phases prepare and accept, no acknowledgement of its own.
import NodCore

/// A ballot of the baseline: an 8-bit round before an 8-bit node; 0 is none.
package struct FloodBallot: Hashable, Comparable, Sendable {
  package var raw: UInt16
  package init(raw: UInt16) { self.raw = raw }
  package init(round: UInt8, node: Int) { raw = UInt16(round) << 8 | UInt16(node & 0xff) }
  package static let none = FloodBallot(raw: 0)
  package static func < (a: FloodBallot, b: FloodBallot) -> Bool { a.raw < b.raw }
}

package enum FloodPhase: UInt8, Comparable, Sendable {
  /// Nothing was heard yet.
  case silent
  case prepare
  case accept
  package static func < (a: FloodPhase, b: FloodPhase) -> Bool { a.rawValue < b.rawValue }
}

/// The one packet that everybody repeats and merges.
package struct FloodPacket: Equatable, Sendable {
  package var ballot = FloodBallot.none
  package var phase = FloodPhase.silent
  package var value: UInt8 = 0
  /// In prepare: the highest ballot in which one of those who joined accepted; in accept: the highest promise.
  package var proposal = FloodBallot.none
  /// Who joined this phase of this ballot.
  package var flags = NodeSet()

  /// Bytes on the air: 29 of preamble, header, integrity and check sum; ballot 2, phase 1, value 1, proposal 2; a
  /// bit for each node.
  package static func byteCount(nodes: Int) -> Int { 29 + 6 + (nodes + 7) / 8 }

  func isBehind(_ other: FloodPacket) -> Bool {
    ballot != other.ballot ? ballot < other.ballot : phase < other.phase
  }
}

/// What may be varied.
package struct FloodRules: Sendable {
  /// A node that joins a prepare leaves out what it had itself accepted, as the released code does.
  package var forgetsOwnAccepted = false
  /// Repeats of the complete packet before a node turns its radio off.
  package var completeRepeats = 9
  /// Slots of silence after which a node repeats its packet: drawn from this range.
  package var silence = 4...9
  package init() {}
}

/// One node. Its memory outlives its radio: the published failures are silent ones, never a loss of memory.
package struct FloodNode: Sendable {
  let id: NodeID
  let count: Int
  let rules: FloodRules
  package private(set) var packet = FloodPacket()
  package private(set) var promised = FloodBallot.none
  package private(set) var accepted = FloodBallot.none
  package private(set) var acceptedValue: UInt8 = 0
  /// The value that this node saw a majority accept.
  package private(set) var learned: UInt8?
  /// Its radio is off for the rest of the round: done, or failed.
  package internal(set) var isOff = false
  /// The ballot that it proposes in, and what it would propose.
  private var proposes: (ballot: FloodBallot, value: UInt8)?
  private var sendsNext = false
  private var silenceLeft = 0
  private var completeSends = 0

  package init(_ id: Int, of count: Int, rules: FloodRules) {
    self.id = NodeID(UInt8(id))
    self.count = count
    self.rules = rules
  }

  private var hasMajority: Bool { packet.flags.count > count / 2 }
  package var isComplete: Bool { packet.phase == .accept && packet.flags.count == count }

  /// Begins a round: with prepare, or as a leader that was promised everything already, with accept.
  mutating func propose(_ value: UInt8, round: UInt8, skipsPrepare: Bool, _ random: inout Random) {
    let ballot = FloodBallot(round: round, node: Int(id.raw))
    guard ballot > packet.ballot else { return }
    proposes = (ballot, value)
    packet = FloodPacket()
    packet.ballot = ballot
    packet.phase = skipsPrepare ? .accept : .prepare
    packet.value = skipsPrepare ? value : 0
    join()
    sendsNext = true
    rearm(&random)
    goOn()
  }

  /// Its radio is on again, with everything that it remembers.
  mutating func comeBack() {
    isOff = false
    completeSends = 0
  }

  /// Whether it transmits in this slot; one that does hears nothing in it.
  mutating func transmits(_ random: inout Random) -> Bool {
    guard !isOff, packet.phase != .silent else { return false }
    if isComplete {
      completeSends += 1
      if completeSends > rules.completeRepeats { isOff = true }
      return !isOff
    }
    silenceLeft -= 1
    if silenceLeft <= 0 {
      sendsNext = true
      rearm(&random)
    }
    guard sendsNext else { return false }
    sendsNext = false
    // Once a majority has promised, the proposer's next phase is to get through: the others hold back.
    if packet.phase == .prepare && hasMajority && proposes?.ballot != packet.ballot {
      return random.below(count) < 2
    }
    return true
  }

  mutating func heard(_ other: FloodPacket, _ random: inout Random) {
    guard !isOff else { return }
    rearm(&random)
    if other.isBehind(packet) {
      sendsNext = true
      return
    }
    if packet.isBehind(other) {
      packet = other
      join()
      sendsNext = true
    } else {
      let before = packet
      merge(other)
      if packet != before || packet != other { sendsNext = true }
    }
    goOn()
  }

  private mutating func merge(_ other: FloodPacket) {
    packet.flags.formUnion(other.flags)
    guard other.proposal > packet.proposal else { return }
    packet.proposal = other.proposal
    if packet.phase == .prepare { packet.value = other.value }
  }

  /// Takes part in the packet's phase, unless a higher ballot was promised.
  private mutating func join() {
    guard packet.ballot >= promised else {
      if packet.phase == .accept { packet.proposal = max(packet.proposal, promised) }
      return
    }
    promised = packet.ballot
    if packet.phase == .accept {
      accepted = packet.ballot
      acceptedValue = packet.value
    } else if !rules.forgetsOwnAccepted && accepted > packet.proposal {
      packet.proposal = accepted
      packet.value = acceptedValue
    }
    packet.flags.insert(id)
  }

  /// With a majority the proposer goes on to accept, and everybody who sees one of accept has learned.
  private mutating func goOn() {
    guard hasMajority else { return }
    if packet.phase == .prepare, let own = proposes, own.ballot == packet.ballot {
      packet.value = packet.proposal > .none ? packet.value : own.value
      packet.phase = .accept
      packet.proposal = .none
      packet.flags = NodeSet()
      join()
      sendsNext = true
    }
    if packet.phase == .accept && packet.flags.count > count / 2 && learned == nil { learned = packet.value }
  }

  private mutating func rearm(_ random: inout Random) {
    silenceLeft = rules.silence.lowerBound + random.below(rules.silence.count)
  }
}
