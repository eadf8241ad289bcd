// A radio, as much of it as an agent needs. What arrives while it is off is lost, on every kind of it: a
// test on loopback pays for sleep just as a radio does.
import NodCore

package protocol Radio: ~Copyable {
  associatedtype Failure: Error

  /// Readable when something may have arrived. Its owner need not watch it while the radio is off.
  var descriptor: Int32 { get }
  var isOn: Bool { get }
  var figures: RadioFigures { get }

  /// Turns the receiver on or off. Sending is possible in both states: it is the sender's own moment.
  mutating func turn(on: Bool) throws(Failure)
  /// Takes one datagram that has arrived, without waiting.
  /// - Returns: its size in bytes, nil when there is none (now, or for this call's share of work).
  mutating func receive(into buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int?
  /// Sends one datagram to all who listen. That it was heard by nobody is no failure.
  mutating func transmit(_ datagram: Bytes) throws(Failure)
  /// Loses what has arrived and was not taken.
  mutating func discardPending() throws(Failure)
}

/// What went through a radio since the start.
package struct RadioFigures: Equatable, Sendable {
  /// Frames sent, each counted once however many peers it went to.
  package var framesSent: UInt64 = 0
  package var bytesSent: UInt64 = 0
  /// Datagrams handed to the network for them: on a list of peers, one for each.
  package var datagramsSent: UInt64 = 0
  /// Datagrams that the network refused: no route, no room. A radio would not have noticed.
  package var sendFailures: UInt64 = 0
  /// Frames handed to the agent.
  package var framesReceived: UInt64 = 0
  package var bytesReceived: UInt64 = 0
  /// Thrown away on purpose, for `drop_percent`.
  package var framesDropped: UInt64 = 0
  /// Larger than the buffer, so no frame of ours.
  package var oversized: UInt64 = 0
  /// Lost because the radio was off when they arrived.
  package var framesMissed: UInt64 = 0

  package init() {}
}
