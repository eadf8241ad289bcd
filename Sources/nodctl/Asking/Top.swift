// nodctl top: live, on a screen of its own, one node or several at once.
import ArgumentParser
import CBoard
import Foundation
import NodConsole
import NodCore

extension Nodctl {
  struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Live view of one node or several.",
      discussion: """
        With one node: its status, its members and the end of its log. With several: a row each, then what the \
        first of them that answers knows of the cluster. Keys: q ends, + and - change the interval, any other \
        refreshes. With --json, no screen: one object a node and interval.

        Examples:
          nodctl top --node farm/gate
          nodctl top --node local/n1 --node local/n2 --node local/n3 --interval 0.5
        """)

    @OptionGroup var nodes: SeveralNodes

    @Option(help: ArgumentHelp("Time from one look to the next.", valueName: "seconds"))
    var interval: Double = 1

    @Option(help: ArgumentHelp("End after this many looks.", valueName: "looks"))
    var count: UInt64?

    func validate() throws {
      guard interval >= LiveView.shortestInterval, interval <= 3600 else {
        throw ValidationError("--interval \(Units.trimmed(interval)): allowed are 0.1 to 3600 seconds.")
      }
      if count == 0 { throw ValidationError("--count 0: ask for 1 or more.") }
    }

    func run() throws {
      let watched = try nodes.links().map { WatchedNode($0) }
      if nodes.json { return try told(watched) }
      guard board_screen_open() == 0 else {
        throw Trouble(
          .usage, "top needs a terminal", "for a program: nodctl top --json, or nodctl status --json")
      }
      defer { board_screen_close() }
      var view = LiveView(watched: watched, interval: interval)
      view.run(looks: count)
    }

    private func told(_ watched: [WatchedNode]) throws {
      board_interrupts_marked()
      var looks: UInt64 = 0
      while board_was_interrupted() == 0 {  // until Ctrl-C, without a count
        for node in watched {
          node.look()
          Console.put(
            jsonText([
              .init(key: "time", value: .text(Console.clock(universal: true))),
              .init(key: "socket", value: .text(node.link.path)),
              .init(key: "trouble", value: node.trouble.map { .text($0) } ?? RESPValue.none),
              .init(key: "status", value: node.status ?? RESPValue.none),
            ]))
        }
        looks += 1
        if let count, looks >= count { return }
        board_pause(Int64(interval * 1e6))
      }
    }
  }
}
