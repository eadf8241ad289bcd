// The retained log against an array: the same operations at random, and every entry compared after each.
import NodCore
import Testing

/// What a log should hold, without rings.
private struct PlainLog {
  var first: UInt64 = 1
  var entries: [(sequence: UInt32, payload: [UInt8])] = []
  var last: UInt64 { first + UInt64(entries.count) - 1 }
  var byteCount: Int { entries.reduce(0) { $0 + $1.payload.count } }

  mutating func truncate(after index: UInt64) {
    guard index < last else { return }
    entries.removeLast(min(entries.count, Int(last - index)))
  }
  mutating func compact(through index: UInt64) {
    guard index >= first else { return }
    entries.removeFirst(min(entries.count, Int(index + 1 - first)))
    first = index + 1
  }
}

private func differs(_ log: borrowing Log, _ plain: PlainLog) -> Bool {
  if log.first.raw != plain.first || log.count != plain.entries.count || log.last.raw != plain.last {
    return true
  }
  for (offset, entry) in plain.entries.enumerated() {
    let index = LogIndex(plain.first + UInt64(offset))
    if log.head(index).token.id.sequence != entry.sequence || Array(log.payload(index)) != entry.payload {
      return true
    }
  }
  return false
}

@Suite struct LogTests {
  private static let byteCount = 120
  private static let largest = 40

  /// A refusal for want of bytes is right only if the piece, and what a turn round the ring wastes, do not
  /// fit.
  private func isWronglyRefused(_ size: Int, _ plain: PlainLog, capacity: Int) -> Bool {
    plain.entries.count < capacity && plain.byteCount + 2 * size + LogTests.largest < LogTests.byteCount
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func aLogIsAnArrayThatForgetsItsStart(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var log = Log(capacity: 16, byteCount: LogTests.byteCount)
    var plain = PlainLog()
    var refused = 0
    var sequence: UInt32 = 0
    for step in 0..<60_000 {
      switch random.below(20) {
      case 0...15:
        sequence += 1
        let payload = randomBytes(random.chance(20) ? 0 : random.below(LogTests.largest + 1), &random)
        if payload.withUnsafeBytes({ log.append(commandHead(sequence), $0) }) {
          plain.entries.append((sequence, payload))
        } else {
          refused += 1
          if isWronglyRefused(payload.count, plain, capacity: 16) {
            Issue.record("step \(step): refused with room")
          }
        }
      case 16:
        let index = plain.first - 1 + UInt64(random.below(plain.entries.count + 3))
        log.truncate(after: LogIndex(index))
        plain.truncate(after: index)
      case 17, 18:
        let index = plain.first - 1 + UInt64(random.below(plain.entries.count + 3))
        log.compact(through: LogIndex(index))
        plain.compact(through: index)
      default:
        guard random.chance(5) else { continue }
        let index = UInt64(random.below(1_000))
        log.restart(after: LogIndex(index))
        plain = PlainLog(first: index + 1)
      }
      if differs(log, plain) {
        Issue.record("seed \(seed), step \(step): the log differs from the array")
        return
      }
    }
    #expect(refused > 1_000)
  }

  /// `fits` is what makes an alignment all or nothing: it must foretell each of the appends.
  @Test(arguments: [4, 5] as [UInt64]) func fitsForetellsWhatAppendingDoes(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var log = Log(capacity: 16, byteCount: LogTests.byteCount)
    var staged = Log(capacity: 16, byteCount: LogTests.byteCount)
    var fitted = 0
    var refused = 0
    for round in 0..<20_000 {
      for _ in 0..<random.below(6) {
        let payload = randomBytes(random.below(LogTests.largest), &random)
        _ = payload.withUnsafeBytes { log.append(commandHead(1), $0) }
      }
      if random.chance(50) { log.compact(through: log.first + random.below(4)) }
      let base = log.first + (random.below(log.count + 1) - 1)
      staged.restart(after: base)
      for _ in 0..<random.below(8) {
        let payload = randomBytes(random.below(LogTests.largest), &random)
        _ = payload.withUnsafeBytes { staged.append(commandHead(2), $0) }
      }
      let foretold = log.fits(staged, after: base)
      log.truncate(after: base)
      var fits = true
      for i in 0..<staged.count where fits {
        let index = staged.first + i
        fits = log.append(staged.head(index), staged.payload(index))
      }
      if fits != foretold {
        Issue.record("seed \(seed), round \(round): foretold \(foretold), was \(fits)")
        return
      }
      if fits { fitted += 1 } else { refused += 1 }
    }
    #expect(fitted > 1_000 && refused > 1_000)
  }

  @Test func aFullLogRefusesAndIsUnchanged() {
    var log = Log(capacity: 4, byteCount: 8)
    let payload: [UInt8] = [1, 2]
    for sequence in 1...4 {
      let taken = payload.withUnsafeBytes { log.append(commandHead(UInt32(sequence)), $0) }
      #expect(taken)
    }
    let taken = payload.withUnsafeBytes { log.append(commandHead(5), $0) }
    #expect(!taken)
    let last = log.last
    let sequence = log.head(last).token.id.sequence
    #expect(last == LogIndex(4))
    #expect(sequence == 4)
  }
}
