// nodctl log: entries of the replicated log, as this node has them.

package struct LogCommand {
  package static var text: CommandText {
    CommandText(
      abstract: "Entries of the replicated log, as the node has them.",
      discussion: """
        Each with who proposed it, in which window it was decided, and how many windows that took since this \
        node had it. Without --from, the last entries. What was compacted into a snapshot is no longer in the \
        log. --all shows every field.

        Example, the twenty entries from index 1000 on:
          nodctl log --from 1000 --count 20
        """)
  }

  /// The first index, 1 or more.
  package var from: UInt64?
  /// How many entries at most, 1 or more.
  package var count: UInt64?

  /// Every field, as it is named.
  package var isComplete = false
  /// The member that is asked over the radio.
  package var via: String?

  /// Columns of the table under their headings.
  private static let columns: [(field: String, heading: String)] = [
    ("index", "index"), ("decided", "decided"), ("decided_window", "in window"), ("windows", "windows"),
    ("proposer", "proposer"), ("from", "from"), ("size_bytes", "size"), ("what", "what"),
  ]

  package init() {}

  /// What is wrong with the options; nil when nothing is.
  package var fault: String? {
    if from == 0 { return "--from 0: the first entry of a log has index 1." }
    return count == 0 ? "--count 0: ask for 1 or more." : nil
  }

  package func run(_ link: NodeLink) throws(Trouble) -> ExitStatus {
    let client = try link.connect()
    var words: [String] = []
    if let via {
      // Each question costs windows, and the answer is short: it is asked once.
      if let from { words = [String(from)] }
      return show(try link.answer(from: client, NodeLink.question("LOG", words, via: via)), link)
    }
    var first = from
    if first == nil { first = try firstOfTheLast(link, client) }
    if let first {
      words.append(String(first))
      if let count { words.append(String(count)) }
    }
    return show(try link.answer(from: client, NodeLink.question("LOG", words, via: nil)), link)
  }

  private func show(_ entries: RESPValue, _ link: NodeLink) -> ExitStatus {
    if link.isJSON || isComplete {
      link.show(entries)
    } else {
      Console.put(Self.table(entries, Style()))
    }
    return .done
  }

  package static func table(_ entries: RESPValue, _ style: Style) -> [String] {
    let rows = entries.elements
    guard !rows.isEmpty else { return ["no entries"] }
    let shown = columns.filter { column in rows.contains { $0[column.field] != nil } }
    var table = Table(headings: shown.map { $0.heading })
    for row in rows {
      table.add(shown.map { column in row[column.field].map { fieldText(column.field, $0) } ?? "-" })
    }
    return table.lines(style)
  }

  /// Where the last `count` entries begin; nil when any will do or the log is empty.
  private func firstOfTheLast(_ link: NodeLink, _ client: RESPClient) throws(Trouble) -> UInt64? {
    guard let count else { return nil }
    let tail = try link.answer(from: client, ["NOD", "LOG"])
    guard let last = tail.elements.last?["index"]?.integer, last > 0 else { return nil }
    return UInt64(last) > count ? UInt64(last) - count + 1 : 1
  }
}
