// Fresh is more than unrepeated. A receiver that just started has empty replay windows: yesterday's frames of
// a peer's present start would pass. So what is not merged by maximum - time, presence, reads, elections - is
// taken only from a peer that has quoted something this receiver made since it started: its own start salt.
import NodCore

/// Who is fresh, and whom to quote so that this node becomes fresh to it.
///
/// Invariant: a start of a peer is fresh only if a frame sealed under it quoted `ownSalt`; another start of
/// the same peer is not. What a recording quotes is an earlier salt of this node, so it makes nobody fresh.
package struct Freshness: Sendable {
  /// A peer is quoted for so many windows after it was new or asked; if it is still not served, it asks
  /// again.
  package static let quotedWindows: UInt32 = 4

  private let ownQuote: UInt32
  private var peers = InlineArray<31, PeerStart>(repeating: PeerStart())

  private struct PeerStart: Sendable {
    var salt: UInt64 = 0
    var freshSalt: UInt64 = 0
    var wantsQuote = false
    var wantedAt: UInt32 = 0
  }

  /// - Parameter ownSalt: the salt of this start; its low 32 bits are what peers quote, and outlast a
  ///   renewal.
  package init(ownSalt: UInt64) {
    ownQuote = UInt32(truncatingIfNeeded: ownSalt)
  }

  /// An authentic frame of this start of the peer came. A start not seen before is to be quoted.
  package mutating func heard(_ peer: NodeID, salt: UInt64, window: UInt32) {
    guard peer.raw < NodeID.limit, salt != peers[Int(peer.raw)].salt else { return }
    peers[Int(peer.raw)].salt = salt
    asked(peer, window: window)
  }

  /// The peer says that it is not fresh to somebody: it is quoted again.
  package mutating func asked(_ peer: NodeID, window: UInt32) {
    guard peer.raw < NodeID.limit else { return }
    peers[Int(peer.raw)].wantsQuote = true
    peers[Int(peer.raw)].wantedAt = window
  }

  /// A frame of the peer, sealed under `salt`, quotes this as this node's salt.
  package mutating func quoted(_ peer: NodeID, salt: UInt64, quote: UInt32) {
    guard peer.raw < NodeID.limit, quote == ownQuote else { return }
    peers[Int(peer.raw)].freshSalt = salt
  }

  package func isFresh(_ peer: NodeID) -> Bool {
    guard peer.raw < NodeID.limit else { return false }
    let start = peers[Int(peer.raw)]
    return start.salt != 0 && start.salt == start.freshSalt
  }

  /// Whom the frames of this window are to quote.
  package func owedQuotes(window: UInt32) -> NodeSet {
    var owed = NodeSet()
    for slot in peers.indices {
      let start = peers[slot]
      if start.wantsQuote, start.salt != 0, window &- start.wantedAt <= Freshness.quotedWindows {
        owed.insert(NodeID(UInt8(slot)))
      }
    }
    return owed
  }

  /// What to quote to a peer.
  package func quote(to peer: NodeID) -> UInt32 {
    peer.raw < NodeID.limit ? UInt32(truncatingIfNeeded: peers[Int(peer.raw)].salt) : 0
  }
}
