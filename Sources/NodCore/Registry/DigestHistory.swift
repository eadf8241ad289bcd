// Digests of the state at named log positions, so that replicas can compare them in full windows: a
// difference is loud.

package struct DigestHistory: Sendable {
  /// A digest is kept at every multiple of this.
  package static let every: UInt64 = 64
  private static let kept = 16
  private var indices = [LogIndex](repeating: .zero, count: DigestHistory.kept)
  private var values = [UInt64](repeating: 0, count: DigestHistory.kept)
  package private(set) var newest = LogIndex.zero
  package init() {}

  private static func place(_ index: LogIndex) -> Int { Int(index.raw / every % UInt64(kept)) }

  package mutating func note(_ index: LogIndex, _ digest: UInt64) {
    guard index.raw % DigestHistory.every == 0 else { return }
    let at = DigestHistory.place(index)
    indices[at] = index
    values[at] = digest
    newest = max(newest, index)
  }
  package func digest(at index: LogIndex) -> UInt64? {
    let at = DigestHistory.place(index)
    return index != .zero && indices[at] == index ? values[at] : nil
  }
}
