// The same generals with a scout and Paxos: three nodes, the same lossy link, the real protocol in the
// simulator, run until all three know the hour. A majority cannot contradict itself, so what is left to count
// is the price: windows and frames.
import NodSim

/// What one simulated agreement came to.
struct Agreement: Equatable {
  /// Two nodes decided different hours. It must never be true.
  let contradiction: Bool
  /// Wake windows until everybody knew.
  let windows: Int
  /// Frames sent in them.
  let frames: Int
}

/// Lets two generals and a scout agree on an hour by Paxos over a link that loses each frame with `loss`.
///
/// - Returns: nil when they did not find each other within the simulator's limit.
func generalsAgree(loss: Double, seed: UInt64) -> Agreement? {
  NodSim.generalsAgree(lossPermille: Int(loss * 1000), seed: seed).map {
    Agreement(contradiction: $0.contradiction, windows: $0.windows, frames: $0.frames)
  }
}

/// Many agreements.
struct AgreementFigures: Equatable {
  private(set) var trials = 0
  private(set) var contradictions = 0
  private(set) var windows: [Int] = []
  private(set) var frames: [Int] = []

  mutating func add(_ agreement: Agreement) {
    trials += 1
    if agreement.contradiction { contradictions += 1 }
    windows.append(agreement.windows)
    frames.append(agreement.frames)
  }

  static func mean(_ values: [Int]) -> Double {
    values.isEmpty ? 0 : Double(values.reduce(0, +)) / Double(values.count)
  }

  /// The value that `share` of all do not exceed.
  static func quantile(_ values: [Int], _ share: Double) -> Int {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
  }
}

/// Runs the trials; nil when one of them came to no end.
func agreements(
  trials: Int, loss: Double, seed: UInt64, agree: (Double, UInt64) -> Agreement? = generalsAgree
) -> AgreementFigures? {
  var figures = AgreementFigures()
  for trial in 0..<trials {
    guard let agreement = agree(loss, seed &+ UInt64(trial)) else { return nil }
    figures.add(agreement)
  }
  return figures
}
