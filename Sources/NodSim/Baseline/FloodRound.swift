// A round of the baseline, slot by slot: one proposer, all nodes in range, until everybody's radio is off or the round
// is over. And its schedules of failures: proposers fall silent, others take over, and nobody may learn two values.
import NodCore

package struct FloodOptions: Sendable {
  package var nodes = 3
  package var physics = FloodPhysics.ideal
  package var loss = FloodLoss(permille: 0)
  package var rules = FloodRules()
  /// A leader that was promised before begins with accept (as Wireless Multi-Paxos does).
  package var skipsPrepare = false
  /// Slots in a round: the testbed's figure.
  package var slotLimit = 354
  package init() {}
}

/// What one round came to; nil where it did not get there within the round.
package struct FloodOutcome: Sendable {
  /// Slots until the proposer saw a majority accept; until every node saw it; until every flag was set everywhere.
  package var slotsToLeader: Int?
  package var slotsToAll: Int?
  package var slotsToFlags: Int?
  /// Transmissions until the proposer knew, until all knew, and in the whole round.
  package var sentToLeader = 0
  package var sentToAll = 0
  package var sent = 0
  /// Slots with the radio on, summed over the nodes: in the whole round.
  package var radioSlots = 0
}

/// One round without failures.
package func floodOnce(_ options: FloodOptions, seed: UInt64) -> FloodOutcome {
  var random = Random(seed: seed)
  var air = FloodAir(options, &random)
  air.nodes[0].propose(1, round: 1, skipsPrepare: options.skipsPrepare, &random)
  var outcome = FloodOutcome()
  while air.slot < options.slotLimit && !air.isSilent {
    air.passSlot(&random)
    if outcome.slotsToLeader == nil, air.nodes[0].learned != nil {
      outcome.slotsToLeader = air.slot
      outcome.sentToLeader = air.sent
    }
    if outcome.slotsToAll == nil, air.nodes.allSatisfy({ $0.learned != nil }) {
      outcome.slotsToAll = air.slot
      outcome.sentToAll = air.sent
    }
    if outcome.slotsToFlags == nil, air.nodes.allSatisfy({ $0.isComplete }) {
      outcome.slotsToFlags = air.slot
    }
  }
  outcome.sent = air.sent
  outcome.radioSlots = air.radioSlots
  return outcome
}

/// A schedule of failures: the proposer falls silent in a slot of its own choosing, another takes over with a value of
/// its own, and so on. The nodes keep their memory and come back when the next proposer begins.
///
/// - Returns: the different values that nodes learned as decided; more than one is a violation of safety.
package func floodFailover(_ options: FloodOptions, seed: UInt64) -> Set<UInt8> {
  var random = Random(seed: seed)
  var air = FloodAir(options, &random)
  let proposals = 2 + random.below(3)
  // Until a phase has got through to somebody, and at most a few of them: longer waits change nothing any more.
  let reach = 6 + options.nodes / 2
  var learned: Set<UInt8> = []
  for round in 1...proposals {
    let proposer = random.below(options.nodes)
    for i in 0..<options.nodes { air.nodes[i].comeBack() }
    // A minority that has no power in this round.
    for _ in 0..<random.below((options.nodes + 1) / 2) {
      let i = random.below(options.nodes)
      if i != proposer { air.nodes[i].isOff = true }
    }
    air.nodes[proposer].propose(UInt8(round), round: UInt8(round), skipsPrepare: false, &random)
    let fails = air.slot + 1 + random.below(reach)
    let ends = fails + random.below(reach)
    while air.slot < ends {
      air.passSlot(&random)
      if air.slot == fails { air.nodes[proposer].isOff = true }
    }
    for node in air.nodes { if let value = node.learned { learned.insert(value) } }
  }
  return learned
}

/// The nodes and the slot they are in.
private struct FloodAir {
  var nodes: [FloodNode]
  private var medium: FloodMedium
  private(set) var slot = 0
  private(set) var sent = 0
  private(set) var radioSlots = 0

  init(_ options: FloodOptions, _ random: inout Random) {
    nodes = (0..<options.nodes).map { FloodNode($0, of: options.nodes, rules: options.rules) }
    medium = FloodMedium(count: options.nodes, physics: options.physics, loss: options.loss, &random)
  }

  var isSilent: Bool { nodes.allSatisfy { $0.isOff } }

  mutating func passSlot(_ random: inout Random) {
    medium.passSlot(&random)
    var speakers: [Int] = []
    var speaks = NodeSet()
    for i in 0..<nodes.count where nodes[i].transmits(&random) {
      speakers.append(i)
      speaks.insert(NodeID(UInt8(i)))
    }
    let said = speakers.map { nodes[$0].packet }
    for i in 0..<nodes.count where !nodes[i].isOff {
      radioSlots += 1
      if speaks.contains(NodeID(UInt8(i))) { continue }
      medium.hear(speakers, at: i, &random) { which, random in nodes[i].heard(said[which], &random) }
    }
    sent += speakers.count
    slot += 1
  }
}

/// Many rounds, summed up.
package struct FloodFigures: Sendable {
  package var options: FloodOptions
  package var rounds = 0
  /// Rounds in which the proposer, and in which everybody, got to know.
  package var leaderKnew = 0
  package var allKnew = 0
  package var allFlagged = 0
  /// Means over the rounds that got there.
  package var slotsToLeader = 0.0
  package var slotsToAll = 0.0
  package var slotsToFlags = 0.0
  package var sentToLeader = 0.0
  package var sentToAll = 0.0
  /// Bytes until all know, and slots with the radio on for each node until all radios were off, means.
  package var bytesToAll = 0.0
  package var radioSlots = 0.0
}

package func floodMany(_ options: FloodOptions, rounds: Int, seed: UInt64) -> FloodFigures {
  var figures = FloodFigures(options: options)
  for round in 0..<rounds {
    let one = floodOnce(options, seed: seed &+ UInt64(round))
    figures.rounds += 1
    figures.radioSlots += Double(one.radioSlots) / Double(options.nodes)
    if let slots = one.slotsToLeader {
      figures.leaderKnew += 1
      figures.slotsToLeader += Double(slots)
      figures.sentToLeader += Double(one.sentToLeader)
    }
    if let slots = one.slotsToAll {
      figures.allKnew += 1
      figures.slotsToAll += Double(slots)
      figures.sentToAll += Double(one.sentToAll)
    }
    if let slots = one.slotsToFlags {
      figures.allFlagged += 1
      figures.slotsToFlags += Double(slots)
    }
  }
  figures.slotsToLeader /= Double(max(1, figures.leaderKnew))
  figures.sentToLeader /= Double(max(1, figures.leaderKnew))
  figures.slotsToAll /= Double(max(1, figures.allKnew))
  figures.sentToAll /= Double(max(1, figures.allKnew))
  figures.slotsToFlags /= Double(max(1, figures.allFlagged))
  figures.radioSlots /= Double(max(1, rounds))
  figures.bytesToAll = figures.sentToAll * Double(FloodPacket.byteCount(nodes: options.nodes))
  return figures
}
