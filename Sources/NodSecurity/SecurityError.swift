// Why a datagram was not opened. Each is counted by the station and none is answered: whoever sends rubbish
// learns nothing and costs bounded work.

package enum SecurityError: UInt8, Error, Hashable, Sendable, CaseIterable {
  /// Fewer bytes than a header and a tag take.
  case tooShort
  /// More bytes than the receiver has room for.
  case tooLong
  case unknownVersion
  case unknownType
  case notAMember
  /// Sealed, it seems, by this very node: an echo, or a forgery.
  case ownFrame
  case wrongEpoch
  /// An ordinary frame of a start that this node knows nothing of; or a salted one after too many unknown
  /// salts.
  case unknownSalt
  /// The counter was seen before, or lies too far back to say.
  case replayed
  /// Changed on its way, or sealed under another key or roster.
  case badTag
  /// Of a start of the sender that a later one has ended.
  case staleStart
  /// A key of the wrong length, or one that no honest key generator makes.
  case unusableKey
}
