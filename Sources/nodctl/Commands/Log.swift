// nodctl log: entries of the replicated log, as this node has them.
import ArgumentParser

extension Nodctl {
  struct Log: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Entries of the replicated log, as the node has them.",
      discussion: """
        Without --from, the last entries. What was compacted into a snapshot is no longer in the log.

        Example, the twenty entries from index 1000 on:
          nodctl log --from 1000 --count 20
        """)

    @OptionGroup var node: NodeOptions

    @Option(help: ArgumentHelp("The first index, 1 or more.", valueName: "index"))
    var from: UInt64?

    @Option(help: ArgumentHelp("How many entries at most.", valueName: "entries"))
    var count: UInt64?

    func validate() throws {
      if from == 0 { throw ValidationError("--from 0: the first entry of a log has index 1.") }
      if count == 0 { throw ValidationError("--count 0: ask for 1 or more.") }
    }

    func run() throws {
      let client = try node.connect()
      var words = ["NOD", "LOG"]
      if let first = try from ?? firstOfTheLast(count, client) {
        words.append(String(first))
        if let count { words.append(String(count)) }
      }
      node.show(try node.answer(from: client, words.map { Array($0.utf8) }))
    }

    /// Where the last `count` entries begin; nil when any will do or the log is empty.
    private func firstOfTheLast(_ count: UInt64?, _ client: RESPClient) throws -> UInt64? {
      guard let count else { return nil }
      let tail = try node.answer(from: client, ["NOD", "LOG"].map { Array($0.utf8) })
      guard case .list(let entries) = tail, case .integer(let last)? = entries.last?["index"], last > 0 else {
        return nil
      }
      return UInt64(last) > count ? UInt64(last) - count + 1 : 1
    }
  }
}
