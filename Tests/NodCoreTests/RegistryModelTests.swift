// Random histories, the same on the registry and on the model.
import NodCore
import Testing

@Suite struct RegistryModelTests {
  /// Commands, retries, retries that are too old, positions without a command, time that stands and jumps.
  private func run(seed: UInt64, steps: Int, _ check: (Machine, RegistryModel, Int) throws -> Void) rethrows {
    var random = SeededRandom(seed: seed)
    let m = Machine(.tight)
    var model = RegistryModel(.tight)
    var sent: [(asked: Asked, token: CommandToken)] = []
    for step in 0..<steps {
      m.time += random.chance(70) ? UInt64(random.below(4)) : random.chance(5) ? 150 : 0
      if random.chance(10) {
        m.pass(1)
        // The model has no step without a command: a stale one does nothing but pass.
        _ = model.step(.noop, m.token(9, issuedAt: m.index + 1), m.index, m.time)
        continue
      }
      var asked = RandomCommands.command(&random)
      var token = m.freshToken()
      if random.chance(25), let again = sent.suffix(30).randomElement(using: &random) {
        (asked, token) = again
      }
      asked = asked.withDistinctExpiry(&random, at: m.time, of: model)
      sent.append((asked, token))
      let result = m.result(asked, token)
      let (told, index, isDuplicate) = model.step(asked, token, m.index, m.time)
      #expect(m.told(result) == told, "seed \(seed) step \(step): \(asked)")
      #expect(result.index.raw == index && result.isDuplicate == isDuplicate, "seed \(seed) step \(step)")
      try check(m, model, step)
    }
  }

  @Test(arguments: 1...40)
  func answersAndStateAreThoseOfTheModel(_ seed: Int) throws {
    run(seed: UInt64(seed), steps: 1_500) { m, model, step in
      #expect(m.registry.usedBytes == model.used, "seed \(seed) step \(step)")
      guard step % 10 == 0 else { return }
      if let broken = m.registry.brokenInvariant() { Issue.record("seed \(seed) step \(step): \(broken)") }
      #expect(m.registry.keyCount == model.items.count, "seed \(seed) step \(step)")
      for (key, item) in model.items {
        let found = key.withUnsafeBytes { raw in
          m.registry.lookup(raw).map {
            RegistryModel.Item(
              value: [UInt8]($0.value), version: $0.modifiedAt.raw, expiry: $0.expiresAt?.milliseconds)
          }
        }
        #expect(found == (item.expiry ?? .max <= model.now ? nil : item), "seed \(seed) step \(step)")
      }
    }
  }

  @Test func aReplicaRestoredAnywhereGoesOnAsTheOthers() throws {
    for seed in UInt64(100)..<110 {
      var random = SeededRandom(seed: seed)
      let first = Machine(.tight)
      let second = Machine(.tight)
      for step in 0..<1_000 {
        let asked = RandomCommands.command(&random)
        let token =
          random.chance(80) ? first.freshToken() : first.token(1, issuedAt: UInt64(random.below(20)))
        first.time += UInt64(random.below(20))
        second.time = first.time
        #expect(first.apply(asked, token) == second.apply(asked, token), "seed \(seed) step \(step)")
        if random.chance(5) { try second.restore(first.snapshot()) }
        #expect(first.registry.digest == second.registry.digest, "seed \(seed) step \(step)")
      }
      #expect(first.snapshot() == second.snapshot())
    }
  }
}

extension Asked {
  /// The same with a time to live at which no other key of the model expires.
  fileprivate func withDistinctExpiry(_ random: inout SeededRandom, at time: UInt64, of model: RegistryModel)
    -> Asked
  {
    let taken = Set(model.items.values.compactMap { $0.expiry })
    func free(_ ttl: UInt64) -> UInt64 {
      var ttl = ttl
      while taken.contains(max(time, model.now) + ttl) { ttl += 1 }
      return ttl
    }
    switch self {
    case .set(let key, let value, let absent, let present, let equal, let ttl?, let keeps, let get):
      return .set(
        key, value, ifAbsent: absent, ifPresent: present, ifEqual: equal, ttl: free(ttl), keepsTTL: keeps,
        get: get)
    case .expire(let key, let ttl) where ttl > 0: return .expire(key, Int64(free(UInt64(ttl))))
    default: return self
    }
  }
}
