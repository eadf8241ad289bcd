// Commands that wait, against a list: order of arrival, bytes round the ring, and room given back from the
// oldest on.
import NodCore
import Testing

private struct Waiting {
  var number: Int
  var id: CommandID
  var issuedAt: UInt64
  var ticket: UInt64?
  var command: [UInt8]
  var isDone = false
}

private func differs(_ pending: borrowing PendingCommands, _ plain: [Waiting]) -> Bool {
  if pending.isEmpty != plain.isEmpty || pending.next - pending.oldest != plain.count { return true }
  for waiting in plain {
    if pending.isThere(waiting.number) == waiting.isDone { return true }
    if (pending.number(of: waiting.id) == waiting.number) == waiting.isDone { return true }
    if waiting.isDone { continue }
    let item = pending.item(waiting.number)
    if item.id != waiting.id || item.issuedAt.raw != waiting.issuedAt || item.ticket?.raw != waiting.ticket {
      return true
    }
    if Array(pending.command(waiting.number)) != waiting.command { return true }
  }
  return false
}

@Test(arguments: [1, 2, 3] as [UInt64]) func waitingCommandsAreAListInOrderOfArrival(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let capacity = 16
  let byteCount = 150
  let largest = 40
  var pending = PendingCommands(capacity: capacity, byteCount: byteCount)
  var plain: [Waiting] = []
  var sequence: UInt32 = 0
  var refused = 0
  for step in 0..<60_000 {
    switch random.below(10) {
    case 0...4:
      sequence += 1
      let id = CommandID(node: NodeID(2), incarnation: 1, sequence: sequence)
      let command = randomBytes(random.chance(10) ? 0 : random.below(largest + 1), &random)
      let ticket = random.chance(50) ? Ticket(UInt64(sequence)) : nil
      let number = command.withUnsafeBytes { pending.append(id, issuedAt: .zero, ticket: ticket, $0) }
      if let number {
        plain.append(Waiting(number: number, id: id, issuedAt: 0, ticket: ticket?.raw, command: command))
      } else {
        refused += 1
        let used = plain.reduce(0) { $0 + $1.command.count }
        if plain.count < capacity && used + 2 * command.count + largest < byteCount {
          Issue.record("seed \(seed), step \(step): refused with room")
        }
      }
    case 5:
      guard let at = plain.indices.randomElement(using: &random), !plain[at].isDone else { continue }
      let index = UInt64(1 + random.below(9))
      pending.issue(plain[at].number, at: LogIndex(index))
      if plain[at].issuedAt == 0 { plain[at].issuedAt = index }  // the first time counts
    case 6:
      guard let at = plain.indices.randomElement(using: &random), !plain[at].isDone else { continue }
      pending.forgetTicket(plain[at].number)
      plain[at].ticket = nil
    default:
      guard let at = plain.indices.randomElement(using: &random) else { continue }
      pending.remove(plain[at].number)
      plain[at].isDone = true
      while let oldest = plain.first, oldest.isDone { plain.removeFirst() }
    }
    if differs(pending, plain) {
      Issue.record("seed \(seed), step \(step)")
      return
    }
  }
  #expect(refused > 500)
}
