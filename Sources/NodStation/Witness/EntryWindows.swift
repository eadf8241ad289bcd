// In which windows this node first had an entry, and first knew it to be decided: of the newest ones, in memory only.
import NodCore

/// Invariant: a place holds what is known of the newest index that was noted there; older ones are forgotten.
public struct EntryWindows: ~Copyable {
  package struct Span: Sendable {
    package var index = LogIndex.zero
    /// 0: not in memory.
    package var seen: UInt32 = 0
    package var decided: UInt32 = 0
  }
  package static let capacity = 256
  private let spans: UnsafeMutablePointer<Span>

  init() {
    spans = .allocate(capacity: EntryWindows.capacity)
    spans.initialize(repeating: Span(), count: EntryWindows.capacity)
  }
  deinit { spans.deallocate() }

  package func span(_ index: LogIndex) -> Span? {
    let found = spans[place(index)]
    return found.index == index ? found : nil
  }

  mutating func saw(_ first: LogIndex, through last: LogIndex, in window: UInt32) {
    each(first, last) { span in if span.seen == 0 { span.seen = window } }
  }
  mutating func decided(_ first: LogIndex, through last: LogIndex, in window: UInt32) {
    each(first, last) { span in if span.decided == 0 { span.decided = window } }
  }

  private func each(_ first: LogIndex, _ last: LogIndex, _ note: (inout Span) -> Void) {
    guard last >= first, last > .zero else { return }
    let many = UInt64(EntryWindows.capacity)
    var index = LogIndex(max(first.raw, last.raw >= many ? last.raw - many + 1 : 1))
    while index <= last {
      if spans[place(index)].index < index { spans[place(index)] = Span(index: index) }
      if spans[place(index)].index == index { note(&spans[place(index)]) }
      index = index + 1
    }
  }
  private func place(_ index: LogIndex) -> Int { Int(index.raw % UInt64(EntryWindows.capacity)) }
}
