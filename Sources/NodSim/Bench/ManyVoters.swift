// More voters than a roster can name, on one hop, with the very core that runs on boards: how many frames one command
// costs when 188 members answer in turn. Frames are encoded and decoded; sealing changes none of the counts.
import NodCore

package struct ManyVotersFigures: Sendable {
  package var memberCount = 0
  package var commands = 0
  package var discarded = 0
  /// Means: frames until the leader knows; all that the command caused, later windows' beacons not counted.
  package var framesUntilLeaderKnows = 0.0
  package var framesInAll = 0.0
  package var bytesInAll = 0.0
  package var millisecondsUntilLeaderKnows = 0.0
  /// Share decided in the command's own window.
  package var sameWindow = 0.0
  package init() {}
}

/// One command at a time at the leader, just before its window.
package func measureManyVoters(
  _ memberCount: Int, profile: RadioProfile, lossPermille: Int, commands: Int, seed: UInt64
) -> ManyVotersFigures {
  var options = CoreOptions()
  options.memberCount = memberCount
  options.profile = profile
  options.mtu = profile.mtu
  options.period = .seconds(30)
  options.syncLatency = .milliseconds(2)
  options.syncGap = .milliseconds(5)
  options.logEntries = 256
  options.logBytes = 1 << 16
  options.registry = RegistryLimits(
    storeBytes: 4_096, storeKeys: 16, keyBytes: 16, valueBytes: 64, tokenWindow: 64)
  options.seed = seed
  let cluster = CoreCluster(options)
  cluster.run(windows: 12)
  return ManyVoters(cluster).measure(lossPermille: lossPermille, commands: commands)
}

private final class ManyVoters {
  private let cluster: CoreCluster
  private var figures = ManyVotersFigures()
  private var leader = 0
  private var target = LogIndex.zero
  private var known: (frames: Int, at: Int64)?

  init(_ cluster: CoreCluster) {
    self.cluster = cluster
    figures.memberCount = cluster.options.memberCount
    cluster.afterTurn = { [unowned self] i in
      guard i == leader, known == nil, target > .zero else { return }
      if cluster.node(i, { $0.acceptor.commit >= self.target }) { known = (cluster.framesOnAir, cluster.now) }
    }
  }

  func measure(lossPermille: Int, commands: Int) -> ManyVotersFigures {
    guard cluster.settle(windows: 60) else { return figures }
    cluster.lossPermille = lossPermille
    cluster.run(windows: 4)
    for number in 0..<commands { one(UInt64(number)) }
    let counted = Double(max(1, figures.commands))
    figures.framesUntilLeaderKnows /= counted
    figures.framesInAll /= counted
    figures.bytesInAll /= counted
    figures.millisecondsUntilLeaderKnows /= counted
    figures.sameWindow /= counted
    return figures
  }

  /// Frames and bytes of a window in which nothing is said but the beacon.
  private var beaconBytes = 0

  private func one(_ number: UInt64) {
    guard waitForQuiet() else {
      figures.discarded += 1
      return
    }
    let period = cluster.options.period.raw
    let start = cluster.now
    let frames = cluster.framesOnAir
    let bytes = cluster.bytesOnAir
    known = nil
    target = cluster.node(leader) { $0.acceptor.last + 1 }
    let command = Traffic.set(Array("k".utf8), [UInt8](repeating: 0x76, count: 16))
    guard command.withUnsafeBytes({ cluster.submit($0, at: leader, ticket: 1_000 + number) }) else { return }
    cluster.run(until: start + period)
    let sameWindow = known != nil
    var later = 0
    repeat {
      later += 1
      cluster.run(until: start + Int64(later + 1) * period)
    } while later < 40 && !(known != nil && cluster.everybodyKnows(target) && later >= 2)
    defer { target = .zero }
    guard let known, cluster.everybodyKnows(target), cluster.leaders == [leader] else {
      figures.discarded += 1
      return
    }
    figures.commands += 1
    let beaconsBefore = sameWindow ? 0 : Int((known.at - start) / period)
    figures.framesUntilLeaderKnows += Double(known.frames - frames - beaconsBefore)
    figures.framesInAll += Double(cluster.framesOnAir - frames - later)
    figures.bytesInAll += Double(cluster.bytesOnAir - bytes - later * beaconBytes)
    let beacon = cluster.settings.slot.raw * Int64(cluster.settings.requestSlots)
    figures.millisecondsUntilLeaderKnows += Double(known.at - start - beacon) / 1_000
    if sameWindow { figures.sameWindow += 1 }
  }

  /// Stops a moment before a window, with one leader, everybody up to date, and if it comes to that soon, a window
  /// behind it in which only the beacon was said: where a tenth of the members miss each beacon, there is
  /// always somebody who
  /// asks for something.
  private func waitForQuiet() -> Bool {
    for attempt in 0..<12 {
      guard cluster.settle(windows: 60) else { return false }
      leader = cluster.leaders[0]
      let time = LocalTime(microseconds: cluster.now)
      let next = cluster.node(leader) { node in
        node.clock.gridPoint(of: node.timeline.window &+ 1) - node.clock.guardTime(at: time)
      }
      cluster.run(until: next.microseconds - 20_000)
      let frames = cluster.framesOnAir
      let bytes = cluster.bytesOnAir
      cluster.run(windows: 1)
      let isQuiet = cluster.framesOnAir == frames + 1
      guard isQuiet || attempt >= 4, cluster.leaders == [leader] else { continue }
      if isQuiet || beaconBytes == 0 {
        beaconBytes = (cluster.bytesOnAir - bytes) / (cluster.framesOnAir - frames)
      }
      if cluster.everybodyKnows(cluster.node(leader) { $0.acceptor.last }) { return true }
    }
    return false
  }
}
