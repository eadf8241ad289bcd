// What the doctor finds: one trouble, where it is, and what a person can do about it.
import NodConsole

struct Finding {
  /// The troubles that are looked for, most telling first. Their names are part of --json.
  enum Kind: String, CaseIterable {
    case agentNotRunning = "agent-not-running"
    case agentStuck = "agent-stuck"
    case permission
    case configuration
    case periodRefused = "period-refused"
    case portInUse = "port-in-use"
    case wrongPeriod = "wrong-period"
    case rostersDiffer = "rosters-differ"
    case keysDiffer = "keys-differ"
    case sameMemberTwice = "same-member-twice"
    case doesNotVote = "does-not-vote"
    case disk
    case clock
    case oneWayLink = "one-way-link"
    case memberNotHeard = "member-not-heard"
    case lossyLink = "lossy-link"
    case airTime = "air-time"
    case noQuorum = "no-quorum"
    case unhealthy
  }

  let kind: Kind
  /// A node, a file, a link.
  let place: String
  let what: String
  let advice: String

  init(_ kind: Kind, _ place: String, _ what: String, do advice: String) {
    self.kind = kind
    self.place = place
    self.what = what
    self.advice = advice
  }

  var json: String {
    jsonText([
      .init(key: "kind", value: .text(kind.rawValue)), .init(key: "where", value: .text(place)),
      .init(key: "what", value: .text(what)), .init(key: "do", value: .text(advice)),
    ])
  }

  func lines(_ style: Style) -> [String] {
    let limit = min(style.width ?? 100, 100)
    let head = wrapped("\(kind.rawValue): \(safe(place)): \(safe(what))", limit)
    let first = head[0]
    let name = kind.rawValue
    return [style.bad(name) + first.dropFirst(name.count)] + head.dropFirst().map { "  " + $0 }
      + wrapped(advice, limit - 4).enumerated().map { ($0.offset == 0 ? "  -> " : "     ") + $0.element }
  }
}
