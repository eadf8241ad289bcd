// nodctl trace: what the node's protocol does, as it does it, from the ring of fixed size that the agent
// keeps. The agent never waits for a reader: what was overwritten before it could be told is counted.
import CBoard
import NodCore

package struct TraceCommand {
  package static var text: CommandText {
    CommandText(
      abstract: "Protocol events of the node, live, until Ctrl-C.",
      discussion: """
        Frames sent, heard, missed and rejected, roles, votes, decisions, the radio going on and off. Without \
        --since it begins with what happens next; --since 0 begins with the oldest event that the node still \
        has, and with --dump it ends after the newest. Events that were overwritten before they could be told \
        are counted on standard error. --json gives one event a line, as nodctl report and nodctl explain \
        read them.

        Examples:
          nodctl trace --kind sent,heard,decided
          nodctl trace --json --since 0 --dump > gate.jsonl
        """)
  }

  /// Pause between questions while nothing happens.
  private static let quietPause: Int64 = 100_000
  /// Events asked for at once.
  private static let batch = 256

  /// Only these kinds; empty: all.
  package var kinds: [String] = []
  /// Only what this member (name or slot) does, or what is heard of it.
  package var member: String?
  /// Only windows from ... to.
  package var window: ClosedRange<Int64>?
  /// The first event's sequence number.
  package var since: Int64?
  /// End after the newest.
  package var isDump = false
  /// End after this many events.
  package var count: UInt64?

  package init() {}

  /// What is wrong with the options; nil when nothing is.
  package var fault: String? {
    if count == 0 { return "--count 0: ask for 1 or more." }
    if let since, since < 0 { return "--since " + String(since) + ": sequence numbers begin with 0." }
    return nil
  }

  /// "1200", "1200-1210" or "1200-".
  package static func windows(_ text: String) -> ClosedRange<Int64>? {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let from = Int64(String(Substring(first))) else { return nil }
    if parts.count == 1 { return from...from }
    if parts[1].isEmpty { return from...Int64.max }
    guard let to = Int64(String(Substring(parts[1]))), to >= from else { return nil }
    return from...to
  }

  /// "sent,heard" as two kinds.
  package static func kinds(_ text: String) -> [String] {
    text.utf8.split(separator: UInt8(ascii: ",")).map { String(Substring($0)) }
  }

  package func run(_ link: NodeLink) throws(Trouble) -> ExitStatus {
    board_interrupts_marked()
    let client = try link.connect()
    let cast = try Cast(
      status: link.answer(from: client, ["NOD", "STATUS"]),
      peers: link.answer(from: client, ["NOD", "PEERS"]))
    let slot = member.map { cast.slot($0) }
    if let member, slot == .some(nil) { throw Trouble(.usage, "there is no member '" + safe(member) + "'") }
    let style = Style()
    var next = since ?? (isDump ? 0 : Int64.max)
    var shown: UInt64 = 0
    while board_was_interrupted() == 0 {  // until Ctrl-C, or the newest with --dump
      let page = try link.answer(from: client, ["NOD", "TRACE", String(next), String(Self.batch)])
      let events = page["events"]?.elements ?? []
      if let lost = page["lost"]?.integer, lost > 0, next != Int64.max {
        Console.complain("nodctl: " + String(lost) + " events were overwritten before they could be told")
      }
      for event in events where matches(event, slot.flatMap { $0 }) {
        Console.put(link.isJSON ? jsonText(event) : eventLine(event, cast, style))
        shown += 1
        if let count, shown >= count { return .done }
      }
      next = page["next"]?.integer ?? next
      if events.isEmpty {
        if isDump { return .done }
        board_pause(Self.quietPause)
      }
    }
    return .done
  }

  private func matches(_ event: RESPValue, _ slot: Int64?) -> Bool {
    if !kinds.isEmpty, !kinds.contains(event["kind"]?.string ?? "") { return false }
    if let window, !(event["window"]?.integer.map { window.contains($0) } ?? false) { return false }
    guard let slot else { return true }
    return ["node", "from", "member"].contains { event[$0]?.integer == slot }
  }
}
