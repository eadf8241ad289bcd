// Which window a moment belongs to. Frames carry their window's number; between and beyond them the period counts on.
// Where members ran on two grids for a while, the later one names the windows: that is the one they agreed on.

struct WindowGrid {
  struct Anchor {
    var number: Int64
    /// When the window's first frame began.
    var at: Int64
  }
  private(set) var period: Int64 = 0
  /// Windows in which a frame was sent, rising in number and time.
  private(set) var anchors: [Anchor] = []

  init() {}

  /// - Parameter period: 0 when the trace does not tell it; it is then measured.
  init(_ frames: [Trace.Frame], period told: Int64) {
    var firsts: [Anchor] = []
    for frame in frames {
      guard let window = frame.window, window != firsts.last?.number else { continue }
      firsts.append(Anchor(number: window, at: frame.at))
    }
    period = told > 0 ? told : WindowGrid.measured(firsts)
    guard period > 0 else { return }
    for anchor in firsts.reversed() {
      guard let next = anchors.last else {
        anchors.append(anchor)
        continue
      }
      let apart = (next.number - anchor.number).multipliedReportingOverflow(by: period)
      let difference = next.at - anchor.at - apart.partialValue
      if anchor.number < next.number, !apart.overflow, abs(difference) < period / 2 { anchors.append(anchor) }
    }
    anchors.reverse()
  }

  /// When a window's first frame was, or would have been.
  func time(of window: Int64) -> Int64? {
    guard let first = anchors.first, period > 0 else { return nil }
    let after = anchors.partitioningIndex { $0.number > window }
    let anchor = after == 0 ? first : anchors[after - 1]
    let (apart, overflow) = (window - anchor.number).multipliedReportingOverflow(by: period)
    return overflow ? nil : anchor.at + apart
  }

  /// The window that a moment belongs to: members wake up to a quarter of a period before its first frame.
  func window(at time: Int64) -> Int64? {
    guard let first = anchors.first, period > 0 else { return nil }
    let early = time + period / 4
    let after = anchors.partitioningIndex { $0.at > early }
    let anchor = after == 0 ? first : anchors[after - 1]
    let apart = early - anchor.at
    let counted = apart >= 0 ? apart / period : -((-apart + period - 1) / period)
    // The next anchor knows better where the period changed in between.
    if after < anchors.count { return min(anchor.number + counted, anchors[after].number - 1) }
    return anchor.number + counted
  }

  private static func measured(_ firsts: [Anchor]) -> Int64 {
    let slopes = zip(firsts, firsts.dropFirst()).compactMap { a, b -> Int64? in
      b.number > a.number && b.at > a.at ? (b.at - a.at) / (b.number - a.number) : nil
    }.sorted()
    return slopes.isEmpty ? 0 : slopes[slopes.count / 2]
  }
}

extension Array {
  /// The first index whose element fulfils what all behind it fulfil as well.
  func partitioningIndex(_ isBehind: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
