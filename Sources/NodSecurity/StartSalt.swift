// The number by which a start of a node is told from all its others. Drawn at random when the node starts;
// should its 32-bit counter ever run out, the node goes on under the salt's successor instead of drawing
// again, so that receivers can tell the newer from the older without being told.

package enum StartSalt {
  /// The low half names the start and stays; the high half counts its renewals.
  package static func successor(of salt: UInt64) -> UInt64 { salt &+ 1 << 32 }

  /// How many renewals `salt` is past `other`, negative if it is before; nil if they are of different starts.
  static func renewals(from other: UInt64, to salt: UInt64) -> Int? {
    guard UInt32(truncatingIfNeeded: salt) == UInt32(truncatingIfNeeded: other) else { return nil }
    let apart = Int32(truncatingIfNeeded: (salt &- other) >> 32)
    return apart.magnitude <= renewalLimit ? Int(apart) : nil
  }

  /// More renewals than a start can live to see: salts further apart agree in their low half by chance.
  private static let renewalLimit: UInt32 = 1 << 15
}
