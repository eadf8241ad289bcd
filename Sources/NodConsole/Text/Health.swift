// Whether a node's own report says that the cluster can decide anything now. The node judges; this file only
// finds its judgement in NOD STATUS: `healthy` where it is given, else `leader` and `quorum`.

package struct Health: Equatable {
  package let isGood: Bool
  /// One sentence.
  package let verdict: String
  /// Why nothing is decided, as the node says it; empty when it says nothing.
  package let why: String

  package init(status: RESPValue) {
    var faults: [String] = []
    let leader = status["leader"]
    if leader == nil || leader.map(saysNo) == true { faults.append("no leader is known") }
    if let quorum = status["quorum"], saysNo(quorum) { faults.append("no quorum") }
    if status["healthy"] == .boolean(false) || status["healthy"] == .integer(0), faults.isEmpty {
      faults.append("unhealthy")
    }
    isGood = faults.isEmpty
    let reason = status["why"].map { plainText($0) } ?? "-"
    why = isGood || reason == "-" ? "" : reason
    verdict = isGood ? "healthy, led by " + (leader.map { plainText($0) } ?? "-") : joined(faults, ", ")
  }
}

/// The values by which a field says that there is none.
private func saysNo(_ value: RESPValue) -> Bool {
  switch value {
  case .none, .boolean(false), .integer(-1): return true
  case .text: return ["", "-", "none", "no", "lost", "unknown"].contains(value.string ?? "")
  default: return false
  }
}
