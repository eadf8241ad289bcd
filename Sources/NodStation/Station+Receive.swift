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
      reject(rejection(error), datagram, now)
      return
    }
    witness.opened(opened.sender)
    let body = Bytes(start: plain.baseAddress, count: opened.count)
    let frame: Frame
    do throws(FrameError) {
      frame = try Frame(decoding: body, from: opened.sender)
    } catch {
      reject(.malformed, datagram, now)
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
        reject(rejection(error), datagram, now)
        return
      }
    } else if !opened.isConfirmed {
      // It may be a recording of an old start: it does not say which one it is.
      reject(.staleStart, datagram, now)
      return
    }
    noteHeard(frame, opened, datagram.count, now)
    let onAir = profile.airTime(datagram.count)
    node.heard(frame, senderSalt: opened.salt, counter: opened.counter, startedAt: now - onAir, now: now)
    look(now)
    tellIfAsked(now)
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

  private func rejection(_ error: SecurityError) -> Rejection {
    switch error {
    case .tooShort: .tooShort
    case .unknownVersion: .unknownVersion
    case .unknownType: .unknownType
    case .notAMember: .notAMember
    case .ownFrame: .ownFrame
    case .wrongEpoch: .wrongEpoch
    case .unknownSalt: .unknownSalt
    case .replayed: .replayed
    case .badTag: .badTag
    case .staleStart: .staleStart
    case .tooLong, .unusableKey: .malformed
    }
  }

  private mutating func reject(_ why: Rejection, _ datagram: Bytes, _ now: LocalTime) {
    rejections.count(why)
    let sender = datagram.count > 1 ? datagram[1] : 0
    if why.isOfAStranger { witness.noteStranger(sender, why, at: now) }
    guard witness.events.isKept else { return }
    var event = event(.rejected, now)
    event.detail = why.rawValue
    event.member = sender
    event.size = UInt16(clamping: datagram.count)
    witness.events.note(event)
  }

  private mutating func noteHeard(_ frame: Frame, _ opened: Opened, _ size: Int, _ now: LocalTime) {
    guard witness.events.isKept else { return }
    var event = event(.heard, now)
    event.member = opened.sender.raw
    event.number = frameNumber(salt: opened.salt, counter: opened.counter)
    event.says = frame.kinds
    event.size = UInt16(clamping: size)
    witness.events.note(event)
  }

  /// Sender and number of a frame that is not opened; nil when its start is not known.
  func frame(in datagram: Bytes) -> (sender: UInt8, number: UInt64)? {
    guard let header = try? FrameHeader(parsing: datagram),
      let salt = header.salt ?? keys.start(of: header.sender)?.salt
    else { return nil }
    return (header.sender.raw, frameNumber(salt: salt, counter: header.counter))
  }

  package mutating func discardedWhileOff(_ count: Int) { rejections.radioOff += UInt64(count) }
}
