// An explanation as a person reads it, and as one object for a program.
import NodConsole

extension Explanation {
  func lines(_ style: Style) -> [String] {
    var lines: [String] = []
    for (i, window) in windows.enumerated() {
      if left > 0, i == Self.mostWindows / 2 {
        lines += ["", style.faint("\(left) windows between are left out")]
      }
      lines += [""] + text(window, style)
    }
    return lines + [""] + conclusion(style)
  }

  private func text(_ window: Window, _ style: Style) -> [String] {
    var lines = [style.heading("window \(window.number)") + "  " + style.faint(awake(window))]
    var lost = 0
    for step in window.steps {
      let inside = Digits.text(Double(step.at - window.start) / 1000, digits: 2) + " ms"
      let time = pad(step.at < window.start ? inside : "+" + inside, 12, true)
      var words = ""
      switch step.kind {
      case .sent(let frame):
        words = sent(frame)
        if frame.outcomes.contains(where: \.isLoss) { lost += 1 }
      case .accepted: words = "has \(index) in its log"
      case .knows(let members):
        let names = members.map { trace.name($0) }.joined(separator: ", ")
        words = "knows that \(names) have it: \(members.count) of \(trace.members.count)"
        if members.count == quorum { words += ", a quorum" }
      case .decided: words = style.good("knows that \(index) is decided")
      }
      lines.append(
        "  " + style.faint(time) + "  " + pad(trace.name(step.node), nameWidth, false) + "  " + words)
    }
    if lost > 0 {
      lines.append("  " + style.bad("\(lost) frames were lost on the way to somebody who listened"))
    }
    return lines
  }

  private var nameWidth: Int { trace.members.reduce(2) { max($0, width(of: $1.name)) } }

  private func awake(_ window: Window) -> String {
    func names(_ isWanted: (Int64?) -> Bool) -> String {
      trace.members.indices.filter { isWanted(window.awake[$0]) }.map { trace.name($0) }.joined(
        separator: ", ")
    }
    let awake = trace.members.indices.filter { (window.awake[$0] ?? 0) > 0 }.map {
      trace.name($0) + " " + Units.duration(microseconds: Double(window.awake[$0] ?? 0))
    }
    var text = "awake: " + (awake.isEmpty ? "nobody" : awake.joined(separator: ", "))
    let asleep = names { $0 == 0 }
    let untold = names { $0 == nil }
    if !asleep.isEmpty { text += "; asleep: " + asleep }
    if !untold.isEmpty { text += "; no trace of: " + untold }
    return text
  }

  private func sent(_ frame: Trace.Frame) -> String {
    var text = (frame.isInferred ? "sent " : "sends ") + FrameLabel.of(frame) + " " + frameText(frame.number)
    if !frame.says.isEmpty { text += " (" + frame.says.joined(separator: ", ") + ")" }
    let heard = outcomes(frame) { $0 == .heard }
    text += heard.isEmpty ? "; heard by nobody that told" : "; heard by " + heard
    for (outcome, word) in Self.losses {
      let names = outcomes(frame) { $0 == outcome }
      if !names.isEmpty { text += "; " + word + " " + names }
    }
    return text
  }

  private static let losses: [(Trace.Outcome, String)] = [
    (.lost, "lost to"), (.collided, "collided at"), (.busy, "not heard, being on the air itself:"),
    (.rejected, "refused by"), (.asleep, "asleep:"), (.dark, "without power:"),
  ]

  private func outcomes(_ frame: Trace.Frame, _ isWanted: (Trace.Outcome) -> Bool) -> String {
    frame.outcomes.indices.filter { $0 != frame.from && isWanted(frame.outcomes[$0]) }.map { trace.name($0) }
      .joined(separator: ", ")
  }

  private func conclusion(_ style: Style) -> [String] {
    var out = Paragraph("learned")
    for slot in trace.members.indices where trace.members[slot].isTold {
      switch learned[slot] {
      case .some(.some(let window)): out.add("\(trace.name(slot)) in window \(window)")
      case .some(.none): out.add("\(trace.name(slot)) before its trace begins")
      case nil: out.add("\(trace.name(slot)) not yet")
      }
    }
    return out.lines(9, style)
  }

  // MARK: for programs

  func value(entry: RESPValue?) -> RESPValue {
    .map([
      .init(key: "index", value: .integer(index)), .init(key: "entry", value: entry ?? .none),
      .init(
        key: "learned",
        value: .list(
          learned.sorted { $0.key < $1.key }.map {
            .map([
              .init(key: "member", value: .text(trace.name($0.key))),
              .init(key: "window", value: $0.value.map { .integer($0) } ?? .none),
            ])
          })),
      .init(key: "windows", value: .list(windows.map { value($0) })),
    ])
  }

  private func value(_ window: Window) -> RESPValue {
    .map([
      .init(key: "window", value: .integer(window.number)),
      .init(
        key: "awake_us",
        value: .map(
          trace.members.indices.map {
            .init(key: trace.name($0), value: window.awake[$0].map { .integer($0) } ?? .none)
          })),
      .init(key: "steps", value: .list(window.steps.map { value($0, window) })),
    ])
  }

  private func value(_ step: Step, _ window: Window) -> RESPValue {
    var fields: [RESPValue.Field] = [
      .init(key: "at_us", value: .integer(step.at - window.start)),
      .init(key: "member", value: .text(trace.name(step.node))),
    ]
    switch step.kind {
    case .sent(let frame):
      fields += [
        .init(key: "kind", value: .text("sent")), .init(key: "frame", value: .integer(frame.number)),
        .init(key: "says", value: .list(frame.says.map { .text($0) })),
      ]
      for (outcome, word) in [
        (Trace.Outcome.heard, "heard"), (.lost, "lost"), (.collided, "collided"), (.busy, "busy"),
        (.rejected, "rejected"), (.asleep, "asleep"), (.dark, "dark"),
      ] {
        let slots = frame.outcomes.indices.filter { $0 != frame.from && frame.outcomes[$0] == outcome }
        fields.append(.init(key: word, value: .list(slots.map { .text(trace.name($0)) })))
      }
    case .accepted: fields.append(.init(key: "kind", value: .text("accepted")))
    case .knows(let members):
      fields += [
        .init(key: "kind", value: .text("votes")),
        .init(key: "votes", value: .list(members.map { .text(trace.name($0)) })),
      ]
    case .decided: fields.append(.init(key: "kind", value: .text("decided")))
    }
    return .map(fields)
  }
}
