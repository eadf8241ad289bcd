// The air: frames get lost, repeated, delayed past each other; links are cut one way or both.
import NodCore
import NodJournal
import NodSecurity
import NodStation

extension World {
  func speak(_ i: Int, _ time: LocalTime) {
    let member = members[i]
    var buffer = [UInt8](repeating: 0, count: settings.mtu)
    let count = buffer.withUnsafeMutableBytes { member.station!.pointee.transmit(into: $0, now: time) }
    guard count > 0 else { return }
    framesOnAir += 1
    bytesOnAir += count
    noteSpoken(i)
    noteFrame(i, buffer[..<count])
    checker.look(self, i)
    buffer.withUnsafeBytes { eavesdropper?.hear(Bytes(rebasing: $0[..<count]), from: i, self) }
    trace?(describe(i))
    let number = nextDatagram
    nextDatagram += 1
    var copies = 0
    for j in 0..<members.count where j != i && cut[i] & (1 << UInt32(j)) == 0 {
      if random.happens(permille: lossPermille) { continue }
      let times = random.happens(permille: options.repeatPermille) ? 3 : 1
      for _ in 0..<times {
        copies += 1
        let delay = profile.airTime(count).raw + Int64(random.below(Int(options.jitter.raw) + 1))
        queue.plan(.arrive(member: j, datagram: number), at: now + delay)
      }
    }
    if copies > 0 { air[number] = (Array(buffer[..<count]), copies, i) }
  }

  private func noteFrame(_ i: Int, _ bytes: ArraySlice<UInt8>) {
    fingerprint = (fingerprint ^ UInt64(now)) &* 0x0000_0100_0000_01b3
    for byte in bytes { fingerprint = (fingerprint ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    bytes.withUnsafeBytes { raw in
      guard let header = try? FrameHeader(parsing: Bytes(rebasing: raw[...])) else { return }
      if let salt = header.salt { members[i].salt = salt }
      let used = UsedNonce(sender: i, salt: members[i].salt, counter: header.counter)
      if !nonces.insert(used).inserted {
        checker.fail("nonce", "n\(i) seals twice with counter \(header.counter) of one key", at: now)
      }
    }
  }

  /// What a frame says of its sender's own disk. Called after it was composed.
  private func noteSpoken(_ i: Int) {
    node(i) { n in
      // The prelude speaks of the promise and the accepted ballot as soon as they are in memory only
      // through a promise
      // section or an own vote; those are held back until they are durable.
      if n.votes.ballot == n.acceptor.accepted, n.votes[n.id] > .zero {
        spokenVotes[i] = (n.votes.ballot, n.votes[n.id])
      }
      if n.spokePromise > .zero { spoken[i] = (n.spokePromise, n.durability.ballot) }
    }
  }

  func arrive(_ i: Int, _ number: Int) {
    guard let frame = air[number] else { return }
    if frame.copies == 1 { air[number] = nil } else { air[number]!.copies -= 1 }
    let member = members[i]
    guard let station = member.station else { return }
    guard station.pointee.plan.radioOn else {
      station.pointee.discardedWhileOff(1)
      return
    }
    frame.bytes.withUnsafeBytes { station.pointee.receive($0, now: member.local(now)) }
    turn(i)
  }

  func noteRadio(_ member: Member, on: Bool) {
    if on, member.radioOnSince == nil { member.radioOnSince = now }
    if !on, let since = member.radioOnSince {
      member.radioOnTotal += now - since
      member.radioOnSince = nil
    }
  }
}

/// What must never be used twice: the key follows from sender and salt, the nonce from the counter.
struct UsedNonce: Hashable {
  var sender: Int
  var salt: UInt64
  var counter: UInt32
}
