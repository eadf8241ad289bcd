// A member asks another over the radio, as a caller of its agent would have it do.
import NodCore
import NodStation

extension World {
  /// - Returns: why the question was not taken; nil when it was.
  @discardableResult
  package func ask(_ i: Int, about target: Int, _ question: ViaQuestion, from index: UInt64 = 0)
    -> ViaRefusal?
  {
    guard let station = members[i].station else { return .busy }
    nextQuestion += 1
    let refusal = station.pointee.ask(
      NodeID(UInt8(target)), question, index, ticket: Ticket(nextQuestion), now: members[i].local(now))
    turn(i)
    return refusal
  }

  /// The answer, whole; it is taken from the member, which may ask anew.
  package func takeAnswer(of i: Int) -> [UInt8]? {
    guard let station = members[i].station, station.pointee.node.isTold,
      let ticket = station.pointee.node.via.ticket
    else { return nil }
    let answer = [UInt8](station.pointee.node.via.asking.answer)
    _ = station.pointee.node.endAsking(ticket)
    return answer
  }

  /// Its caller waits no longer.
  package func giveUpAsking(_ i: Int) {
    guard let station = members[i].station, let ticket = station.pointee.node.via.ticket else { return }
    _ = station.pointee.node.endAsking(ticket)
  }
}

extension World {
  /// Asks about a member's station; nil while it has no power. Nothing of it may be changed.
  package func station<T>(_ i: Int, _ body: (inout Station<SimDisk>) -> T) -> T? {
    guard let station = members[i].station else { return nil }
    return body(&station.pointee)
  }
}
