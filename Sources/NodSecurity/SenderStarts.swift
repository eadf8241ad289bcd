// What a receiver knows of one sender: the start it lives in, and the one that it may have begun since.

/// A start of a sender, as one receiver knows it. Its key is kept by the KeyRing.
struct SenderStart: Sendable {
  var salt: UInt64
  /// The number that the start gave itself; meaningful once confirmed.
  var incarnation: UInt32
  var window = ReplayWindow()
}

/// Invariant: incarnations only rise. `confirmed` is the newest start that an authentic frame has numbered;
/// `candidate`, a salt under which a frame was authentic but whose number is not known yet, carries no weight
/// until `confirm`. A recording of an old start can take the candidate's place, never the confirmed one's.
struct SenderStarts: Sendable {
  /// Salts tried in vain, per sender and refill: what a forger can make this node compute.
  static let derivationLimit = 4
  /// Salts of ended starts that are refused without work; older ones are refused once opened and numbered.
  private static let endedLimit = 4

  private(set) var confirmed: SenderStart?
  private(set) var candidate: SenderStart?
  private(set) var derivationsLeft = SenderStarts.derivationLimit
  private var ended = InlineArray<4, UInt64>(repeating: 0)
  private var endedCount = 0

  enum Place { case confirmed, candidate }

  func place(of salt: UInt64) -> Place? {
    if let confirmed, confirmed.salt == salt { return .confirmed }
    if let candidate, candidate.salt == salt { return .candidate }
    return nil
  }

  /// Known to belong to a start, or to a stretch of one, that is over.
  func isEnded(_ salt: UInt64) -> Bool {
    if let confirmed, let renewals = StartSalt.renewals(from: confirmed.salt, to: salt), renewals < 0 {
      return true
    }
    for i in 0..<min(endedCount, SenderStarts.endedLimit) where ended[i] == salt { return true }
    return false
  }

  /// The sender's present start went on under a further salt: newer for certain, and needs no number.
  func isRenewal(_ salt: UInt64) -> Bool {
    guard let confirmed, let renewals = StartSalt.renewals(from: confirmed.salt, to: salt) else {
      return false
    }
    return renewals > 0
  }

  mutating func refill() { derivationsLeft = SenderStarts.derivationLimit }
  mutating func spendDerivation() -> Bool {
    guard derivationsLeft > 0 else { return false }
    derivationsLeft -= 1
    return true
  }

  mutating func note(_ counter: UInt32, in place: Place) {
    switch place {
    case .confirmed: confirmed?.window.note(counter)
    case .candidate: candidate?.window.note(counter)
    }
  }

  mutating func nominate(_ salt: UInt64) {
    candidate = SenderStart(salt: salt, incarnation: 0)
  }
  mutating func renew(_ salt: UInt64) {
    guard let old = confirmed else { return }
    confirmed = SenderStart(salt: salt, incarnation: old.incarnation)
  }

  /// Numbers the candidate: it takes the confirmed one's place, or is refused under this number. The same start may
  /// come back with a higher one, if its member had lost its number and was told what others remember.
  ///
  /// - Returns: whether it is the newest start now.
  mutating func confirmCandidate(_ incarnation: UInt32) -> Bool {
    guard var start = candidate else { return false }
    candidate = nil
    if let confirmed, incarnation <= confirmed.incarnation { return false }
    if let confirmed { end(confirmed.salt) }
    start.incarnation = incarnation
    confirmed = start
    return true
  }

  /// The confirmed start has given itself a higher number: starts between the two are over as well.
  ///
  /// - Returns: whether it was higher.
  mutating func raise(_ incarnation: UInt32) -> Bool {
    guard let old = confirmed, incarnation > old.incarnation else { return false }
    confirmed?.incarnation = incarnation
    return true
  }

  /// A start known from an earlier run of this receiver. Its replay window begins empty: see Freshness.
  mutating func expect(_ salt: UInt64, _ incarnation: UInt32) -> Bool {
    if let confirmed, incarnation <= confirmed.incarnation { return false }
    if let confirmed { end(confirmed.salt) }
    if let candidate, candidate.salt == salt { self.candidate = nil }
    confirmed = SenderStart(salt: salt, incarnation: incarnation)
    return true
  }

  private mutating func end(_ salt: UInt64) {
    ended[endedCount % SenderStarts.endedLimit] = salt
    endedCount += 1
  }
}
