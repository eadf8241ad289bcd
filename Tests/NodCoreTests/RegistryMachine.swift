// A registry with its log, as the tests of this folder drive it: commands are given as Swift values and
// applied at the next position, under a fresh token unless the test names one.
import NodCore

/// SplitMix64: a test that fails with a seed fails with it again.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
  mutating func below(_ n: Int) -> Int { Int.random(in: 0..<n, using: &self) }
  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

/// A command that owns its strings.
enum Asked {
  case set(
    [UInt8], [UInt8], ifAbsent: Bool = false, ifPresent: Bool = false, ifEqual: [UInt8]? = nil,
    ttl: UInt64? = nil,
    keepsTTL: Bool = false, get: Bool = false)
  case delete([[UInt8]])
  case deleteIfEqual([UInt8], [UInt8])
  case increment([UInt8], Int64)
  case expire([UInt8], Int64)
  case persist([UInt8])
  case noop

  var bytes: [UInt8] {
    encoded { out in
      switch self {
      case .set(let key, let value, let absent, let present, let equal, let ttl, let keeps, let get):
        key.withUnsafeBytes { key in
          value.withUnsafeBytes { value in
            (equal ?? []).withUnsafeBytes { compare in
              let condition: SetCondition =
                equal != nil ? .ifEqual(compare) : absent ? .ifAbsent : present ? .ifPresent : .always
              let expiry = ttl.map { SetExpiry.after($0) } ?? (keeps ? .keep : .none)
              RegistryCommand.set(
                key: key, value: value, condition: condition, expiry: expiry, returnsOldValue: get
              ).write(to: &out)
            }
          }
        }
      case .delete(let keys):
        RegistryCommand.beginDelete(keys.count, to: &out)
        for key in keys { key.withUnsafeBytes { RegistryCommand.addKey($0, to: &out) } }
      case .deleteIfEqual(let key, let compare):
        key.withUnsafeBytes { key in
          compare.withUnsafeBytes { RegistryCommand.deleteIfEqual(key: key, compare: $0).write(to: &out) }
        }
      case .increment(let key, let delta):
        key.withUnsafeBytes { RegistryCommand.increment(key: $0, by: delta).write(to: &out) }
      case .expire(let key, let ttl):
        key.withUnsafeBytes { RegistryCommand.expire(key: $0, milliseconds: ttl).write(to: &out) }
      case .persist(let key): key.withUnsafeBytes { RegistryCommand.persist(key: $0).write(to: &out) }
      case .noop: RegistryCommand.noop.write(to: &out)
      }
    }
  }
}

func encoded(_ room: Int = 1 << 18, _ body: (inout ByteWriter) -> Void) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
    var out = ByteWriter(UnsafeMutableRawBufferPointer(buffer))
    body(&out)
    precondition(!out.overflowed)
    count = out.count
  }
}

extension String {
  var bytes: [UInt8] { [UInt8](utf8) }
}

/// An outcome with its value in place of the value's range.
enum Told: Equatable {
  case ok, none, valueNotKept, staleToken
  case integer(Int64)
  case value([UInt8])
  case failed(RegistryFailure)
}

final class Machine {
  var registry: Registry
  var index: UInt64 = 0
  var time: UInt64 = 0
  private var sequence: UInt32 = 0

  init(_ limits: RegistryLimits = RegistryLimits(), changeBytes: Int = 0) {
    registry = Registry(limits: limits, changeBytes: changeBytes)
  }

  func freshToken() -> CommandToken {
    sequence += 1
    return token(node: UInt8(sequence % 3), sequence)
  }
  func token(node: UInt8 = 0, _ sequence: UInt32, issuedAt: UInt64? = nil) -> CommandToken {
    CommandToken(
      id: CommandID(node: NodeID(node), incarnation: 1, sequence: sequence),
      issuedAt: LogIndex(issuedAt ?? index))
  }

  /// Applies raw bytes at the next position.
  func applyRaw(_ command: [UInt8], _ token: CommandToken? = nil) -> ApplyResult {
    let token = token ?? freshToken()
    index += 1
    return command.withUnsafeBytes {
      registry.apply($0, token: token, at: LogIndex(index), time: ClusterTime(milliseconds: time))
    }
  }

  func result(_ asked: Asked, _ token: CommandToken? = nil) -> ApplyResult { applyRaw(asked.bytes, token) }

  @discardableResult
  func apply(_ asked: Asked, _ token: CommandToken? = nil) -> Told { told(result(asked, token)) }

  func told(_ result: ApplyResult) -> Told {
    defer { registry.clearValues() }
    switch result.outcome {
    case .ok: return .ok
    case .none: return .none
    case .valueNotKept: return .valueNotKept
    case .staleToken: return .staleToken
    case .integer(let n): return .integer(n)
    case .value(let range): return .value([UInt8](registry.value(range)))
    case .failed(let failure): return .failed(failure)
    }
  }

  /// Passes positions that carry no command.
  func pass(_ positions: UInt64) {
    for _ in 0..<positions {
      index += 1
      registry.advance(to: LogIndex(index), time: ClusterTime(milliseconds: time))
    }
  }

  func value(_ key: String) -> String? { value(key.bytes).map { String(decoding: $0, as: UTF8.self) } }
  func value(_ key: [UInt8]) -> [UInt8]? {
    key.withUnsafeBytes { registry.lookup($0).map { [UInt8]($0.value) } }
  }
  func timeToLive(_ key: String) -> UInt64? {
    key.bytes.withUnsafeBytes { registry.lookup($0)?.remaining(registry.now) }
  }
  func version(_ key: String) -> UInt64? { key.bytes.withUnsafeBytes { registry.lookup($0)?.modifiedAt.raw } }

  func snapshot() -> [UInt8] {
    encoded(Registry.maxSnapshotBytes(registry.limits)) { registry.writeSnapshot(into: &$0) }
  }
  func restore(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try registry.restore(from: $0) }
    index = registry.lastIndex.raw
    time = registry.now.milliseconds
  }
}

extension RegistryLimits {
  /// Small enough that random commands meet every limit.
  static let tight = RegistryLimits(
    storeBytes: 2_048, storeKeys: 24, keyBytes: 16, valueBytes: 64, tokenWindow: 16)
}
