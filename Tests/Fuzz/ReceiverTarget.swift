// Datagrams of an outsider into the whole receiver: bytes of any kind, and real frames that were changed, cut,
// prolonged or played back. Nothing of it may be heard, answered, or change what the node knows.
import NodCore
import NodJournal
import NodSim
import NodStation

final class ReceiverTarget: Target {
  private let recording = Recording()
  private let disk: SimDisk
  private let station: UnsafeMutablePointer<Station<SimDisk>>
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 16)
  private let answer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 16)
  private var now: LocalTime
  private var genuine = 0
  private static let genuineLimit = 64

  init() {
    do {
      disk = try provisionedDisk(3)
      now = recording.spoken[0].at
      station = .allocate(capacity: 1)
      station.initialize(to: try openStation(3, disk, salt: 0x3333, now: now))
    } catch { fatalError("the receiver does not start: \(error)") }
    // It has heard some of them, so that starts, salts and counters are known; the rest is new to it.
    for frame in recording.spoken.prefix(Self.genuineLimit) {
      now = max(now, frame.at)
      frame.datagram.withUnsafeBytes { station.pointee.receive($0, now: now) }
      settle()
    }
    genuine = min(Self.genuineLimit, recording.spoken.count)
    expect(station.pointee.node.counters.framesHeard > 0, "the receiver hears its peers")
  }

  var tally: String {
    let r = station.pointee.rejections
    return "\(station.pointee.datagramsHeard) datagrams: \(r.badTag) bad tags, \(r.replayed) replayed, "
      + "\(r.unknownSalt) unknown starts, \(r.staleStart) of old starts, \(r.malformed) malformed, "
      + "\(r.total) in all worth nothing; window \(station.pointee.node.timeline.window)"
  }

  func take(_ bytes: Bytes) {
    var choices = Choices(bytes)
    let how = choices.byte()
    if how & 0x80 != 0 {  // time goes on, so that what is bounded by the window is tried again
      now = now + Microseconds(Int64(choices.number()) * 16)
      station.pointee.wake(now)
      settle()
    }
    let before = state()
    let heard = station.pointee.datagramsHeard
    let rejected = station.pointee.rejections.total
    let count: Int
    switch how & 3 {
    case 0:  // bytes of any kind
      let raw = choices.rest()
      count = copy(raw)
    case 1:  // one that it heard before, as it was
      let frame = recording.spoken[choices.number() % genuine]
      count = frame.datagram.withUnsafeBytes { copy($0) }
    default:
      let frame = recording.spoken[choices.number() % recording.spoken.count]
      let copied = frame.datagram.withUnsafeBytes { copy($0) }
      count = choices.mutate(buffer, count: copied)
      let isAsItWas = frame.datagram.withUnsafeBytes { Bytes(rebasing: buffer[..<count]).equals($0) }
      if isAsItWas { return }
    }
    station.pointee.receive(Bytes(rebasing: buffer[..<count]), now: now)
    expect(station.pointee.datagramsHeard == heard + 1, "each datagram is counted")
    expect(station.pointee.rejections.total == rejected + 1, "each is counted as worth nothing, once")
    expect(state() == before, "a datagram that nobody sealed changed something")
  }

  private struct State: Equatable {
    var heard: UInt64
    var records: UInt64
    var promised: Ballot
    var last: LogIndex
    var commit: LogIndex
    var wakeAt: LocalTime
    var salts: [UInt64]
  }
  private func state() -> State {
    State(
      heard: station.pointee.node.counters.framesHeard, records: station.pointee.node.effects.records.written,
      promised: station.pointee.node.acceptor.promised, last: station.pointee.node.acceptor.last,
      commit: station.pointee.node.acceptor.commit, wakeAt: station.pointee.plan.wakeAt,
      salts: (0..<3).map { station.pointee.node.peers[NodeID(UInt8($0))].salt })
  }

  private func copy(_ bytes: Bytes) -> Int {
    let count = min(bytes.count, buffer.count)
    if count > 0 {
      UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]).copyMemory(from: bytes.part(0, count))
    }
    return count
  }

  private func settle() {
    var steps = 0
    while steps < 64 {
      steps += 1
      sync(station, disk, now)
      let plan = station.pointee.plan
      if plan.speaks {
        _ = station.pointee.transmit(into: answer, now: now)
      } else if plan.wakeAt <= now {
        station.pointee.wake(now)
      } else {
        return
      }
    }
  }
}
