// Entries beyond a hole against a dictionary: what is kept, what is left out, and the bitmap that tells of
// it.
import NodCore
import Testing

private struct PlainHoles {
  static let capacity = 16
  static let payloadLimit = 12
  var next: UInt64 = 1
  var kept: [UInt64: [UInt8]] = [:]

  mutating func put(_ index: UInt64, _ payload: [UInt8]) {
    guard index > next, index - next < UInt64(PlainHoles.capacity), payload.count <= PlainHoles.payloadLimit,
      kept[index] == nil
    else { return }
    kept[index] = payload
  }
  var bitmap: UInt64 {
    kept.keys.reduce(0) { bits, index in
      index > next && index - next <= 64 ? bits | 1 << (index - next - 1) : bits
    }
  }
}

private func differs(_ holes: borrowing Holes, _ plain: PlainHoles) -> Bool {
  if holes.count != plain.kept.count || holes.bitmap(after: LogIndex(plain.next)) != plain.bitmap {
    return true
  }
  for (index, payload) in plain.kept {
    if !holes.has(LogIndex(index)) || Array(holes.payload(LogIndex(index))) != payload { return true }
    if holes.head(LogIndex(index)).token.id.sequence != UInt32(truncatingIfNeeded: index) { return true }
  }
  return false
}

@Test(arguments: [1, 2] as [UInt64]) func holesKeepWhatLiesWithinReachAndNothingElse(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var holes = Holes(capacity: PlainHoles.capacity, payloadLimit: PlainHoles.payloadLimit)
  var plain = PlainHoles()
  var drained = 0
  holes.restart(in: ballot(1))
  for step in 0..<60_000 {
    switch random.below(40) {
    case 0...33:
      let index = UInt64(max(1, Int(plain.next) + random.below(22) - 3))
      let payload = randomBytes(random.below(PlainHoles.payloadLimit + 2), &random)
      payload.withUnsafeBytes {
        holes.put(
          LogIndex(index), commandHead(UInt32(truncatingIfNeeded: index)), $0, next: LogIndex(plain.next))
      }
      plain.put(index, payload)
    case 34...38:
      plain.next += 1  // the missing one came
      while plain.kept.removeValue(forKey: plain.next) != nil {
        holes.remove(LogIndex(plain.next))
        plain.next += 1
        drained += 1
      }
    default:
      guard random.chance(10) else { continue }
      holes.restart(in: ballot(UInt32(step)))
      plain = PlainHoles(next: UInt64(1 + random.below(50)))
    }
    if differs(holes, plain) {
      Issue.record("seed \(seed), step \(step)")
      return
    }
  }
  #expect(drained > 1_000)
}

@Test func aBallotThatChangesDropsWhatWasKept() {
  var holes = Holes(capacity: 8, payloadLimit: 4)
  holes.restart(in: ballot(1))
  [UInt8]([1]).withUnsafeBytes { holes.put(LogIndex(5), commandHead(5), $0, next: LogIndex(3)) }
  let before = holes.count
  holes.restart(in: ballot(2))
  let after = holes.count
  let isKept = holes.has(LogIndex(5))
  let highest = holes.highest
  #expect(before == 1)
  #expect(after == 0)
  #expect(!isKept)
  #expect(highest == .zero)
}
