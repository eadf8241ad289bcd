// Who led, from when to when, and how each leadership ended: read off the roles that members told.

struct Leadership {
  enum End: Equatable {
    case lostPower
    /// Another ballot was higher: whose.
    case gaveWay(to: Int, ballot: String)
    /// It heard too few of the others, or had another reason of its own.
    case steppedDown
    /// It led when the trace ended.
    case lasts
    /// Nothing more was told of it, long before the trace ended.
    case fellSilent
  }
  var node: Int
  var ballot: String
  /// When it stood, and when it led; the first is nil where the trace does not tell.
  var stood: Int64?
  var from: Int64
  var to: Int64
  var end: End
}

/// Somebody who stood and did not win.
struct FailedCandidacy {
  var node: Int
  var at: Int64
}

struct Leaderships {
  private(set) var all: [Leadership] = []
  private(set) var failed: [FailedCandidacy] = []

  init(_ trace: Trace) {
    for slot in trace.members.indices { read(slot, trace) }
    all.sort { $0.from < $1.from }
    failed.sort { $0.at < $1.at }
    for i in all.indices where all[i].end == .steppedDown { all[i].end = reason(all[i]) }
  }

  private mutating func read(_ slot: Int, _ trace: Trace) {
    let member = trace.members[slot]
    var stood: Int64?
    for (i, role) in member.roles.enumerated() {
      let next = i + 1 < member.roles.count ? member.roles[i + 1] : nil
      switch role.name {
      case "candidate":
        stood = stood ?? role.at
        if let next, next.name == "leader" { continue }
        failed.append(FailedCandidacy(node: slot, at: role.at))
        stood = nil
      case "leader":
        // A leader that tells its role again has another ballot; that is one more leadership.
        all.append(leadership(slot, role, next, stood, trace))
        stood = nil
      default: stood = nil
      }
    }
  }

  private func leadership(
    _ slot: Int, _ role: Trace.Role, _ next: Trace.Role?, _ stood: Int64?, _ trace: Trace
  ) -> Leadership {
    let member = trace.members[slot]
    var result = Leadership(
      node: slot, ballot: role.ballot, stood: stood, from: role.at, to: next?.at ?? trace.end, end: .lasts)
    if next != nil { result.end = .steppedDown }
    if let power = Trace.span(in: member.power, at: role.at), power.to <= result.to, power.to < trace.end {
      result.to = power.to
      result.end = .lostPower
    } else if next == nil, trace.grid.period > 0, trace.end - member.lastAt > 4 * trace.grid.period {
      result.to = member.lastAt
      result.end = .fellSilent
    }
    return result
  }

  private func reason(_ ended: Leadership) -> Leadership.End {
    let later = all.first { $0.node != ended.node && $0.from > ended.from && $0.from <= ended.to }
    return later.map { .gaveWay(to: $0.node, ballot: $0.ballot) } ?? .steppedDown
  }
}
