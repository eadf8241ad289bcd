// How many commands a second the core decides: three members in memory, one thread, frames encoded and decoded, every
// command applied by every member. Wall-clock time comes from the caller: the simulator itself reads no clock.
import NodCore

package struct CoreThroughput: Sendable {
  package var decided = 0
  package var frames = 0
  package var frameBytes = 0
  package var recordBytes = 0
  /// Cycles of propose and acknowledge that it took.
  package var votes = 0
}

/// Commands that are decided again and again: `SET key value`, 64 bytes each, so many that the registry has to look
/// for them.
package final class CoreThroughputRun {
  private let cluster: CoreCluster
  private let leader: Int
  private let commands: [UInt8]
  package static let commandBytes = 64
  private static let keys = 256
  /// Callers, each with one command at a time: a little more than one burst of the leader carries.
  package static let callers = 320
  private var ticket: UInt64 = 1

  /// Three members that have a leader.
  package init() {
    var options = CoreOptions()
    options.cycleLimit = 200
    options.syncLatency = .zero
    options.syncGap = .zero
    cluster = CoreCluster(options)
    cluster.run(windows: 20)
    guard cluster.settle(windows: 40), let leader = cluster.leaders.first else {
      preconditionFailure("three members without faults elect")
    }
    self.leader = leader
    var all: [UInt8] = []
    for k in 0..<CoreThroughputRun.keys { all += CoreThroughputRun.command(k) }
    commands = all
  }

  /// A `SET` whose entry payload is exactly 64 bytes.
  private static func command(_ k: Int) -> [UInt8] {
    let key = Array("bench/\(1000 + k)".utf8)
    var value = 40
    while true {  // the value is what the key and the form leave: a few tries
      let bytes = Traffic.set(key, [UInt8](repeating: UInt8(truncatingIfNeeded: k), count: value))
      if bytes.count == commandBytes { return bytes }
      value += commandBytes - bytes.count
    }
  }

  /// Goes on until `count` more commands are decided, applied and answered.
  package func decide(_ count: Int) -> CoreThroughput {
    let before = (
      cluster.completed, cluster.framesOnAir, cluster.bytesOnAir, cluster.recordBytes,
      cluster.framesOnAir - cluster.framesBy[leader]
    )
    let size = CoreThroughputRun.commandBytes
    commands.withUnsafeBytes { all in
      while cluster.completed - before.0 < count {
        while Int(ticket) - 1 - cluster.completed < CoreThroughputRun.callers {
          let at = Int(ticket % UInt64(CoreThroughputRun.keys)) * size
          guard cluster.submit(Bytes(rebasing: all[at..<at + size]), at: leader, ticket: ticket) else {
            break
          }
          ticket += 1
        }
        cluster.step()
      }
    }
    precondition(cluster.failed == 0, "every command is one that the registry takes")
    return CoreThroughput(
      decided: cluster.completed - before.0, frames: cluster.framesOnAir - before.1,
      frameBytes: cluster.bytesOnAir - before.2, recordBytes: cluster.recordBytes - before.3,
      votes: cluster.framesOnAir - cluster.framesBy[leader] - before.4)
  }
}
