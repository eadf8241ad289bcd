// Whether a node's own report says that the cluster can decide anything now. The node judges; this file only
// finds its judgement in NOD STATUS: `healthy` where it is given, else `leader` and `quorum`.

struct Health: Equatable {
  let isGood: Bool
  /// One sentence.
  let verdict: String

  init(status: RESPValue) {
    var faults: [String] = []
    if case .boolean(let isHealthy)? = status["healthy"] {
      if !isHealthy { faults.append("unhealthy") }
    }
    let leader = status["leader"]
    if leader == nil || leader.map(saysNo) == true { faults.append("no leader is known") }
    if let quorum = status["quorum"], saysNo(quorum) { faults.append("no quorum") }
    isGood = faults.isEmpty
    let why = status["why"].map(plainText).flatMap { $0.isEmpty || $0 == "-" ? nil : " (\($0))" } ?? ""
    verdict =
      isGood ? "healthy, led by \(leader.map(plainText) ?? "-")" : faults.joined(separator: ", ") + why
  }
}

/// The values by which a field says that there is none.
private func saysNo(_ value: RESPValue) -> Bool {
  switch value {
  case .none, .boolean(false), .integer(-1): return true
  case .text: return ["", "-", "none", "no", "lost", "unknown"].contains(value.string)
  default: return false
  }
}
