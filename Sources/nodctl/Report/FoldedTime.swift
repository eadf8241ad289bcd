// The axis of a space-time diagram. Nodes sleep nearly all the time, so on a true axis the milliseconds in which all
// happens could not be seen: where nothing changes for long, time is folded to a short stretch, the longer the
// less. Within what happens together the axis is true to scale.
import Foundation

struct FoldedTime {
  /// Times, rising, and their places on the paper, in microseconds of unfolded time.
  private(set) var times: [Int64] = []
  private(set) var places: [Double] = []

  init(_ trace: Trace) {
    var edges = FoldedTime.edges(trace)
    edges.sort()
    let unfolded = FoldedTime.unfolded(trace)
    var place = 0.0
    var last: Int64?
    for (i, edge) in edges.enumerated() {
      guard edge != last else { continue }
      let gap = last.map { edge - $0 } ?? 0
      let isFolded = Double(gap) > unfolded
      if isFolded, let before = last, times.last != before { append(before, place) }
      place += FoldedTime.length(Double(gap), unfolded)
      if isFolded || last == nil || i == edges.count - 1 { append(edge, place) }
      last = edge
    }
    if let last, times.last != last { append(last, place) }
  }

  private mutating func append(_ time: Int64, _ place: Double) {
    times.append(time)
    places.append(place)
  }

  func place(_ time: Int64) -> Double {
    guard times.count > 1 else { return 0 }
    let after = min(max(1, times.partitioningIndex { $0 > time }), times.count - 1)
    let share = Double(time - times[after - 1]) / Double(times[after] - times[after - 1])
    return places[after - 1] + min(1, max(0, share)) * (places[after] - places[after - 1])
  }

  /// Stretches without anything are as long as they are up to here.
  private static func unfolded(_ trace: Trace) -> Double {
    trace.grid.period > 0 ? max(5_000, Double(trace.grid.period) / 400) : 10_000
  }

  private static func length(_ gap: Double, _ unfolded: Double) -> Double {
    gap <= unfolded ? gap : unfolded * (1 + 0.3 * log2(gap / unfolded))
  }

  private static func edges(_ trace: Trace) -> [Int64] {
    var edges: [Int64] = [trace.start, trace.end]
    for frame in trace.frames { edges += [frame.at, frame.end] }
    for member in trace.members {
      for span in member.radio + member.power { edges += [span.from, min(span.to, trace.end)] }
      edges += member.roles.map(\.at) + member.decided.map(\.at)
    }
    for command in trace.commands { edges += [command.submitted, command.answered ?? command.submitted] }
    return edges.map { min(max($0, trace.start), trace.end) }
  }
}
