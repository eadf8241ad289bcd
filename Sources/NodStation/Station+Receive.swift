// A datagram comes in: length, sender and counter are looked at before the cipher; nothing that fails is
// answered.
import NodCore
import NodJournal
import NodSecurity

extension Station where D: ~Copyable {
  /// Takes one datagram that arrived at `now`, while the receiver was on.
  package mutating func receive(_ datagram: Bytes, now: LocalTime) {
    datagramsHeard += 1
    refillSaltBudget()
    let opened: Opened
    do throws(SecurityError) {
      opened = try keys.open(datagram, into: plain)
    } catch {
      count(error)
      return
    }
    let body = Bytes(start: plain.baseAddress, count: opened.count)
    let frame: Frame
    do throws(FrameError) {
      frame = try Frame(decoding: body, from: opened.sender)
    } catch {
      rejections.malformed += 1
      return
    }
    if frame.prelude.has(Prelude.started) {
      do throws(SecurityError) {
        let number = frame.prelude.incarnation
        if try keys.confirm(opened.sender, salt: opened.salt, incarnation: number) {
          remember(opened, number)
        }
      } catch {
        // Authentic, and older than what is known of its sender: a recording, or a board that lost its number.
        if let newest = keys.start(of: opened.sender) {
          node.refusedStart(of: opened.sender, newest: newest.incarnation)
        }
        count(error)
        return
      }
    } else if !opened.isConfirmed {
      rejections.staleStart += 1  // it may be a recording of an old start: it does not say which one it is
      return
    }
    let onAir = profile.airTime(datagram.count)
    node.heard(frame, senderSalt: opened.salt, counter: opened.counter, startedAt: now - onAir, now: now)
    appendRecords()
  }

  /// Unknown salts cost a derivation each: few are paid for in one window.
  private mutating func refillSaltBudget() {
    guard node.timeline.window != saltBudgetWindow else { return }
    saltBudgetWindow = node.timeline.window
    keys.refillDerivations()
  }

  /// A hint for the next start, written with whatever batch comes next.
  private mutating func remember(_ opened: Opened, _ incarnation: UInt32) {
    node.effects.records.append(.peerSalt) { out in
      out.u8(opened.sender.raw)
      out.u64(opened.salt)
      out.varint(UInt64(incarnation))
    }
  }

  private mutating func count(_ error: SecurityError) {
    switch error {
    case .tooShort: rejections.tooShort += 1
    case .unknownVersion: rejections.unknownVersion += 1
    case .unknownType: rejections.unknownType += 1
    case .notAMember: rejections.notAMember += 1
    case .ownFrame: rejections.ownFrame += 1
    case .wrongEpoch: rejections.wrongEpoch += 1
    case .unknownSalt: rejections.unknownSalt += 1
    case .replayed: rejections.replayed += 1
    case .badTag: rejections.badTag += 1
    case .staleStart: rejections.staleStart += 1
    case .tooLong, .unusableKey: rejections.malformed += 1
    }
  }

  package mutating func discardedWhileOff(_ count: Int) { rejections.radioOff += UInt64(count) }
}
