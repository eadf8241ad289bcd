// What the page draws from, as compact JSON: times as differences, frames as columns. It stands inside a script
// element, so no `<` appears in it whatever the trace's texts hold.

struct PageData {
  private let trace: Trace
  private let story: Story
  private let figures: TraceFigures
  private let fold: FoldedTime

  init(_ trace: Trace, _ story: Story, _ figures: TraceFigures, _ fold: FoldedTime) {
    self.trace = trace
    self.story = story
    self.figures = figures
    self.fold = fold
  }

  func text(title: String) -> String {
    let fields = [
      "\"title\":\(json(title))", "\"period\":\(trace.grid.period)", "\"length\":\(trace.end - trace.start)",
      "\"start\":\(trace.start)", "\"profile\":\(json(trace.profile))", "\"leftOut\":\(trace.leftOut)",
      "\"fold\":\(foldText)", "\"windows\":\(windowsText)",
      "\"members\":[\(trace.members.map(member).joined(separator: ","))]",
      "\"frames\":\(framesText)", "\"commands\":\(commandsText)", "\"notes\":\(notesText)",
      "\"figures\":\(ReportFigures(trace, story, figures).text)",
    ]
    return PageData.harmless("{" + fields.joined(separator: ",\n") + "}")
  }

  /// In a script element `</script` ends it and `<!--` changes what follows.
  static func harmless(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count + 64)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "<"): bytes += Array("\\u003c".utf8)
      case UInt8(ascii: ">"): bytes += Array("\\u003e".utf8)
      case UInt8(ascii: "&"): bytes += Array("\\u0026".utf8)
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: - Parts

  private func numbers(_ values: some Sequence<Int64>) -> String {
    "[" + values.map { String($0) }.joined(separator: ",") + "]"
  }

  /// Each number as its difference from the one before; the first from `base`.
  private func differences(_ values: some Sequence<Int64>, base: Int64 = 0) -> String {
    var last = base
    return numbers(
      values.map { value in
        defer { last = value }
        return value - last
      })
  }

  private func times(_ values: some Sequence<Int64>) -> String { differences(values, base: trace.start) }

  private func spans(_ spans: [Trace.Span]) -> String {
    times(spans.flatMap { [$0.from, min($0.to, trace.end)] })
  }

  private var foldText: String {
    "{\"t\":\(times(fold.times)),\"x\":\(differences(fold.places.map { Int64($0.rounded()) }))}"
  }

  private var windowsText: String {
    "{\"n\":\(differences(trace.grid.anchors.map(\.number))),\"t\":\(times(trace.grid.anchors.map(\.at)))}"
  }

  private func member(_ member: Trace.Member) -> String {
    let roles = member.roles.map { "[\($0.at - trace.start),\(json($0.name)),\(json($0.ballot))]" }
    return "{\"name\":\(json(member.name)),\"told\":\(member.isTold),\"power\":\(spans(member.power)),"
      + "\"radio\":\(spans(member.radio)),\"blind\":\(spans(member.blind)),\"last\":\(member.lastAt - trace.start),"
      + "\"roles\":[\(roles.joined(separator: ","))],"
      + "\"decided\":{\"t\":\(times(member.decided.map(\.at))),\"i\":\(differences(member.decided.map(\.index)))}}"
  }

  private var framesText: String {
    let frames = trace.frames
    var late: [Int64] = []
    for frame in frames {
      for (slot, outcome) in frame.outcomes.enumerated() where outcome == .heard {
        late.append(frame.arrivals[slot] - frame.end)
      }
    }
    let words = WordTable(frames.map { $0.says.joined(separator: " ") })
    let labels = WordTable(frames.map(FrameLabel.of))
    let speeches = WordTable(frames.map(\.speech))
    let fates = frames.map { "\"" + String($0.outcomes.map(\.rawValue)) + "\"" }.joined(separator: ",")
    return "{\"t\":\(times(frames.map(\.at))),\"from\":\(numbers(frames.map { Int64($0.from) })),"
      + "\"air\":\(numbers(frames.map(\.air))),\"bytes\":\(numbers(frames.map(\.bytes))),"
      + "\"window\":\(differences(frames.map { $0.window ?? -1 })),\"cycle\":\(numbers(frames.map(\.cycle))),"
      + "\"number\":\(numbers(frames.map(\.number))),\"inferred\":\(numbers(frames.map { $0.isInferred ? 1 : 0 })),"
      + "\"speech\":\(speeches.text),\"says\":\(words.text),\"label\":\(labels.text),"
      + "\"words\":[\(frames.map { json($0.words) }.joined(separator: ","))],"
      + "\"fate\":[\(fates)],\"late\":\(numbers(late))}"
  }

  private var commandsText: String {
    let rows = trace.commands.map {
      "[\($0.node),\($0.ticket),\($0.submitted - trace.start),"
        + "\($0.answered.map { "\($0 - trace.start)" } ?? "null"),\($0.windows)]"
    }
    return "[" + rows.joined(separator: ",") + "]"
  }

  private var notesText: String {
    let rows = trace.notes.map {
      "[\($0.at - trace.start),\($0.node.map { "\($0)" } ?? "null"),\(json($0.text))]"
    }
    return "[" + rows.joined(separator: ",") + "]"
  }
}

/// Texts of which many are alike: a list of them, and for each place its number in the list.
private struct WordTable {
  let text: String

  init(_ words: [String]) {
    var places: [String: Int] = [:]
    var list: [String] = []
    let numbers = words.map { word -> Int in
      if let place = places[word] { return place }
      places[word] = list.count
      list.append(word)
      return list.count - 1
    }
    text =
      "{\"list\":[\(list.map { json($0) }.joined(separator: ","))],"
      + "\"of\":[\(numbers.map { String($0) }.joined(separator: ","))]}"
  }
}
