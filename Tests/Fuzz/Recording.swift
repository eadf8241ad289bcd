// What real members say: three stations agree in memory, lose one of their number, elect, catch up from a
// snapshot. Every datagram is kept, with its body as a fourth who has the keys reads it, and every record of a
// journal. Fuzzing begins from these.
import NodCore
import NodJournal
import NodSecurity
import NodSim
import NodStation

struct Spoken {
  var sender: NodeID
  var salt: UInt64
  var at: LocalTime
  var datagram: [UInt8]
  var body: [UInt8]
}

/// Keys and roster that all targets share.
enum Keys {
  static let epoch: [UInt8] = (0..<32).map { UInt8($0 * 7 & 0xff) }
  static let roster: [UInt8] = (0..<16).map { UInt8($0 * 11 & 0xff) }
  static let members = 4
  nonisolated(unsafe) static let epochBytes = held(epoch)
  nonisolated(unsafe) static let rosterBytes = held(roster)

  /// Bytes that stay where they are for as long as the process lives.
  static func held(_ bytes: [UInt8]) -> Bytes {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
    memory.copyBytes(from: bytes)
    return Bytes(memory)
  }
  static func ring(_ slot: UInt8, salt: UInt64) -> KeyRing {
    KeyRing(
      own: NodeID(slot), members: NodeSet(firstSlots: members), epoch: 1, epochKey: epochBytes,
      rosterHash: rosterBytes, randomSalt: salt)
  }
}

/// A cluster as small as it can be, so that a node is made in no time.
func smallSettings() -> ClusterSettings {
  var settings = ClusterSettings(
    memberCount: Keys.members, period: .milliseconds(200), slot: .milliseconds(2), syncGap: .milliseconds(4),
    framePace: Microseconds(200), mtu: 512)
  settings.fullEvery = 4
  settings.snapshotEvery = 8
  settings.registry = RegistryLimits(
    storeBytes: 2048, storeKeys: 16, keyBytes: 16, valueBytes: 128, tokenWindow: 16)
  return settings
}

func smallParameters(_ slot: UInt8, salt: UInt64) -> NodeParameters {
  var parameters = NodeParameters(settings: smallSettings(), id: NodeID(slot))
  parameters.salt = salt
  parameters.seed = salt
  parameters.logEntries = 64
  parameters.logBytes = 1 << 13
  parameters.holes = 16
  parameters.pendingBytes = 1 << 12
  return parameters
}

func genesis(_ slot: UInt8) -> Genesis {
  Genesis(clusterLow: 7, clusterHigh: 9, node: NodeID(slot), membershipVersion: 1, mayVote: true)
}

let smallJournal = JournalLimits(batchBytes: 8192, pendingBytes: 1 << 16, segmentBytes: 1 << 14)

func openStation(_ slot: UInt8, _ disk: SimDisk, salt: UInt64, now: LocalTime) throws -> Station<SimDisk> {
  try Station.open(
    StationParameters(node: smallParameters(slot, salt: salt), profile: .loopback), disk: disk,
    genesis: genesis(slot), journalLimits: smallJournal, epochKey: Keys.epochBytes,
    rosterHash: Keys.rosterBytes, randomSalt: salt, now: now)
}

func provisionedDisk(_ slot: UInt8) throws -> SimDisk {
  let disk = SimDisk(seed: UInt64(slot) + 1)
  var journal = Journal(
    disk: disk, owner: JournalOwner(clusterLow: 7, clusterHigh: 9, node: NodeID(slot)), limits: smallJournal)
  guard case .empty = try journal.recover({ _, _ in false }) else { fatalError("a new disk is empty") }
  try Station.create(&journal, genesis(slot), identity: UInt64(slot) + 77)
  disk.killProcess()
  return disk
}

final class Recording {
  private(set) var spoken: [Spoken] = []
  let disks: [SimDisk]
  private var stations: [UnsafeMutablePointer<Station<SimDisk>>] = []
  private var isOff = [Bool](repeating: false, count: Keys.members)
  private var now = LocalTime(microseconds: 1_000_000)
  /// Only listens, with keys of its own: its slot is never switched on.
  private var observer = Keys.ring(3, salt: 0x3333)
  private static let members = 3

  static func salt(_ slot: Int) -> UInt64 { 0x5a17_0000 + UInt64(slot) * 0x0101_0101 }

  init() {
    do {
      disks = try (0..<Keys.members).map { try provisionedDisk(UInt8($0)) }
      for slot in 0..<Recording.members {
        let memory = UnsafeMutablePointer<Station<SimDisk>>.allocate(capacity: 1)
        memory.initialize(
          to: try openStation(UInt8(slot), disks[slot], salt: Recording.salt(slot), now: now))
        stations.append(memory)
      }
    } catch { fatalError("the recording does not start: \(error)") }
    run(windows: 60)
    write(40, windows: 80)
    question()
    isOff[2] = true
    write(80, windows: 120)
    isOff[2] = false
    run(windows: 40)
    isOff[leader] = true
    run(windows: 40)
    isOff = [Bool](repeating: false, count: Keys.members)
    write(10, windows: 40)
  }

  private var leader: Int { (0..<Recording.members).first { stations[$0].pointee.node.isLeader } ?? 0 }

  /// Members ask each other over the radio, and the one that is off.
  private func question() {
    for slot in 0..<Recording.members {
      for target in [(slot + 1) % Recording.members, Recording.members] {
        let ticket = Ticket(UInt64(2000 + 10 * slot + target))
        let question = ViaQuestion(rawValue: UInt8(slot)) ?? .status
        _ = stations[slot].pointee.ask(NodeID(UInt8(target)), question, 0, ticket: ticket, now: now)
        run(windows: 6)
        _ = stations[slot].pointee.node.endAsking(ticket)
      }
    }
  }

  private func write(_ commands: Int, windows: Int) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 8)
    defer { buffer.deallocate() }
    for number in 0..<commands {
      var out = ByteWriter(buffer)
      let key = Array("k\(number % 12)".utf8)
      let value = [UInt8](repeating: UInt8(number & 0xff), count: number % 100)
      key.withUnsafeBytes { key in
        value.withUnsafeBytes { value in
          let command: RegistryCommand =
            number % 5 == 0
            ? .expire(key: key, milliseconds: 500)
            : .set(key: key, value: value, condition: .always, expiry: .none, returnsOldValue: false)
          command.write(to: &out)
        }
      }
      let slot = number % Recording.members
      if !isOff[slot] {
        _ = stations[slot].pointee.submit(out.written, token: nil, ticket: Ticket(UInt64(number)), now: now)
        if number % 7 == 0 { _ = stations[slot].pointee.requestRead(Ticket(UInt64(1000 + number)), now: now) }
        settle(slot)
      }
      run(windows: max(1, windows / commands))
    }
  }

  private func run(windows: Int) {
    let end = now + smallSettings().period * windows
    while true {
      var next = LocalTime.never
      for slot in 0..<Recording.members { next = min(next, stations[slot].pointee.plan.wakeAt) }
      if next > end { break }
      now = max(now + Microseconds(1), next)
      for slot in 0..<Recording.members where stations[slot].pointee.plan.wakeAt <= now {
        stations[slot].pointee.wake(now)
        settle(slot)
      }
    }
    now = max(now, end)
  }

  /// Does what the plan wants now, as an agent's loop does.
  private func settle(_ slot: Int) {
    var steps = 0
    while steps < 64 {
      steps += 1
      sync(stations[slot], disks[slot], now)
      let plan = stations[slot].pointee.plan
      if plan.speaks {
        speak(slot)
      } else if plan.wakeAt <= now {
        stations[slot].pointee.wake(now)
      } else {
        return
      }
    }
  }

  private func speak(_ slot: Int) {
    var buffer = [UInt8](repeating: 0, count: 600)
    let count = buffer.withUnsafeMutableBytes { stations[slot].pointee.transmit(into: $0, now: now) }
    guard count > 0, !isOff[slot] else { return }
    keep(slot, Array(buffer[..<count]))
    now = now + Microseconds(200)
    for other in 0..<Recording.members where other != slot && !isOff[other] {
      guard stations[other].pointee.plan.radioOn else { continue }
      buffer[..<count].withUnsafeBytes { bytes in
        stations[other].pointee.receive(Bytes(rebasing: bytes[...]), now: now)
      }
      sync(stations[other], disks[other], now)
    }
  }

  private func keep(_ slot: Int, _ datagram: [UInt8]) {
    var plain = [UInt8](repeating: 0, count: 600)
    let opened = datagram.withUnsafeBytes { from in
      plain.withUnsafeMutableBytes { into in try? observer.open(from, into: into) }
    }
    guard let opened else { return }
    let body = Array(plain[..<opened.count])
    body.withUnsafeBytes { bytes in
      guard let frame = try? Frame(decoding: bytes, from: opened.sender) else {
        fatalError("a frame of ours")
      }
      if frame.prelude.has(Prelude.started) {
        _ = try? observer.confirm(opened.sender, salt: opened.salt, incarnation: frame.prelude.incarnation)
      }
    }
    spoken.append(
      Spoken(sender: opened.sender, salt: opened.salt, at: now, datagram: datagram, body: body))
  }
}

/// Everything that waits for the disk goes there; outcomes that nobody waits for are dropped.
func sync(_ station: UnsafeMutablePointer<Station<SimDisk>>, _ disk: SimDisk, _ now: LocalTime) {
  station.pointee.node.effects.removeCompletions()
  station.pointee.node.effects.removeReads()
  station.pointee.node.registry.clearValues()
  var rounds = 0
  while let first = station.pointee.persist(now), rounds < 16 {
    rounds += 1
    var next: SyncTarget? = first
    while let target = next {
      do { try disk.sync(target) } catch { fatalError("this disk does not fail") }
      next = station.pointee.synced(now)
    }
  }
}
