// Majority arithmetic, alone in a file: what a quorum of acceptances has decided.

package enum Quorum {
  /// The highest index that at least `quorum` of the votes reach; zero when none.
  ///
  /// - Parameter votes: one accepted index per voter, all of one ballot. Duplicated votes cannot be
  ///   expressed:
  ///   a voter has one place.
  package static func decided(_ votes: UnsafeBufferPointer<LogIndex>, quorum: Int) -> LogIndex {
    var best = LogIndex.zero
    var i = 0
    while i < votes.count {
      let candidate = votes[i]
      if candidate > best {
        var reached = 0
        var j = 0
        while j < votes.count {
          if votes[j] >= candidate { reached += 1 }
          j += 1
        }
        if reached >= quorum { best = candidate }
      }
      i += 1
    }
    return best
  }
}
