// The two generals' figures as a page: a row for each length of the chain, bars on a terminal, and one
// sentence on what the column means that does not move.
import Foundation
import NodConsole

/// A bar of `share` of `width` cells, to an eighth of a cell.
func bar(_ share: Double, width: Int) -> String {
  let eighths = Int((min(max(share, 0), 1) * Double(width * 8)).rounded())
  let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
  return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
}

/// The plain acknowledgements.
func chainLines(_ rows: [ChainFigures], loss: Double, style: Style) -> [String] {
  let barWidth = 24
  var table = Table(headings: ["messages", "both attack", "one alone", "alone, of attacks", "uncertain"])
  for row in rows {
    let ofAttacks = row.attacks == 0 ? "-" : Units.percent(Double(row.disasters) / Double(row.attacks))
    table.add([
      String(row.length),
      text(row.victories, of: row, ChainFigures.expectedVictories(length: row.length, loss: loss)),
      text(row.disasters, of: row, ChainFigures.expectedDisasters(length: row.length, loss: loss)),
      ofAttacks,
      text(row.uncertain, of: row, ChainFigures.expectedUncertain(length: row.length, loss: loss)),
    ])
  }
  let lines = table.lines(.plain)
  let widest = rows.map { $0.share($0.disasters) }.max() ?? 0
  var page = [style.heading(lines[0])]
  for (row, line) in zip(rows, lines.dropFirst()) {
    let alone = widest > 0 ? row.share(row.disasters) / widest : 0
    page.append(style.isTerminal ? line + "  " + style.bad(bar(alone, width: barWidth)) : line)
  }
  if rows.contains(where: { $0.victories == 0 || $0.disasters == 0 || $0.uncertain == 0 }) {
    page.append(style.faint("~ did not happen in \(rows[0].trials) trials; by arithmetic"))
  }
  return page + [
    "",
    "However many acknowledgements there are, the last one may be lost: of the times that anybody attacks,",
    "he is alone in about \(Units.percent(loss, digits: 0)). A longer chain only makes attacks rarer.",
  ]
}

/// A share of the trials. Rare is not never: what these trials did not show is told by arithmetic.
private func text(_ runs: Int, of row: ChainFigures, _ expected: Double) -> String {
  let percent = row.share(runs) * 100
  if percent >= 0.05 { return String(format: "%.1f %%", percent) }
  return runs > 0 ? String(format: "%.1g %%", percent) : String(format: "~%.0e %%", expected * 100)
}

/// Paxos over the same link.
func agreementLines(_ figures: AgreementFigures, style: Style) -> [String] {
  let contradictions = "\(figures.contradictions) contradictions"
  let verdict = figures.contradictions == 0 ? style.good(contradictions) : style.bad(contradictions)
  return [
    style.heading("Paxos among the generals and a scout, over the same link, until all three know the hour"),
    "\(figures.trials) trials: \(verdict)",
    "windows needed  \(spread(figures.windows))",
    "frames needed   \(spread(figures.frames))",
    "",
    "Nobody is ever sure when the others will know; but what a majority has accepted is never contradicted.",
  ]
}

private func spread(_ values: [Int]) -> String {
  let mean = Units.trimmed(AgreementFigures.mean(values))
  let half = AgreementFigures.quantile(values, 0.5)
  let nearlyAll = AgreementFigures.quantile(values, 0.99)
  return
    "mean \(mean), half of the trials at most \(half), 99 % at most \(nearlyAll), worst \(values.max() ?? 0)"
}
