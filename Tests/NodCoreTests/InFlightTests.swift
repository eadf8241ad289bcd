// The table of commands that stand in the log, against a dictionary: small names, so that many of them
// collide.
import NodCore
import Testing

@Test(arguments: [1, 2, 3] as [UInt64]) func theTableIsADictionary(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let capacity = 24
  var table = InFlight(capacity: capacity)
  var plain: [CommandID: UInt64] = [:]
  let names = (0..<60).map { _ in
    CommandID(
      node: NodeID(UInt8(random.below(31))), incarnation: UInt32(random.below(3)),
      sequence: UInt32(random.below(1_000)))
  }
  for step in 0..<100_000 {
    let id = names[random.below(names.count)]
    switch random.below(200) {
    case 0:
      table.removeAll()
      plain.removeAll()
    case 1..<110:
      guard plain.count < capacity || plain[id] != nil else { continue }
      let index = UInt64(1 + random.below(1_000))
      table.insert(id, at: LogIndex(index))
      plain[id] = index
    default:
      table.remove(id)
      plain[id] = nil
    }
    var isSame = table.count == plain.count
    for name in names where table.index(of: name).raw != plain[name] ?? 0 { isSame = false }
    if !isSame {
      Issue.record("seed \(seed), step \(step)")
      return
    }
  }
}

@Test func aFullTableLeavesOutWhatComesAndStillAnswers() {
  var table = InFlight(capacity: 8)
  for sequence in 1...200 {
    table.insert(
      CommandID(node: NodeID(1), incarnation: 1, sequence: UInt32(sequence)), at: LogIndex(UInt64(sequence)))
  }
  let first = table.index(of: CommandID(node: NodeID(1), incarnation: 1, sequence: 1))
  let last = table.index(of: CommandID(node: NodeID(1), incarnation: 1, sequence: 200))
  #expect(first == LogIndex(1))
  #expect(last == .zero)
}
