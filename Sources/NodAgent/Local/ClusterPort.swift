// What the local interface needs from the cluster behind it. The agent implements it; tests put a model in
// its place.
import NodCore

/// Whether the cluster took a request. The answer to an accepted one comes later, by its ticket.
package enum SubmitVerdict {
  case accepted
  /// Not taken and without any effect; it may be repeated. `retryAfterMilliseconds` is 0 when nobody can
  /// tell.
  case busy(StaticString, retryAfterMilliseconds: UInt32)
  /// Not taken and without any effect; repeating it will not help.
  case refused(StaticString)
}

/// One key as seen by a local read.
package struct StoredValue {
  /// Borrowed for the call.
  package var bytes: Bytes
  /// Log index of the key's last write.
  package var modifiedAt: LogIndex
  /// Milliseconds until it expires; nil when it does not.
  package var expiresInMilliseconds: Int64?
  package init(bytes: Bytes, modifiedAt: LogIndex, expiresInMilliseconds: Int64?) {
    self.bytes = bytes
    self.modifiedAt = modifiedAt
    self.expiresInMilliseconds = expiresInMilliseconds
  }
}

/// What `INFO` and the `NOD` words show of the agent.
package enum ReportKind {
  /// Sections of `key:value` lines, as Redis writes them; `section` is empty for all of them. Written with
  /// `text`.
  case info(section: Bytes)
  /// One map.
  case status
  /// One array of maps.
  case peers
  /// One array of maps: who hears whom how well, a map for each listener.
  case links
  /// One array of maps: `count` entries beginning at `from`, or the last `count` when `from` is nil.
  case log(from: LogIndex?, count: Int)
  /// One map: events from number `since` on, or the last `count` when it is nil.
  case trace(since: UInt64?, count: Int)
  /// What another member told over the radio, for the caller of this ticket.
  case told(Ticket)
  /// One array of maps.
  case hooks
  /// Text in Prometheus's form; written with `text`.
  case metrics
}

/// The cluster as its local clients use it.
///
/// Answers never come out of these calls: the agent gives them to `completed`, `readReady` and `readFailed`.
///
/// **Order.** Commands accepted from this agent must take effect in the order in which they were submitted.
/// That is what makes the writes of one connection take effect in the order sent.
package protocol ClusterPort: ~Copyable {
  /// Takes a write (`RegistryCommand` encoding, borrowed). With `token` nil the cluster names the command
  /// itself.
  mutating func submit(_ command: Bytes, token: CommandToken?, ticket: Ticket) -> SubmitVerdict
  /// Asks for a linearizable read point: a moment after this call up to which everything decided is applied
  /// here.
  mutating func requestRead(ticket: Ticket) -> SubmitVerdict
  /// Puts a question to another member over the radio: its name or slot, borrowed.
  mutating func ask(_ member: Bytes, _ question: ViaQuestion, _ argument: UInt64, ticket: Ticket)
    -> SubmitVerdict
  /// The client that this write is for reads behind it: nothing later is to be applied before its outcome was given
  /// to `completed`.
  mutating func readsFollow(_ ticket: Ticket)
  /// The caller is gone or waits no longer: no answer is wanted for this ticket.
  ///
  /// - Returns: the token under which the command was sent; nil when it was never sent and has no effect.
  mutating func abandon(_ ticket: Ticket) -> CommandToken?
  /// A token for a write that its caller may repeat, at any node.
  mutating func newToken() -> CommandToken
  /// The key's value at this node as of now; nil when it is absent or expired.
  func withValue<Result>(_ key: Bytes, _ body: (StoredValue) -> Result) -> Result?
  /// Visits about `limit` keys from `cursor` on, in an order that lets a scan survive changes between its
  /// calls.
  ///
  /// - Returns: the cursor to go on from; 0 when the scan is complete.
  func scan(from cursor: UInt64, limit: Int, _ visit: (Bytes) -> Void) -> UInt64
  var keyCount: Int { get }
  mutating func report(_ kind: ReportKind, into reply: inout ReplyWriter)
}
