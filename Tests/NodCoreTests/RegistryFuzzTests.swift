// Bytes of all kinds, applied: nothing stops the registry, two replicas never differ, nothing that holds is
// broken.
import NodCore
import Testing

@Suite struct RegistryFuzzTests {
  @Test func amillionHostileCommandsDoNoHarm() throws {
    var random = SeededRandom(seed: 2_026)
    let pool = (0..<500).map { _ in RandomCommands.command(&random).bytes }
    let first = Machine(.tight)
    let second = Machine(.tight)
    var refused = 0
    for step in 0..<1_000_000 {
      var bytes = pool[random.below(pool.count)]
      switch random.below(4) {
      case 0: bytes = (0..<random.below(12)).map { _ in UInt8(random.below(256)) }
      case 1: bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
      case 2: bytes.removeLast(random.below(min(4, bytes.count)))
      default: break
      }
      let id = CommandID(
        node: NodeID(UInt8(random.below(31))), incarnation: 1, sequence: UInt32(random.below(1_000)))
      let token = CommandToken(id: id, issuedAt: LogIndex(first.index &- UInt64(random.below(24)) &+ 3))
      if step % 7 == 0 { first.time += UInt64(random.below(60)) }
      second.time = first.time
      let result = first.applyRaw(bytes, token)
      let same = second.applyRaw(bytes, token) == result
      first.registry.clearValues()
      second.registry.clearValues()
      if case .failed = result.outcome { refused += 1 }
      if step % 50_000 == 0 {
        try second.restore(first.snapshot())
        if let broken = first.registry.brokenInvariant() { Issue.record("step \(step): \(broken)") }
      }
      if !same || first.registry.digest != second.registry.digest {
        Issue.record("replicas differ at step \(step)")
        return
      }
    }
    // Neither all nor none of it was sense.
    #expect(refused > 100_000 && refused < 900_000)
  }
}
