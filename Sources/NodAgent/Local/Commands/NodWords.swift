// What Redis has no word for: linearizable reads, tokens for safe retries, fencing, and how the cluster is
// doing. NOD READ and NOD WITH go to the cluster and are prepared with the writes.
import NodCore

/// What HELLO calls the server's version.
package let nodVersion: StaticString = "0.1.0"

extension Clients {
  private static var logCountByDefault: Int { 10 }
  /// Entries that one NOD LOG shows at most.
  private static var logCountLimit: Int64 { 1_000 }
  private static var traceCountByDefault: Int { 100 }
  /// Events that one NOD TRACE shows at most; what does not fit the connection's output is left for the next.
  private static var traceCountLimit: Int64 { 1_024 }

  mutating func answerNod<P: ClusterPort & ~Copyable>(
    _ slot: Int, _ writer: inout ReplyWriter, _ port: inout P
  ) throws(RequestError) {
    let word = arguments[1]
    switch arguments.count {
    case 2 where word.isWord("STATUS"): port.report(.status, into: &writer)
    case 2 where word.isWord("PEERS"): port.report(.peers, into: &writer)
    case 2 where word.isWord("LINKS"): port.report(.links, into: &writer)
    case 2...4 where word.isWord("LOG"): try log(&writer, &port)
    case 2...4 where word.isWord("TRACE"): try trace(&writer, &port)
    case 2 where word.isWord("HOOKS"): port.report(.hooks, into: &writer)
    case 2 where word.isWord("METRICS"):
      let mark = writer.mark()
      port.report(.metrics, into: &writer)
      writeMetrics(&writer)
      writer.closeBulk(mark)
    case 2 where word.isWord("TOKEN"):
      let mark = writer.mark()
      writer.token(port.newToken())
      writer.closeBulk(mark)
    case 2 where word.isWord("INDEX"): writer.integer(connections[slot].lastWrite.raw)
    case 3 where word.isWord("VERSION"):
      let index = port.withValue(arguments[2]) { $0.modifiedAt }
      if let index { writer.integer(index.raw) } else { writer.null() }
    case 2 where word.isWord("HELP"): help(&writer)
    default: throw .unknownSubcommand
    }
  }

  /// NOD LOG [from [count]]
  private func log<P: ClusterPort & ~Copyable>(
    _ writer: inout ReplyWriter, _ port: inout P
  ) throws(RequestError) {
    let wanted = try span(countByDefault: Self.logCountByDefault, limit: Self.logCountLimit)
    port.report(.log(from: wanted.from.map { LogIndex($0) }, count: wanted.count), into: &writer)
  }

  /// NOD TRACE [since [count]]
  private func trace<P: ClusterPort & ~Copyable>(
    _ writer: inout ReplyWriter, _ port: inout P
  ) throws(RequestError) {
    let wanted = try span(countByDefault: Self.traceCountByDefault, limit: Self.traceCountLimit)
    port.report(.trace(since: wanted.from, count: wanted.count), into: &writer)
  }

  /// The arguments `[from [count]]` behind a word.
  private func span(countByDefault: Int, limit: Int64) throws(RequestError) -> (from: UInt64?, count: Int) {
    var span = (from: UInt64?.none, count: countByDefault)
    if arguments.count > 2 {
      guard let from = arguments[2].unsignedDecimal else { throw .notAnInteger }
      span.from = from
    }
    if arguments.count > 3 {
      let wanted = try number(3)
      guard wanted > 0 else { throw .notAnInteger }
      span.count = Int(min(wanted, limit))
    }
    return span
  }

  private func help(_ writer: inout ReplyWriter) {
    writer.array(15)
    writer.simple("NOD <word> [arguments]. Words:")
    writer.simple("STATUS: this node: role, ballot, indices, window, air time, energy.")
    writer.simple("PEERS: the members as this node sees them.")
    writer.simple("LINKS: who hears whom how well, as each member last said.")
    writer.simple("LOG [from [count]]: entries of the log, the last ten by default.")
    writer.simple("TRACE [since [count]]: what happened here lately, event by event.")
    writer.simple("VIA member STATUS | PEERS | LOG [from]: the same of another member, asked over the radio.")
    writer.simple("HOOKS: the programs that are run, and what came of them.")
    writer.simple("METRICS: figures in Prometheus's form.")
    writer.simple("READ key: linearizable GET; waits for the cluster.")
    writer.simple("TOKEN: a token for a write that may have to be repeated.")
    writer.simple(
      "WITH token command...: the write under this token; repeat it at any node, it is applied once.")
    writer.simple("INDEX: log index of this connection's last acknowledged write, a fencing token.")
    writer.simple("VERSION key: log index of the key's last write, as this node knows it.")
    writer.simple("HELP: this.")
  }

  /// INFO [section ...]: the agent's sections, then the local interface's own.
  func info<P: ClusterPort & ~Copyable>(_ writer: inout ReplyWriter, _ port: inout P) {
    let mark = writer.mark()
    for at in 1..<max(2, arguments.count) {
      let section = at < arguments.count ? arguments[at] : noBytes
      let isEverything =
        section.count == 0 || section.isWord("ALL") || section.isWord("DEFAULT")
        || section.isWord("EVERYTHING")
      port.report(.info(section: isEverything ? noBytes : section), into: &writer)
      if isEverything || section.isWord("CLIENTS") { clientSection(&writer) }
    }
    writer.closeText(mark)
  }

  private func clientSection(_ writer: inout ReplyWriter) {
    writer.text("# Clients\r\n")
    writer.line("connected_clients", UInt64(connectionCount))
    writer.line("maxclients", UInt64(limits.connections))
    writer.line("waiting_requests", UInt64(waiting.count))
    writer.line("pubsub_subscriptions", UInt64(subscriptions.count))
    writer.line("total_connections_received", counters.accepted)
    writer.line("rejected_connections", counters.turnedAway)
    writer.line("total_commands_processed", counters.commands)
    writer.line("total_writes_submitted", counters.writesSubmitted)
    writer.line("total_busy_replies", counters.refusedBusy)
    writer.line("total_timeouts", counters.timedOut)
    writer.line("total_protocol_errors", counters.protocolErrors)
    writer.line("client_output_buffer_limit_disconnections", counters.droppedUnread)
    writer.line("total_messages_published", counters.messagesPublished)
    writer.line("total_net_input_bytes", counters.bytesIn)
    writer.line("total_net_output_bytes", counters.bytesOut)
  }
}

extension ReplyWriter {
  /// One `name:value` line of an INFO section.
  package mutating func line(_ name: StaticString, _ value: UInt64) {
    text(name)
    text(":")
    number(value)
    endLine()
  }
  package mutating func line(_ name: StaticString, _ value: StaticString) {
    text(name)
    text(":")
    text(value)
    endLine()
  }
}
