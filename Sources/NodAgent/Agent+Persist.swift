// The disk, on its own thread: a batch is handed over, the loop goes on, the end of the sync gives the node
// its words.
import CBoard
import NodCore
import NodJournal
import NodStation

extension Agent {
  mutating func persist() throws(BoardFailure) {
    guard !syncThread.isBusy, let target = cluster.station.persist(cluster.now) else { return }
    try syncThread.begin(cluster.station.journal.disk.syncTarget(target))
  }

  @inline(never)
  mutating func syncEnded() throws(BoardFailure) {
    guard let outcome = syncThread.takeOutcome() else { return }
    cluster.figures.noteSync(outcome.took)
    if outcome.failure == nil { cluster.figures.lastDurableAt = cluster.now }
    if let failure = outcome.failure {
      cluster.figures.syncFailures += 1
      cluster.station.syncFailed(failure, now: cluster.now)
    } else if let next = cluster.station.synced(cluster.now) {
      try syncThread.begin(cluster.station.journal.disk.syncTarget(next))
    }
  }

  /// At the end: what was written is given to the disk before the process goes.
  mutating func finishSync() throws(BoardFailure) {
    var rounds = 0
    while syncThread.isBusy && rounds < 1000 {
      _ = try poll.wait(timeoutMilliseconds: 10)
      try syncEnded()
      rounds += 1
    }
  }
}
