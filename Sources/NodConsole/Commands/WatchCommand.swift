// nodctl watch: changes as they are applied at this node, until Ctrl-C. A node that goes away is waited for;
// what changed meanwhile is not seen, and that is said.
import CBoard
import NodCore

package struct WatchCommand {
  package static var text: CommandText {
    CommandText(
      abstract: "Changes of keys as the node applies them, until Ctrl-C.",
      discussion: """
        PATTERN is a glob as Redis knows it: * any text, ? any character, [ab] one of these. The value shown \
        is the one that the key has when the change is seen.

        Example:
          nodctl watch 'valve/*'
        """)
  }

  private static let channelPrefix = "__keyspace@0__:"
  /// How long a silent node is waited for before the loop looks round.
  private static let patience = Microseconds.seconds(3600)
  private static let reconnectPause: Int64 = 1_000_000

  package var pattern = "*"
  /// End after this many changes.
  package var count: UInt64?

  package init() {}

  package func run(_ link: NodeLink) throws(Trouble) -> ExitStatus {
    board_interrupts_marked()
    var seen: UInt64 = 0
    var client = try subscribed(link)
    while board_was_interrupted() == 0, count.map({ seen < $0 }) ?? true {  // until Ctrl-C, without a count
      do throws(Trouble) {
        guard let push = try client.nextPush(until: Console.now + Self.patience) else { continue }
        guard let change = change(in: push) else { continue }
        seen += 1
        show(change, client, link)
      } catch {
        Console.complain(
          "nodctl: " + error.what + "; waiting for it, what changes meanwhile is not seen")
        guard let again = resubscribed(link) else { break }
        client = again
      }
    }
    return .done
  }

  private struct KeyChange {
    let event: String
    let key: String
  }

  /// A connection on which changes arrive.
  private func subscribed(_ link: NodeLink) throws(Trouble) -> RESPClient {
    let client = try link.connect()
    try client.subscribe(["PSUBSCRIBE", Self.channelPrefix + pattern], until: Console.now + link.patience)
    if !link.isJSON, Style().isTerminal {
      Console.complain(Style().faint("watching " + safe(pattern) + " at " + client.path))
    }
    return client
  }

  private func resubscribed(_ link: NodeLink) -> RESPClient? {
    while board_was_interrupted() == 0 {  // until the node is back or the person has enough
      board_pause(Self.reconnectPause)
      do throws(Trouble) {
        let client = try subscribed(link)
        Console.complain("nodctl: connected again")
        return client
      } catch { continue }
    }
    return nil
  }

  private func change(in push: [RESPValue]) -> KeyChange? {
    guard push.count == 4, push[0].string == "pmessage", let channel = push[2].string,
      let event = push[3].string, channel.hasPrefix(Self.channelPrefix)
    else { return nil }
    let key = channel.utf8.dropFirst(Self.channelPrefix.utf8.count)
    return KeyChange(event: event, key: String(Substring(key)))
  }

  private func show(_ change: KeyChange, _ client: RESPClient, _ link: NodeLink) {
    var value = RESPValue.none
    do throws(Trouble) { value = try client.call(["GET", change.key], within: link.patience) } catch {}
    if link.isJSON {
      Console.put(
        jsonText([
          .init(key: "time", value: .text(Console.clock(universal: true))),
          .init(key: "event", value: .text(change.event)), .init(key: "key", value: .text(change.key)),
          .init(key: "value", value: value),
        ]))
      return
    }
    var line = Style().faint(Console.clock(universal: false)) + "  "
    line += pad(safe(change.event), 7, false) + "  " + safe(change.key)
    if value != RESPValue.none { line += "  " + plainText(value) }
    Console.put(line)
  }
}
