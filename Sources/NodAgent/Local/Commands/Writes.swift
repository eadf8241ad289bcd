// Requests that change something: from their words to the bytes of a log entry. Limits are looked at here as
// well as by the state machine, so that what cannot succeed costs no air time.
import NodCore

extension Clients {
  /// Encodes the write whose name stands at argument `first`.
  mutating func encode(_ command: Command, from first: Int, token: CommandToken?) throws(RequestError)
    -> Prepared
  {
    var out = ByteWriter(encoded)
    let key = arguments[first + 1]
    try checkKey(key)
    var form = ReplyForm.integer
    switch command {
    case .set: form = try encodeSet(first, &out)
    case .del: try encodeDelete(first, &out)
    case .delex: try encodeDeleteIfEqual(first, &out)
    case .incr: RegistryCommand.increment(key: key, by: 1).write(to: &out)
    case .decr: RegistryCommand.increment(key: key, by: -1).write(to: &out)
    case .incrby: RegistryCommand.increment(key: key, by: try number(first + 2)).write(to: &out)
    case .decrby:
      let delta = try number(first + 2)
      if delta == .min { throw .decrementOverflow }
      RegistryCommand.increment(key: key, by: -delta).write(to: &out)
    case .expire, .pexpire: try encodeExpire(command, first, &out)
    case .persist: RegistryCommand.persist(key: key).write(to: &out)
    default: preconditionFailure("the table calls this a write")
    }
    precondition(!out.overflowed, "a legal command fits")
    return .write(command, count: out.count, form: form, token: token)
  }

  /// SET key value [NX | XX | IFEQ compare] [GET] [EX seconds | PX milliseconds | KEEPTTL], in any order.
  private func encodeSet(_ first: Int, _ out: inout ByteWriter) throws(RequestError) -> ReplyForm {
    let value = arguments[first + 2]
    try checkValue(value)
    var condition = SetCondition.always
    var hasCondition = false
    var expiry = SetExpiry.none
    var hasExpiry = false
    var returnsOldValue = false
    var at = first + 3
    while at < arguments.count {
      let option = arguments[at]
      let hasOperand = at + 1 < arguments.count
      if option.isWord("GET") {
        returnsOldValue = true
      } else if option.isWord("NX") || option.isWord("XX") || option.isWord("IFEQ") {
        if hasCondition { throw .syntax }
        hasCondition = true
        if option.count == 4 {
          guard hasOperand else { throw .syntax }
          at += 1
          try checkValue(arguments[at])
          condition = .ifEqual(arguments[at])
        } else {
          condition = option.isWord("NX") ? .ifAbsent : .ifPresent
        }
      } else if option.isWord("EX") || option.isWord("PX") || option.isWord("KEEPTTL") {
        if hasExpiry { throw .syntax }
        hasExpiry = true
        if option.count == 2 {
          guard hasOperand else { throw .syntax }
          at += 1
          let duration = try milliseconds(at, inSeconds: option.isWord("EX"))
          guard duration > 0 else { throw .invalidExpiry }
          expiry = .after(UInt64(duration))
        } else {
          expiry = .keep
        }
      } else {
        throw option.isWord("EXAT") || option.isWord("PXAT") ? .clusterTimeOnly : .syntax
      }
      at += 1
    }
    RegistryCommand.set(
      key: arguments[first + 1], value: value, condition: condition, expiry: expiry,
      returnsOldValue: returnsOldValue
    ).write(to: &out)
    return returnsOldValue ? .oldValue : .status
  }

  private func encodeDelete(_ first: Int, _ out: inout ByteWriter) throws(RequestError) {
    for at in first + 1..<arguments.count { try checkKey(arguments[at]) }
    RegistryCommand.beginDelete(arguments.count - first - 1, to: &out)
    for at in first + 1..<arguments.count { RegistryCommand.addKey(arguments[at], to: &out) }
  }

  /// DELEX key [IFEQ compare]
  private func encodeDeleteIfEqual(_ first: Int, _ out: inout ByteWriter) throws(RequestError) {
    switch arguments.count - first {
    case 2: try encodeDelete(first, &out)
    case 4 where arguments[first + 2].isWord("IFEQ"):
      try checkValue(arguments[first + 3])
      RegistryCommand.deleteIfEqual(key: arguments[first + 1], compare: arguments[first + 3]).write(to: &out)
    default: throw .syntax
    }
  }

  private func encodeExpire(_ command: Command, _ first: Int, _ out: inout ByteWriter) throws(RequestError) {
    // NX, XX, GT and LT would need the state machine to judge them.
    guard arguments.count - first == 3 else { throw .syntax }
    let duration = try milliseconds(first + 2, inSeconds: command == .expire)
    RegistryCommand.expire(key: arguments[first + 1], milliseconds: duration).write(to: &out)
  }

  // MARK: Operands

  func checkKey(_ key: Bytes) throws(RequestError) {
    if key.count > limits.keyBytes { throw .keyTooLong(key.count, limit: limits.keyBytes) }
  }
  private func checkValue(_ value: Bytes) throws(RequestError) {
    if value.count > limits.valueBytes { throw .valueTooLong(value.count, limit: limits.valueBytes) }
  }
  func number(_ index: Int) throws(RequestError) -> Int64 {
    guard let value = arguments[index].decimal else { throw .notAnInteger }
    return value
  }
  /// A time to live; 0 and less are for the caller to judge.
  private func milliseconds(_ index: Int, inSeconds: Bool) throws(RequestError) -> Int64 {
    let value = try number(index)
    let (product, overflowed) = value.multipliedReportingOverflow(by: inSeconds ? 1_000 : 1)
    if overflowed || product > Int64(RegistryLimits.longestTTL) {
      if value > 0 { throw .expiryOverflow }
      return -1
    }
    return product
  }
}
