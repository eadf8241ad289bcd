// nodctl log: entries of the replicated log, as this node has them.

package struct LogCommand {
  package static var text: CommandText {
    CommandText(
      abstract: "Entries of the replicated log, as the node has them.",
      discussion: """
        Without --from, the last entries. What was compacted into a snapshot is no longer in the log.

        Example, the twenty entries from index 1000 on:
          nodctl log --from 1000 --count 20
        """)
  }

  /// The first index, 1 or more.
  package var from: UInt64?
  /// How many entries at most, 1 or more.
  package var count: UInt64?

  package init() {}

  /// What is wrong with the options; nil when nothing is.
  package var fault: String? {
    if from == 0 { return "--from 0: the first entry of a log has index 1." }
    return count == 0 ? "--count 0: ask for 1 or more." : nil
  }

  package func run(_ link: NodeLink) throws(Trouble) -> ExitStatus {
    let client = try link.connect()
    var words = ["NOD", "LOG"]
    var first = from
    if first == nil { first = try firstOfTheLast(link, client) }
    if let first {
      words.append(String(first))
      if let count { words.append(String(count)) }
    }
    link.show(try link.answer(from: client, words))
    return .done
  }

  /// Where the last `count` entries begin; nil when any will do or the log is empty.
  private func firstOfTheLast(_ link: NodeLink, _ client: RESPClient) throws(Trouble) -> UInt64? {
    guard let count else { return nil }
    let tail = try link.answer(from: client, ["NOD", "LOG"])
    guard let last = tail.elements.last?["index"]?.integer, last > 0 else { return nil }
    return UInt64(last) > count ? UInt64(last) - count + 1 : 1
  }
}
