// The replay window as a table, and against a slow one that forgets nothing.
import Testing

@testable import NodSecurity

@Test func countersAreJudgedAsInTheTable() {
  let depth = UInt32(ReplayWindow.depth)
  let table: [(counter: UInt32, isNew: Bool)] = [
    (0, true), (0, false), (1, true), (1, false), (9, true), (8, true), (7, true), (7, false), (9, false),
    (63, true), (64, true), (62, true), (62, false), (65, true), (63, false),
    (depth, true), (2, true), (1, false), (0, false), (depth, false),
    (depth + 2, true), (3, true), (2, false), (4, true), (depth + 1, true),
    (10_000, true), (10_000 - depth, false), (10_000 - depth + 1, true), (10_000 - depth + 1, false),
    (9_999, true),
    (10_000 + 8 * 64, true), (10_001, false), (10_000 + 64, false), (10_000 + 65, true),
    (.max - 1, true), (.max, true), (.max, false), (.max - 1, false), (.max - depth + 1, true),
    (.max - depth, false), (0, false),
  ]
  var window = ReplayWindow()
  for (line, row) in table.enumerated() {
    #expect(window.accepts(row.counter) == row.isNew, "line \(line): \(row.counter)")
    window.note(row.counter)
  }
}

@Test func aFirstCounterMayBeAnyAndWhatCameShortlyBeforeItIsStillTaken() {
  var window = ReplayWindow()
  window.note(5_000)
  #expect(window.accepts(4_999))
  #expect(!window.accepts(5_000))
  #expect(!window.accepts(5_000 - UInt32(ReplayWindow.depth)))
}

@Test func askingChangesNothing() {
  var window = ReplayWindow()
  window.note(3)
  for counter in 0..<100_000 as Range<UInt32> { _ = window.accepts(counter) }
  #expect(window.accepts(0))
  #expect(window.accepts(4))
}

@Test(arguments: 1...5 as ClosedRange<UInt64>)
func itAgreesWithAWindowThatForgetsNothing(seed: UInt64) {
  var numbers = Numbers(state: seed)
  var window = ReplayWindow()
  var seen = Set<UInt32>()
  var highest: UInt32 = 0
  var wrong = 0
  for _ in 0..<20_000 {
    let step = numbers.below(100)
    let counter: UInt32
    if step < 60 {
      counter = highest &+ UInt32(numbers.below(4))
    } else if step < 98 {
      counter =
        highest >= 600 ? highest - UInt32(numbers.below(600)) : UInt32(numbers.below(Int(highest) + 1))
    } else {
      counter = highest + UInt32(numbers.below(2_000))
    }
    let isInside = seen.isEmpty || counter > highest || UInt64(highest - counter) < ReplayWindow.depth
    let expected = isInside && !seen.contains(counter)
    if window.accepts(counter) != expected { wrong += 1 }
    if window.accepts(counter) {
      window.note(counter)
      seen.insert(counter)
      highest = max(highest, counter)
    }
  }
  #expect(wrong == 0)
}
