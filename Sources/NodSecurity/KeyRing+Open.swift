// A datagram comes in: header, membership, epoch, start, counter - all that is cheap - and then the cipher.
// The replay window moves only once the tag was verified.
import NodCore

/// An authentic frame that was not seen before.
package struct Opened: Hashable, Sendable {
  package let sender: NodeID
  /// Bytes of the body.
  package let count: Int
  /// The start of the sender that sealed it.
  package let salt: UInt64
  package let counter: UInt32
  /// The start's number is known to be the newest. If not, the frame may be a recording of an old start: it
  /// is to be used only after `confirm` took the incarnation that the frame itself tells, and dropped if it
  /// tells none.
  package let isConfirmed: Bool
}

extension KeyRing {
  /// Opens one frame of a peer.
  ///
  /// - Parameter plain: takes the body, and nothing unless the frame is authentic and new; not within
  ///   `datagram`.
  package mutating func open(
    _ datagram: Bytes, into plain: UnsafeMutableRawBufferPointer
  ) throws(SecurityError) -> Opened {
    let header = try FrameHeader(parsing: datagram)
    if header.sender == own { throw .ownFrame }
    guard header.sender.raw < NodeID.limit, members.contains(header.sender) else { throw .notAMember }
    guard header.epoch == UInt8(truncatingIfNeeded: epoch) else { throw .wrongEpoch }
    let bodyCount = datagram.count - header.byteCount - FrameHeader.tagByteCount
    guard bodyCount <= plain.count else { throw .tooLong }
    if let salt = header.salt { return try openSalted(header, salt, datagram, into: plain) }
    return try openOrdinary(header, datagram, into: plain)
  }

  /// After a frame was decoded: which start of its sender sealed it. An older one than is known is refused.
  ///
  /// - Parameter incarnation: the number of the start, as the frame's sealed body tells it.
  /// - Returns: whether this is news, worth remembering.
  package mutating func confirm(
    _ sender: NodeID, salt: UInt64, incarnation: UInt32
  ) throws(SecurityError) -> Bool {
    guard isPeer(sender) else { throw .notAMember }
    let starts = senders + Int(sender.raw)
    switch starts.pointee.place(of: salt) {
    case .confirmed: return starts.pointee.raise(incarnation)
    case .candidate:
      guard starts.pointee.confirmCandidate(incarnation) else { throw .staleStart }
      moveKey(sender, from: .candidate, to: .confirmed)
      return true
    case nil: throw starts.pointee.isEnded(salt) ? .staleStart : .unknownSalt
    }
  }

  /// Without a salt in the frame: the start that it lives in, then the one that it may have begun.
  private mutating func openOrdinary(
    _ header: FrameHeader, _ datagram: Bytes, into plain: UnsafeMutableRawBufferPointer
  ) throws(SecurityError) -> Opened {
    let starts = senders[Int(header.sender.raw)]
    guard starts.confirmed != nil || starts.candidate != nil else { throw .unknownSalt }
    var wasTried = false
    if let start = starts.confirmed, start.window.accepts(header.counter) {
      wasTried = true
      if let opened = attempt(header, start.salt, .confirmed, datagram, into: plain) { return opened }
    }
    if let start = starts.candidate, start.window.accepts(header.counter) {
      wasTried = true
      if let opened = attempt(header, start.salt, .candidate, datagram, into: plain) { return opened }
    }
    throw wasTried ? .badTag : .replayed
  }

  private mutating func openSalted(
    _ header: FrameHeader, _ salt: UInt64, _ datagram: Bytes, into plain: UnsafeMutableRawBufferPointer
  ) throws(SecurityError) -> Opened {
    let starts = senders + Int(header.sender.raw)
    if let place = starts.pointee.place(of: salt) {
      let window = place == .confirmed ? starts.pointee.confirmed?.window : starts.pointee.candidate?.window
      guard let window, window.accepts(header.counter) else { throw .replayed }
      guard let opened = attempt(header, salt, place, datagram, into: plain) else { throw .badTag }
      return opened
    }
    if starts.pointee.isEnded(salt) { throw .staleStart }
    guard starts.pointee.spendDerivation() else { throw .unknownSalt }
    return try openUnknown(header, salt, datagram, into: plain)
  }

  /// A salt never seen: its key is kept only if it opens the frame.
  private mutating func openUnknown(
    _ header: FrameHeader, _ salt: UInt64, _ datagram: Bytes, into plain: UnsafeMutableRawBufferPointer
  ) throws(SecurityError) -> Opened {
    let sender = header.sender
    let starts = senders + Int(sender.raw)
    secret.deriveFrameKey(sender: sender, salt: salt, into: key(sender, .trial))
    let nonce = Nonce(sender: sender, epoch: epoch, counter: header.counter)
    guard let count = SealedFrame.open(header, datagram, key: key(sender, .trial), nonce: nonce, into: plain)
    else {
      throw .badTag
    }
    let isRenewal = starts.pointee.isRenewal(salt)
    if isRenewal { starts.pointee.renew(salt) } else { starts.pointee.nominate(salt) }
    moveKey(sender, from: .trial, to: isRenewal ? .confirmed : .candidate)
    starts.pointee.note(header.counter, in: isRenewal ? .confirmed : .candidate)
    return Opened(
      sender: sender, count: count, salt: salt, counter: header.counter, isConfirmed: isRenewal)
  }

  private mutating func attempt(
    _ header: FrameHeader, _ salt: UInt64, _ place: SenderStarts.Place, _ datagram: Bytes,
    into plain: UnsafeMutableRawBufferPointer
  ) -> Opened? {
    let sender = header.sender
    let kept = key(sender, place == .confirmed ? .confirmed : .candidate)
    let nonce = Nonce(sender: sender, epoch: epoch, counter: header.counter)
    guard let count = SealedFrame.open(header, datagram, key: kept, nonce: nonce, into: plain) else {
      return nil
    }
    senders[Int(sender.raw)].note(header.counter, in: place)
    return Opened(
      sender: sender, count: count, salt: salt, counter: header.counter, isConfirmed: place == .confirmed)
  }
}
