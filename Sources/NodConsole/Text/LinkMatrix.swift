// NOD LINKS: who hears whom, and how much is lost on the way. A row listens, a column speaks. Where the
// terminal is too narrow for the square, each listener gets a sentence.

package struct LinkMatrix {
  private let rows: [RESPValue]

  package init(_ links: RESPValue) { rows = links.elements }

  package func lines(_ style: Style) -> [String] {
    guard !rows.isEmpty else { return [] }
    let names = rows.map { $0["name"].map { plainText($0) } ?? "-" }
    var table = Table(headings: ["hears"] + names + ["said"])
    var total = 5 + 2 + 12
    for (i, row) in rows.enumerated() {
      table.add([names[i]] + rows.indices.map { cell(row, i, $0) } + [said(row)])
      total = max(total, width(of: names[i]) + 14) + max(width(of: names[i]), 6) + 2
    }
    if let width = style.width, total > width { return sentences(names, style) }
    return table.lines(style)
  }

  /// What the listener of row `listener` hears of a speaker.
  private func cell(_ row: RESPValue, _ listener: Int, _ speaker: Int) -> String {
    if listener == speaker { return "-" }
    switch hears(row, speaker) {
    case true?: return loss(row, speaker) ?? "yes"
    case false?: return "no"
    case nil: return "?"
    }
  }

  /// nil: the listener has not said.
  package static func hears(_ row: RESPValue, _ speaker: Int) -> Bool? {
    let hears = row["hears"]?.elements ?? []
    if speaker < hears.count { return hears[speaker].integer.map { $0 != 0 } }
    let losses = row["loss_permille"]?.elements ?? []
    return speaker < losses.count && losses[speaker].integer != nil ? true : nil
  }

  private func hears(_ row: RESPValue, _ speaker: Int) -> Bool? { Self.hears(row, speaker) }

  private func loss(_ row: RESPValue, _ speaker: Int) -> String? {
    let losses = row["loss_permille"]?.elements ?? []
    guard speaker < losses.count, let permille = losses[speaker].integer else { return nil }
    return fieldText("loss_permille", .integer(permille))
  }

  private func said(_ row: RESPValue) -> String {
    guard let ago = row["said_windows_ago"]?.integer else { return "never" }
    return ago == 0 ? "now" : String(ago) + (ago == 1 ? " window ago" : " windows ago")
  }

  private func sentences(_ names: [String], _ style: Style) -> [String] {
    var widest = 0
    for name in names { widest = max(widest, width(of: name)) }
    var lines: [String] = []
    for (i, row) in rows.enumerated() {
      var paragraph = Paragraph(names[i])
      if row["said_windows_ago"]?.integer == nil {
        paragraph.add("has not said whom it hears")
      } else {
        for j in rows.indices where j != i { paragraph.add(names[j] + " " + cell(row, i, j)) }
      }
      lines += paragraph.lines(widest + 2, style)
    }
    return [style.heading("who hears whom, and the loss")] + lines
  }
}
