// A shorter variant of a run that failed: fewer windows, fewer kinds of faults, fewer members, as long as the same
// rule is violated. Greedy and bounded (Zeller and Hildebrandt 2002 do it more thoroughly): what a person reads
// is the short one, what replays it is one command.
import NodCore

/// What can be left out of a world, by the name that `--without` takes.
package enum FaultKind: String, CaseIterable, Sendable {
  case loss, repeats, jitter, drift, cuts, tears, partitions, links, collisions, suspends, disks, rot, values,
    reads
  case lostDisks = "lost-disks"

  func isIn(_ options: WorldOptions) -> Bool {
    switch self {
    case .loss: options.lossPermille > 0
    case .repeats: options.repeatPermille > 0
    case .jitter: options.jitter.raw > 0
    case .drift: options.driftPPM > 0
    case .cuts: options.powerCutEvery != nil
    case .tears: options.tears
    case .partitions: options.partitionEvery != nil
    case .disks: options.diskTroubleEvery != nil
    case .links: options.links != nil
    case .collisions: options.air != .datagrams
    case .suspends: options.suspendEvery != nil
    case .rot: options.rotPermille > 0 || options.tailRotPermille > 0
    case .lostDisks: options.lostDiskPermille > 0
    case .values: options.valueBytes > 0
    case .reads: options.readEvery != nil
    }
  }

  func remove(from options: inout WorldOptions) {
    switch self {
    case .loss: options.lossPermille = 0
    case .repeats: options.repeatPermille = 0
    case .jitter: options.jitter = .zero
    case .drift: options.driftPPM = 0
    case .cuts: options.powerCutEvery = nil
    case .tears: options.tears = false
    case .partitions: options.partitionEvery = nil
    case .disks: options.diskTroubleEvery = nil
    case .links: options.links = nil
    case .collisions: options.air = .datagrams
    case .suspends: options.suspendEvery = nil
    case .rot:
      options.rotPermille = 0
      options.tailRotPermille = 0
    case .lostDisks: options.lostDiskPermille = 0
    case .values: options.valueBytes = 0
    case .reads: options.readEvery = nil
    }
  }
}

/// How a run differs from the one that its seed draws.
package struct Reduction: Sendable, Equatable {
  package var windows: Int?
  package var nodes: Int?
  package var without: [FaultKind] = []
  package init() {}

  /// - Parameter without: names, separated by commas; nil when one of them names nothing.
  package init?(windows: Int?, nodes: Int?, without: String) {
    self.windows = windows
    self.nodes = nodes
    for name in without.split(separator: ",") {
      guard let kind = FaultKind(rawValue: String(name)) else { return nil }
      self.without.append(kind)
    }
  }

  package func apply(to options: WorldOptions) -> WorldOptions {
    var options = options
    if let windows { options.faultyWindows = windows }
    if let nodes { options.memberCount = nodes }
    for kind in without { kind.remove(from: &options) }
    return options
  }

  /// As `nodctl sim` takes it.
  package var arguments: String {
    var text = ""
    if let nodes { text += " --nodes \(nodes)" }
    if let windows { text += " --windows \(windows)" }
    if !without.isEmpty { text += " --without " + without.map(\.rawValue).joined(separator: ",") }
    return text
  }
}

/// Searches for a shorter variant that violates the same rule.
///
/// - Parameters:
///   - options: of the run that failed, with `start` applied to none of it.
///   - start: what was left out of the failing run already.
///   - tries: runs at most.
/// - Returns: the shortest found, with its report; nil when nothing shorter fails.
package func shrink(
  _ options: WorldOptions, from start: Reduction = Reduction(), _ violation: Violation, tries: Int = 60
)
  -> (Reduction, SimulationReport)?
{
  var search = Shrinking(options: options, rule: violation.rule, best: start, left: tries)
  // Always told: that is how a command line means a drawn world, and not one of its own.
  search.best.windows = start.apply(to: options).faultyWindows
  let period = options.period.raw
  let needed = Int(violation.at / period) + 2
  if needed < start.apply(to: options).faultyWindows { search.attempt { $0.windows = needed } }
  var goesOn = true
  while goesOn && search.left > 0 {
    let before = search.best
    for kind in FaultKind.allCases where kind.isIn(search.best.apply(to: options)) {
      search.attempt { $0.without.append(kind) }
    }
    let members = search.best.apply(to: options).memberCount
    for count in [1, 2, 3, 4, 5] where count < members {
      if search.attempt({ $0.nodes = count }) { break }
    }
    for eighths in [1, 2, 4, 6, 7] {
      let windows = search.best.apply(to: options).faultyWindows * eighths / 8
      if windows > 0, search.attempt({ $0.windows = windows }) { break }
    }
    goesOn = search.best != before
  }
  return search.report.map { (search.best, $0) }
}

private struct Shrinking {
  let options: WorldOptions
  let rule: String
  var best: Reduction
  var left: Int
  var report: SimulationReport?

  /// Runs the best so far with one more change; keeps it if the rule is violated still.
  @discardableResult
  mutating func attempt(_ change: (inout Reduction) -> Void) -> Bool {
    guard left > 0 else { return false }
    left -= 1
    var candidate = best
    change(&candidate)
    let found = simulateOnce(candidate.apply(to: options))
    guard found.violation?.rule == rule else { return false }
    best = candidate
    report = found
    return true
  }
}
