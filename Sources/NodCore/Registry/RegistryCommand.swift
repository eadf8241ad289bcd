// What a log entry asks of the registry, and its bytes. Written by the local interface, read where it is
// applied.
//
// One operation byte, then its operands; a string is its length as a varint and its bytes:
//   1 set             flags, key, value, [compare], [ttl ms]     5 expire    key, signed ttl ms
//   2 delete          count, key...                              6 persist   key
//   3 deleteIfEqual   key, compare                               7 noop
//   4 increment       key, signed delta
// Nothing may follow. The bytes are in the log before they are judged, so every replica judges them alike.

/// Which existing value lets a `set` go through.
package enum SetCondition {
  case always
  /// NX
  case ifAbsent
  /// XX
  case ifPresent
  /// IFEQ: only over exactly this value; an absent key equals nothing.
  case ifEqual(Bytes)
}

/// What a `set` does to the key's expiry.
package enum SetExpiry {
  /// The key does not expire, whatever it did before.
  case none
  /// Milliseconds of cluster time, 1 ... `RegistryLimits.longestTTL`.
  case after(UInt64)
  /// KEEPTTL
  case keep
}

/// A command whose strings are borrowed from the bytes it was read from, or from its caller.
package enum RegistryCommand {
  case set(key: Bytes, value: Bytes, condition: SetCondition, expiry: SetExpiry, returnsOldValue: Bool)
  case delete(KeyList)
  case deleteIfEqual(key: Bytes, compare: Bytes)
  case increment(key: Bytes, by: Int64)
  /// 0 or less deletes at once.
  case expire(key: Bytes, milliseconds: Int64)
  case persist(key: Bytes)
  case noop

  fileprivate enum Operation: UInt8 {
    case set = 1
    case delete, deleteIfEqual, increment, expire, persist, noop
  }

  fileprivate struct SetFlags {
    static let ifAbsent: UInt8 = 1
    static let ifPresent: UInt8 = 2
    static let ifEqual: UInt8 = 4
    static let hasTTL: UInt8 = 8
    static let keepsTTL: UInt8 = 16
    static let returnsOldValue: UInt8 = 32
    static let conditions = ifAbsent | ifPresent | ifEqual
    static let all: UInt8 = 63
  }
}

/// The keys of a `delete`: at least one, as they stand in the command.
package struct KeyList {
  package let count: Int
  fileprivate let encoded: Bytes

  /// Calls `visit` with each key, in order, until it returns false.
  package func visitAll(_ visit: (Bytes) -> Bool) {
    var input = ByteReader(encoded)
    for _ in 0..<count {
      let key = RegistryCommand.string(&input)
      guard !input.failed, visit(key) else { return }
    }
  }
}

// MARK: Writing

extension RegistryCommand {
  package func write(to out: inout ByteWriter) {
    switch self {
    case .set(let key, let value, let condition, let expiry, let returnsOldValue):
      out.u8(Operation.set.rawValue)
      Self.writeSet(key, value, condition, expiry, returnsOldValue, to: &out)
    case .delete(let keys):
      Self.beginDelete(keys.count, to: &out)
      out.bytes(keys.encoded)
    case .deleteIfEqual(let key, let compare):
      out.u8(Operation.deleteIfEqual.rawValue)
      Self.write(key, to: &out)
      Self.write(compare, to: &out)
    case .increment(let key, let delta):
      out.u8(Operation.increment.rawValue)
      Self.write(key, to: &out)
      out.signedVarint(delta)
    case .expire(let key, let milliseconds):
      out.u8(Operation.expire.rawValue)
      Self.write(key, to: &out)
      out.signedVarint(milliseconds)
    case .persist(let key):
      out.u8(Operation.persist.rawValue)
      Self.write(key, to: &out)
    case .noop:
      out.u8(Operation.noop.rawValue)
    }
  }

  /// Begins a `delete` of `count` keys, at least one; as many calls of `addKey` follow.
  package static func beginDelete(_ count: Int, to out: inout ByteWriter) {
    out.u8(Operation.delete.rawValue)
    out.varint(UInt64(count))
  }
  package static func addKey(_ key: Bytes, to out: inout ByteWriter) { write(key, to: &out) }

  private static func write(_ string: Bytes, to out: inout ByteWriter) {
    out.varint(UInt64(string.count))
    out.bytes(string)
  }

  private static func writeSet(
    _ key: Bytes, _ value: Bytes, _ condition: SetCondition, _ expiry: SetExpiry, _ returnsOldValue: Bool,
    to out: inout ByteWriter
  ) {
    var flags: UInt8 = returnsOldValue ? SetFlags.returnsOldValue : 0
    switch condition {
    case .always: break
    case .ifAbsent: flags |= SetFlags.ifAbsent
    case .ifPresent: flags |= SetFlags.ifPresent
    case .ifEqual: flags |= SetFlags.ifEqual
    }
    switch expiry {
    case .none: break
    case .after: flags |= SetFlags.hasTTL
    case .keep: flags |= SetFlags.keepsTTL
    }
    out.u8(flags)
    write(key, to: &out)
    write(value, to: &out)
    if case .ifEqual(let compare) = condition { write(compare, to: &out) }
    if case .after(let milliseconds) = expiry { out.varint(milliseconds) }
  }
}

// MARK: Reading

extension RegistryCommand {
  /// Reads what `write` wrote.
  ///
  /// - Throws: `.wrongOp` for an operation that does not exist, `.malformed` for anything else that is no
  ///   command, `.overflow` for a time to live beyond `RegistryLimits.longestTTL`.
  package init(_ bytes: Bytes) throws(RegistryFailure) {
    var input = ByteReader(bytes)
    let code = input.u8()
    if input.failed { throw .malformed }
    guard let operation = Operation(rawValue: code) else { throw .wrongOp }
    switch operation {
    case .set: self = try Self.readSet(&input)
    case .delete: self = .delete(Self.readKeys(&input))
    case .deleteIfEqual: self = .deleteIfEqual(key: Self.string(&input), compare: Self.string(&input))
    case .increment: self = .increment(key: Self.string(&input), by: input.signedVarint())
    case .expire: self = .expire(key: Self.string(&input), milliseconds: input.signedVarint())
    case .persist: self = .persist(key: Self.string(&input))
    case .noop: self = .noop
    }
    if input.failed || !input.isAtEnd { throw .malformed }
    if case .expire(_, let milliseconds) = self, milliseconds > Int64(RegistryLimits.longestTTL) {
      throw .overflow
    }
  }

  @inline(never)
  fileprivate static func string(_ input: inout ByteReader) -> Bytes {
    let length = input.varint(atMost: UInt64(input.remaining))
    return input.bytes(Int(length))
  }

  private static func readKeys(_ input: inout ByteReader) -> KeyList {
    // Every key takes a byte at least, which bounds the loop by the command's length.
    let count = Int(input.varint(atMost: UInt64(input.remaining)))
    if count == 0 { input.fail() }
    let start = input.offset
    for _ in 0..<count { _ = string(&input) }
    return KeyList(count: count, encoded: input.bytes.part(start, input.offset))
  }

  private static func readSet(_ input: inout ByteReader) throws(RegistryFailure) -> RegistryCommand {
    let flags = input.u8()
    let key = string(&input)
    let value = string(&input)
    let conditions = flags & SetFlags.conditions
    let bothExpiries = SetFlags.hasTTL | SetFlags.keepsTTL
    if flags & ~SetFlags.all != 0 || conditions.nonzeroBitCount > 1 || flags & bothExpiries == bothExpiries {
      throw .malformed
    }
    var condition = SetCondition.always
    switch conditions {
    case SetFlags.ifAbsent: condition = .ifAbsent
    case SetFlags.ifPresent: condition = .ifPresent
    case SetFlags.ifEqual: condition = .ifEqual(string(&input))
    default: break
    }
    var expiry = flags & SetFlags.keepsTTL != 0 ? SetExpiry.keep : .none
    if flags & SetFlags.hasTTL != 0 {
      let milliseconds = input.varint()
      if input.failed || milliseconds == 0 { throw .malformed }
      if milliseconds > RegistryLimits.longestTTL { throw .overflow }
      expiry = .after(milliseconds)
    }
    return .set(
      key: key, value: value, condition: condition, expiry: expiry,
      returnsOldValue: flags & SetFlags.returnsOldValue != 0)
  }
}
