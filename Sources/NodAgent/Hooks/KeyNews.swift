// Which key's state the hooks are to be told next. The registry itself is the queue: a position in the log
// says what is known, and the key that was written first after it comes next, with the value that it has
// then. So nothing fills up, what changed ten times meanwhile is told once, and the newest state of every key
// is told last. Only keys that are gone are in no registry: a short list holds them, and when that is full
// hooks are told to look at everything (`resync`).
import NodCore

/// Invariant: hooks have been told of everything up to `told` that was not overtaken by something newer.
package struct KeyNews: ~Copyable {
  package enum What: UInt8 { case set, deleted, expired, resync }
  package struct Item {
    package var what: What
    package var index: LogIndex
    /// Borrowed until the next call.
    package var key: Bytes
  }
  private struct Deletion {
    var what: What
    var index: LogIndex
    var count: Int
  }

  private let keyBytes: Int
  /// The keys of `deletions`, and behind them the one that was found last.
  private let keys: OwnedBytes
  private var deletions = InlineArray<64, Deletion>(
    repeating: Deletion(what: .deleted, index: .zero, count: 0))
  private var deletionCount = 0
  private var told = LogIndex.zero
  private var search: WrittenWalk?
  /// Something was written that may be unknown.
  private var hasNews = true
  private var mustResync = true

  package init(keyBytes: Int) {
    precondition(HookLimits.deletions == 64)
    self.keyBytes = keyBytes
    keys = OwnedBytes(count: (HookLimits.deletions + 1) * keyBytes)
  }

  /// Nothing is known of what the hooks know.
  package mutating func forget() { mustResync = true }

  package mutating func note(_ event: ChangeEvent, _ key: Bytes, _ index: LogIndex) {
    switch event {
    case .set, .incrby:
      hasNews = true
      forgetDeletion(of: key)
    case .del: delete(.deleted, key, index)
    case .expired: delete(.expired, key, index)
    case .expire, .persist: break  // the value is what it was
    }
  }

  package var isIdle: Bool { !hasNews && !mustResync && deletionCount == 0 && search == nil }

  /// What comes next; nil when there is nothing, or (`isIdle` is false) when more records must be looked at.
  package mutating func next(_ registry: borrowing Registry, where fits: (Bytes) -> Bool) -> Item? {
    if mustResync {
      mustResync = false
      deletionCount = 0
      told = .zero
      search = nil
      hasNews = true
      return Item(what: .resync, index: registry.lastIndex, key: Bytes(start: nil, count: 0))
    }
    if let search, registry.found(by: search).isOutdated {
      // What it had found was written again, or is gone; others may come before what is left.
      self.search = nil
      hasNews = true
    }
    if hasNews && !look(registry, where: fits) { return nil }
    let written = search.flatMap { registry.found(by: $0).key }
    if deletionCount > 0, deletions[0].index <= written?.modifiedAt ?? LogIndex(.max) {
      return takeDeletion()
    }
    search = nil
    guard let written else { return nil }
    told = written.modifiedAt
    hasNews = true
    return Item(what: .set, index: told, key: kept(written.key))
  }

  /// Goes on with the search. - Returns: whether it is over.
  private mutating func look(_ registry: borrowing Registry, where fits: (Bytes) -> Bool) -> Bool {
    var walk: WrittenWalk
    if let search { walk = search } else { walk = registry.walk(after: told) }
    let isOver = registry.advance(&walk, records: HookLimits.recordsAtOnce, where: fits)
    guard isOver else {
      search = walk
      return false
    }
    let found = registry.found(by: walk)
    search = found.key == nil ? nil : walk
    // Of what is written from here on `note` tells, and the next search finds it.
    if !found.isOutdated { hasNews = walk.misses(registry.lastIndex) }
    return !found.isOutdated
  }

  // MARK: Keys that are gone

  private mutating func delete(_ what: What, _ key: Bytes, _ index: LogIndex) {
    guard key.count <= keyBytes else { return }
    forgetDeletion(of: key)
    guard deletionCount < HookLimits.deletions else { return forget() }
    deletions[deletionCount] = Deletion(what: what, index: index, count: key.count)
    copy(key, to: deletionCount)
    deletionCount += 1
  }

  private mutating func forgetDeletion(of key: Bytes) {
    for place in 0..<deletionCount where deleted(place).equals(key) { return remove(place) }
  }

  private mutating func takeDeletion() -> Item {
    let first = deletions[0]
    let key = kept(deleted(0))
    remove(0)
    return Item(what: first.what, index: first.index, key: key)
  }

  private mutating func remove(_ place: Int) {
    for next in place + 1..<max(place + 1, deletionCount) {
      deletions[next - 1] = deletions[next]
      copy(deleted(next), to: next - 1)
    }
    deletionCount -= 1
  }

  private func deleted(_ place: Int) -> Bytes {
    Bytes(start: keys.all.baseAddress! + place * keyBytes, count: deletions[place].count)
  }

  private func copy(_ key: Bytes, to place: Int) {
    guard let source = key.baseAddress else { return }
    (keys.all.baseAddress! + place * keyBytes).copyMemory(from: source, byteCount: key.count)
  }

  private func kept(_ key: Bytes) -> Bytes {
    copy(key, to: HookLimits.deletions)
    return Bytes(start: keys.all.baseAddress! + HookLimits.deletions * keyBytes, count: key.count)
  }
}
