// Which version of the software this is, for people and for the other members.

package enum Version {
  package static let text = "0.1.0"
  /// The same in 16 bits: major << 12 | minor << 6 | patch.
  package static let packed: UInt16 = 0 << 12 | 1 << 6 | 0

  package static func text(_ packed: UInt16) -> String? {
    packed == 0 ? nil : "\(packed >> 12).\(packed >> 6 & 63).\(packed & 63)"
  }
}
