// nodctl watch: changes as they are applied at this node, until Ctrl-C. A node that goes away is waited for;
// what changed meanwhile is not seen, and that is said.
import ArgumentParser
import Foundation

extension Nodctl {
  struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Changes of keys as the node applies them, until Ctrl-C.",
      discussion: """
        PATTERN is a glob as Redis knows it: * any text, ? any character, [ab] one of these. The value shown \
        is the one that the key has when the change is seen.

        Example:
          nodctl watch 'valve/*'
        """)

    private static let channelPrefix = "__keyspace@0__:"
    /// How long a silent node is waited for before it is asked again whether it lives.
    private static let patience = Duration.seconds(3600)
    private static let reconnectSeconds: UInt32 = 1

    @Argument(help: "Which keys.")
    var pattern = "*"

    @OptionGroup var node: NodeOptions

    @Option(help: ArgumentHelp("End after this many changes.", valueName: "changes"))
    var count: UInt64?

    func run() throws {
      signal(SIGINT) { _ in _exit(0) }
      var seen: UInt64 = 0
      var client = try subscribed()
      while count.map({ seen < $0 }) ?? true {  // forever, without --count
        do {
          guard let push = try client.nextPush(until: .now + Self.patience) else { continue }
          guard let change = change(in: push) else { continue }
          seen += 1
          show(change, client)
        } catch let trouble as Trouble {
          complain("nodctl: \(trouble.what); waiting for it, what changes meanwhile is not seen")
          client = resubscribed()
        }
      }
    }

    private struct KeyChange {
      let event: String
      let key: String
    }

    /// A connection on which changes arrive.
    private func subscribed() throws -> RESPClient {
      let client = try node.connect()
      let words = ["PSUBSCRIBE", Self.channelPrefix + pattern].map { Array($0.utf8) }
      try client.subscribe(words, until: .now + node.patience)
      if !node.json, Style().isTerminal {
        complain(Style().faint("watching \(safe(pattern)) at \(client.path)"))
      }
      return client
    }

    private func resubscribed() -> RESPClient {
      while true {  // forever: until the node is back or the person has enough
        sleep(Self.reconnectSeconds)
        if let client = try? subscribed() {
          complain("nodctl: connected again")
          return client
        }
      }
    }

    private func change(in push: [RESPValue]) -> KeyChange? {
      guard push.count == 4, push[0].string == "pmessage", let channel = push[2].string,
        let event = push[3].string, channel.hasPrefix(Self.channelPrefix)
      else { return nil }
      return KeyChange(event: event, key: String(channel.dropFirst(Self.channelPrefix.count)))
    }

    private func show(_ change: KeyChange, _ client: RESPClient) {
      let value = (try? client.call(["GET", change.key], within: node.patience)) ?? .none
      let now = Date()
      if node.json {
        print(
          nodctl.json([
            .init(key: "time", value: .text(now.formatted(.iso8601.time(includingFractionalSeconds: true)))),
            .init(key: "event", value: .text(change.event)), .init(key: "key", value: .text(change.key)),
            .init(key: "value", value: value),
          ]))
      } else {
        let style = Style()
        let columns = [style.faint(clockTime(now)), pad(safe(change.event), 7, false), safe(change.key)]
        print((columns + (value == .none ? [] : [plainText(value)])).joined(separator: "  "))
      }
      fflush(nil)  // a reader behind a pipe sees each change when it happens
    }

    private func clockTime(_ date: Date) -> String {
      let milliseconds = Int(date.timeIntervalSince1970 * 1000)
      var seconds = milliseconds / 1000
      var parts = tm()
      localtime_r(&seconds, &parts)
      return String(
        format: "%02d:%02d:%02d.%03d", Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec),
        milliseconds % 1000)
    }
  }
}
