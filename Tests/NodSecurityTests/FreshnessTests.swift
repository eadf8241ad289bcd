// Fresh is more than unrepeated.
import NodCore
import Testing

@testable import NodSecurity

private let peer = NodeID(2)

@Test func aPeerIsFreshOnceItsPresentStartQuotedOurs() {
  var freshness = Freshness(ownSalt: 0xaaaa_bbbb_cccc_dddd)
  freshness.heard(peer, salt: 5, window: 10)
  #expect(!freshness.isFresh(peer))
  freshness.quoted(peer, salt: 5, quote: 0x1234)
  #expect(!freshness.isFresh(peer))
  freshness.quoted(peer, salt: 5, quote: 0xcccc_dddd)
  #expect(freshness.isFresh(peer))
  #expect(!freshness.isFresh(NodeID(3)))
}

@Test func aRestartedPeerMustQuoteAgain() {
  var freshness = Freshness(ownSalt: 9)
  freshness.heard(peer, salt: 5, window: 10)
  freshness.quoted(peer, salt: 5, quote: 9)
  freshness.heard(peer, salt: 6, window: 11)
  #expect(!freshness.isFresh(peer))
  freshness.quoted(peer, salt: 5, quote: 9)
  #expect(!freshness.isFresh(peer))
  freshness.quoted(peer, salt: 6, quote: 9)
  #expect(freshness.isFresh(peer))
}

@Test func whoIsNewOrAskedIsQuotedForAFewWindows() {
  var freshness = Freshness(ownSalt: 9)
  #expect(freshness.owedQuotes(window: 1).isEmpty)
  freshness.heard(peer, salt: 0x7_0000_0005, window: 10)
  #expect(freshness.owedQuotes(window: 10) == NodeSet(peer))
  #expect(freshness.quote(to: peer) == 5)
  #expect(freshness.owedQuotes(window: 14) == NodeSet(peer))
  #expect(freshness.owedQuotes(window: 15).isEmpty)
  freshness.heard(peer, salt: 0x7_0000_0005, window: 16)
  #expect(freshness.owedQuotes(window: 16).isEmpty)
  freshness.asked(peer, window: 17)
  #expect(freshness.owedQuotes(window: 17) == NodeSet(peer))
}
