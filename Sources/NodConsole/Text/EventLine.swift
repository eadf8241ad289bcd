// One protocol event as a line for people: when, who, what. The events are those of NOD TRACE and of the
// simulator (docs/performance.md, "Every event"); a field that is not known here is shown under its name.

/// What makes an event readable: who the slots are, and how long a window's period is.
package struct Cast {
  /// By slot; a slot that is not there is shown as a number.
  package var names: [String] = []
  /// Microseconds; 0 when it is not known.
  package var period: Int64 = 0

  package init() {}

  /// From the answers to NOD STATUS and NOD PEERS.
  package init(status: RESPValue, peers: RESPValue) {
    period = (status["period_ms"]?.integer ?? 0) * 1000
    for row in [status] + peers.elements {
      guard let slot = row["slot"]?.integer, (0..<64).contains(slot), let name = row["name"]?.string else {
        continue
      }
      while names.count <= Int(slot) { names.append(String(names.count)) }  // bounded by the slots
      names[Int(slot)] = safe(name)
    }
  }

  package func name(_ slot: Int64?) -> String {
    guard let slot else { return "-" }
    return slot >= 0 && slot < Int64(names.count) ? names[Int(slot)] : String(slot)
  }

  /// The slot of a member given by name or number.
  package func slot(_ text: String) -> Int64? {
    if let found = names.firstIndex(of: text) { return Int64(found) }
    return Int64(text)
  }
}

/// Fields that the columns or the words of the line tell already.
private let toldFields = [
  "t", "node", "kind", "seq", "window", "clock", "frame", "from", "index", "member", "why", "on", "role",
  "ballot", "bytes", "speech", "cycle", "says", "ticket", "windows", "air_us", "count", "us", "fit",
]

package func eventLine(_ event: RESPValue, _ cast: Cast, _ style: Style) -> String {
  let kind = event["kind"]?.string ?? "?"
  var line = style.faint(pad(eventTime(event, cast), 22, false))
  line += "  " + pad(cast.name(event["node"]?.integer), 6, false)
  line += "  " + painted(pad(safe(kind), 9, false), kind, style)
  let words = eventWords(event, kind, cast)
  if !words.isEmpty { line += "  " + words }
  if case .map(let fields) = event {
    for field in fields where !toldFields.contains(field.key) {
      line += "  " + safe(field.key) + "=" + plainText(field.value)
    }
  }
  return line
}

private func painted(_ text: String, _ kind: String, _ style: Style) -> String {
  switch kind {
  case "lost", "missed", "rejected", "disk", "pause": style.bad(text)
  case "decided": style.good(text)
  case "role": style.heading(text)
  default: text
  }
}

/// The window and the time in it where there is a grid, else seconds of the board's clock.
private func eventTime(_ event: RESPValue, _ cast: Cast) -> String {
  let time = event["t"]?.integer ?? 0
  if let window = event["window"]?.integer, cast.period > 0, event["clock"] == nil {
    let inside = time - window * cast.period
    if inside > -cast.period, inside < cast.period {
      return "w" + String(window) + (inside < 0 ? " " : " +") + Digits.text(Double(inside) / 1000, digits: 2)
        + " ms"
    }
  }
  return Digits.text(Double(time) / 1e6, digits: 4) + " s"
}

/// A frame's number: of a real agent its start and its counter, of a simulated one a plain number.
package func frameText(_ frame: Int64?) -> String {
  guard let frame else { return "-" }
  let start = frame >> 32
  return start == 0 ? String(frame) : String(start, radix: 16) + "." + String(frame & 0xffff_ffff)
}

private func eventWords(_ event: RESPValue, _ kind: String, _ cast: Cast) -> String {
  let frame = "frame " + frameText(event["frame"]?.integer)
  let index = event["index"].map { plainText($0) } ?? "-"
  switch kind {
  case "power": return event["on"]?.isTrue == true ? "starts" : "loses power"
  case "radio": return event["on"]?.isTrue == true ? "on" : "off"
  case "role": return (event["role"].map { plainText($0) } ?? "-") + ", ballot " + text(event, "ballot")
  case "sent":
    var words = frame + ", " + text(event, "bytes") + " B, " + text(event, "speech")
    if let cycle = event["cycle"]?.integer, cycle > 0 { words += ", cycle " + String(cycle) }
    return words + said(event)
  case "heard": return frame + " of " + cast.name(event["from"]?.integer) + said(event)
  case "lost", "missed", "rejected":
    var words = frame + " of " + cast.name(event["from"]?.integer)
    if event["frame"] == nil {
      words =
        event["from"] == nil
        ? text(event, "count") + " frames" : "a frame of " + cast.name(event["from"]?.integer)
    }
    return event["why"].map { words + ": " + plainText($0) } ?? words
  case "decided": return "up to " + index
  case "accepted": return "up to " + index + ", in its own log"
  case "vote": return cast.name(event["member"]?.integer) + " has accepted up to " + index
  case "submitted": return "ticket " + text(event, "ticket")
  case "answered": return "ticket " + text(event, "ticket") + ", after " + text(event, "windows") + " windows"
  case "disk":
    guard let fit = event["fit"] else { return "in trouble" }
    return fit.isTrue ? "takes writes again" : "takes no writes"
  case "pause": return "stood still for " + fieldText("x_us", event["us"] ?? RESPValue.none)
  default: return event["why"].map { plainText($0) } ?? ""
  }
}

private func text(_ event: RESPValue, _ field: String) -> String { event[field].map { plainText($0) } ?? "-" }

private func said(_ event: RESPValue) -> String {
  guard let says = event["says"], says != RESPValue.none, says != .text("") else { return "" }
  return ", says " + plainText(says)
}
