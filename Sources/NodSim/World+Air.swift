// A frame's way from one antenna to the others: composed and sealed by the station, then lost, delayed, destroyed,
// missed, or heard. Which of these can happen is in AirRules; links that are cut carry nothing at all.
import NodCore
import NodJournal
import NodSecurity
import NodStation

extension World {
  func speak(_ i: Int, _ time: LocalTime) {
    let member = members[i]
    var buffer = [UInt8](repeating: 0, count: settings.mtu)
    let speech = member.station!.pointee.node.timeline.speech
    let cycle = member.station!.pointee.node.timeline.cycle
    let count = buffer.withUnsafeMutableBytes { member.station!.pointee.transmit(into: $0, now: time) }
    guard count > 0 else { return }
    framesOnAir += 1
    bytesOnAir += count
    bytesBy[i] += count
    member.meter.transmitted(profile.airTime(count), at: LocalTime(microseconds: now))
    framesBy[i] += 1
    noteSpoken(i)
    noteFrame(i, buffer[..<count])
    checker.look(self, i)
    trace?(describe(i))
    let bytes = Array(buffer[..<count])
    overheard?(i, bytes)
    let opened = bytes.withUnsafeBytes { eavesdropper!.hear(Bytes(rebasing: $0[...]), from: i, self) }
    tell(
      i,
      .sent(
        frame: nextDatagram, bytes: count, air: profile.airTime(count), speech: speech ?? .answer,
        cycle: cycle, says: FrameContent(opened, settings)))
    transmit(bytes, from: i, opened)
  }

  private func transmit(_ bytes: [UInt8], from i: Int, _ opened: Frame?) {
    let airTime = profile.airTime(bytes.count).raw
    var start = now
    if options.air.isOneBroadcast {
      start = max(now + Int64(random.below(Int(options.jitter.raw) + 1)), channel.quietAfter(i))
    }
    var frame = Transmission(number: nextDatagram, from: i, bytes: bytes, start: start, end: start + airTime)
    nextDatagram += 1
    frame.says = members[i].station!.pointee.node.spokenKinds
    let lost = read(&frame, opened)
    for j in 0..<members.count where j != i {
      guard cut[i] & (1 << UInt32(j)) == 0 else {
        exchange?.hear(frame.line, j, .cut)
        continue
      }
      frame.reach |= 1 << UInt32(j)
      if isLost(i, j) || lost & (1 << UInt32(j)) != 0 {
        exchange?.hear(frame.line, j, .lost)
        tell(j, .lost(frame: frame.number, from: i))
        continue
      }
      send(&frame, to: j, airTime: airTime)
    }
    if options.air.collides || options.air.isHalfDuplex { channel.add(frame) }
    if frame.copies > 0 { air[frame.number] = frame }
    if let used = ledger.note(i, start: frame.start, end: frame.end) {
      checker.fail("air time", "n\(i) was on the air for \(used) µs of an hour", at: now)
    }
  }

  private func send(_ frame: inout Transmission, to j: Int, airTime: Int64) {
    let times = random.happens(permille: options.repeatPermille) ? 3 : 1
    for copy in 0..<times {
      frame.copies += 1
      var at = frame.end
      if !options.air.isOneBroadcast { at = now + airTime + Int64(random.below(Int(options.jitter.raw) + 1)) }
      if copy > 0, let later = options.repeatDelay { at += Int64(random.below(Int(later.raw) + 1)) }
      queue.plan(.arrive(member: j, datagram: frame.number), at: at)
    }
  }

  /// Reads a frame at its sender's antenna, if somebody wants to know: its line of the trace, and for whom a
  /// scenario loses it.
  private func read(_ frame: inout Transmission, _ opened: Frame?) -> UInt32 {
    guard let opened else { return 0 }
    let from = frame.from
    frame.line = exchange?.frame(self, from: from, at: frame.start, FrameWords(opened, settings).text)
    guard let drops else { return 0 }
    var lost: UInt32 = 0
    for j in 0..<members.count where j != from && drops(from, j, opened) { lost |= 1 << UInt32(j) }
    return lost
  }

  private func isLost(_ i: Int, _ j: Int) -> Bool {
    if random.happens(permille: links.loss(from: i, to: j) ?? lossPermille) { return true }
    return links.burstTakes(from: i, to: j, at: now)
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
      if n.mayVote, n.votes.ballot == n.acceptor.accepted, n.votes[n.id] > .zero {
        spokenVotes[i] = (n.votes.ballot, n.votes[n.id])
      }
      if n.spokePromise > .zero { spoken[i] = (n.spokePromise, n.durability.ballot) }
    }
  }

  // MARK: at the receiver

  func arrive(_ i: Int, _ number: Int) {
    guard let frame = air[number] else { return }
    if frame.copies == 1 { air[number] = nil } else { air[number]!.copies -= 1 }
    let member = members[i]
    let hearing = hears(member, i, frame)
    exchange?.hear(frame.line, i, hearing)
    guard let station = member.station else { return }
    guard hearing == .heard else {
      tell(i, .missed(frame: number, from: frame.from, hearing))
      if hearing == .off, member.suspendedUntil == nil { station.pointee.discardedWhileOff(1) }
      return
    }
    tell(i, .heard(frame: number, from: frame.from, bytes: frame.bytes.count, says: frame.says))
    let rejected = station.pointee.rejections.total
    frame.bytes.withUnsafeBytes { station.pointee.receive($0, now: member.local(now)) }
    if station.pointee.rejections.total > rejected {
      tell(i, .rejected(from: frame.from, bytes: frame.bytes.count, station.pointee.rejections.last))
    }
    turn(i)
  }

  private func hears(_ member: Member, _ i: Int, _ frame: Transmission) -> Hearing {
    guard let station = member.station else { return .dark }
    guard member.suspendedUntil == nil, station.pointee.node.timeline.radioOn else { return .off }
    let rules = options.air
    if rules.isHalfDuplex && channel.isBusy(i, during: frame) { return .busy }
    if rules.needsWholeFrame {
      guard let since = member.radioOnSince, since <= frame.start else { return .off }
    }
    if rules.collides {
      let overlap = channel.overlap(with: frame, at: i)
      if overlap.any && !(overlap.isFirst && random.happens(permille: rules.capturePermille)) {
        return .collided
      }
    }
    return .heard
  }

  /// Bytes from nowhere, as somebody without keys sends them: heard by `i` if it listens now.
  ///
  /// - Returns: whether it listened.
  @discardableResult
  package func inject(_ bytes: [UInt8], to i: Int) -> Bool {
    let member = members[i]
    guard let station = member.station, member.suspendedUntil == nil, station.pointee.node.timeline.radioOn
    else {
      return false
    }
    bytes.withUnsafeBytes { station.pointee.receive($0, now: member.local(now)) }
    turn(i)
    return true
  }

  func noteRadio(_ member: Member, on: Bool) {
    guard on != (member.radioOnSince != nil) else { return }
    tell(Int(member.id.raw), .radio(isOn: on))
    let time = LocalTime(microseconds: now)
    member.meter.radio(on ? .receiving : .sleeping, at: time)
    member.meter.host(on ? .awake : .suspended, at: time)
    if let since = member.radioOnSince {
      member.radioOnTotal += now - since
      member.radioOff = (now, since)
      member.radioOnSince = nil
    } else if member.radioOff.at == now {
      member.radioOnSince = member.radioOff.since
      member.radioOnTotal -= now - member.radioOff.since
    } else {
      member.radioOnSince = now
    }
  }
}

/// What must never be used twice: the key follows from sender and salt, the nonce from the counter.
struct UsedNonce: Hashable {
  var sender: Int
  var salt: UInt64
  var counter: UInt32
}
