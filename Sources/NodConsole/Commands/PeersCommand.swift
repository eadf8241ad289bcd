// nodctl peers: what the node knows of every member, and who hears whom: the whole cluster, as seen from one
// node.

package struct PeersCommand {
  package static var text: CommandText {
    CommandText(
      abstract: "Every member as the node knows it, and who hears whom.",
      discussion: """
        One row a member: when it was last heard, the loss of what comes from it and of what goes to it (as it \
        said itself), how far its log is behind, battery, air time and version. Then who hears whom: a row \
        listens, a column speaks; each member says that of itself in full windows. Asleep is not down: a member \
        that is expected in a later window is well. With --via MEMBER the table is that member's own, asked over \
        the radio.

        Example:
          nodctl peers --node farm/gate
        """)
  }

  /// Columns of the table under their headings; the rest of the fields with --all.
  private static let columns: [(field: String, heading: String)] = [
    ("name", "member"), ("state", "state"), ("windows_ago", "windows ago"), ("loss_in_permille", "loss in"),
    ("loss_out_permille", "loss out"), ("lag", "lag"), ("battery_percent", "battery"),
    ("air_time_left_percent", "air left"), ("version", "version"), ("said_windows_ago", "said ago"),
  ]

  /// Every field, as it is named.
  package var isComplete = false
  /// The member that is asked over the radio.
  package var via: String?

  package init() {}

  package func run(_ link: NodeLink) throws(Trouble) -> ExitStatus {
    let client = try link.connect()
    let peers = try link.answer(from: client, NodeLink.question("PEERS", via: via))
    let links = via == nil ? linkMatrix(link, client) : RESPValue.none
    let style = Style()
    if link.isJSON {
      Console.put(jsonText([.init(key: "peers", value: peers), .init(key: "links", value: links)]))
      return .done
    }
    Console.put(isComplete ? reportLines(peers, style) : Self.table(peers, style))
    let matrix = LinkMatrix(links).lines(style)
    if !matrix.isEmpty { Console.put([""] + matrix) }
    return .done
  }

  /// NOD LINKS; none when the agent is older than that word.
  private func linkMatrix(_ link: NodeLink, _ client: RESPClient) -> RESPValue {
    do throws(Trouble) {
      return try link.answer(from: client, ["NOD", "LINKS"])
    } catch {
      return RESPValue.none
    }
  }

  package static func table(_ peers: RESPValue, _ style: Style) -> [String] {
    let rows = peers.elements
    guard !rows.isEmpty else { return reportLines(peers, style) }
    let shown = columns.filter { column in
      column.field == "state" || rows.contains { isKnown($0[column.field]) }
    }
    var table = Table(headings: shown.map { $0.heading })
    for row in rows {
      table.add(
        shown.map { column in
          if column.field == "state" { return state(row) }
          return row[column.field].map { fieldText(column.field, $0) } ?? "-"
        })
    }
    return table.lines(style)
  }

  private static func isKnown(_ value: RESPValue?) -> Bool { value != nil && value != RESPValue.none }

  /// One word or two: whether it leads, and whether it was heard lately and hears us.
  private static func state(_ row: RESPValue) -> String {
    guard row["windows_ago"]?.integer != nil else { return "never heard" }
    let says = row["said_windows_ago"]?.integer != nil
    if says, row["hears_us"]?.isTrue == false { return "deaf to us" }
    return row["leads"]?.isTrue == true ? "leads" : "follows"
  }
}
