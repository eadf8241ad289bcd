// The figures of a report as JSON: what `nodctl report --json` prints, and what the page's tables show.
import Foundation

struct ReportFigures {
  private let trace: Trace
  private let story: Story
  private let figures: TraceFigures

  init(_ trace: Trace, _ story: Story, _ figures: TraceFigures) {
    self.trace = trace
    self.story = story
    self.figures = figures
  }

  var text: String {
    let windows = trace.grid.anchors
    let fields = [
      "\"length_us\":\(trace.end - trace.start)",
      "\"period_us\":\(optional(trace.grid.period > 0 ? trace.grid.period : nil))",
      "\"first_window\":\(optional(windows.first?.number))",
      "\"last_window\":\(optional(windows.last?.number))",
      "\"frames\":\(figures.framesSent)", "\"frames_lost_somewhere\":\(figures.framesLostSomewhere)",
      "\"decided_index\":\(figures.decided)", "\"commands\":\(waitsText)",
      "\"members\":[\(trace.members.indices.map(member).joined(separator: ","))]", "\"links\":\(linksText)",
      "\"leaders\":[\(story.chapters.map(leader).joined(separator: ","))]",
    ]
    return "{" + fields.joined(separator: ",") + "}"
  }

  private func optional(_ value: (some BinaryInteger)?) -> String { value.map { "\($0)" } ?? "null" }

  private func member(_ slot: Int) -> String {
    let radio = figures.radios[slot]
    let charge = radio.microcoulombs.map { String(format: "%.1f", $0) } ?? "null"
    return
      "{\"name\":\(json(trace.name(slot))),\"told\":\(trace.members[slot].isTold),\"frames\":\(radio.frames),"
      + "\"bytes\":\(radio.bytes),\"tx_us\":\(radio.transmitting),\"rx_us\":\(radio.listening),"
      + "\"sleep_us\":\(radio.sleeping),\"powered_us\":\(radio.powered),\"charge_uc\":\(charge)}"
  }

  /// A row a sender, a column a receiver: heard, lost, spoilt (collided, or the receiver transmitted), asleep.
  private var linksText: String {
    let rows = figures.links.map { row in
      "[" + row.map { "[\($0.heard),\($0.lost),\($0.collided),\($0.asleep)]" }.joined(separator: ",") + "]"
    }
    return "[" + rows.joined(separator: ",") + "]"
  }

  private var waitsText: String {
    let waits = figures.waits
    let bars = waits.byWindows.sorted { $0.key < $1.key }.map { "[\($0.key),\($0.value)]" }
    return "{\"answered\":\(waits.times.count),\"unanswered\":\(waits.unanswered),"
      + "\"median_us\":\(optional(waits.percentile(0.5))),\"p99_us\":\(optional(waits.percentile(0.99))),"
      + "\"most_us\":\(optional(waits.times.last)),\"by_periods\":[\(bars.joined(separator: ","))]}"
  }

  private func leader(_ chapter: Story.Chapter) -> String {
    let led = chapter.leadership
    func time(_ t: Int64) -> Int64 { t - trace.start }
    return "{\"node\":\(json(trace.name(led.node))),\"slot\":\(led.node),\"ballot\":\(json(led.ballot)),"
      + "\"from_us\":\(time(led.from)),\"to_us\":\(time(led.to)),"
      + "\"window\":\(optional(trace.grid.window(at: led.from))),"
      + "\"end\":\(json(word(led.end))),\"reason\":\(json(chapter.reason)),"
      + "\"story\":[\(chapter.sentences.map { json($0) }.joined(separator: ","))],"
      + "\"show_us\":[\(time(chapter.showFrom)),\(time(chapter.showTo))],"
      + "\"losses\":[\(chapter.decisiveLosses.map { "\($0)" }.joined(separator: ","))]}"
  }

  private func word(_ end: Leadership.End) -> String {
    switch end {
    case .lostPower: "lost power"
    case .gaveWay(let node, _): "gave way to \(trace.name(node))"
    case .steppedDown: "stepped down"
    case .lasts: "leads at the end"
    case .fellSilent: "fell silent"
    }
  }
}
