// How much the local interface may take: connections, bytes, waiting requests. All of it is reserved at
// start, and every refusal names one of these numbers.
import NodCore

/// The bounds of the local interface. Memory for all of them is taken once; pages are touched when first
/// used.
package struct LocalLimits: Sendable {
  /// Connections at once; one more is told so and closed.
  package var connections = 64
  /// Bytes of requests a connection may have on their way; a larger legal command borrows a large buffer.
  package var inputBytes = 16 << 10
  /// Bytes of replies that wait for a client to read them.
  package var outputBytes = 64 << 10
  package var keyBytes = 128
  package var valueBytes = 4096
  /// Buffers for commands larger than `inputBytes`, shared by all connections.
  package var largeBuffers = 4
  /// Arguments of one command.
  package var arguments = 1024
  /// Bytes of one command in inline form (typed by a person).
  package var inlineBytes = 4096
  /// Requests of one connection that wait for the cluster.
  package var outstandingPerConnection = 1024
  /// The same over all connections.
  package var outstanding = 4096
  /// Old values (SET ... GET) that wait for an earlier reply of their connection.
  package var heldValues = 8
  /// Channels and patterns subscribed to, over all connections.
  package var subscriptions = 256
  /// How long a caller waits for the cluster.
  package var timeout = Microseconds.seconds(10)
  /// How long replies may fill the output of a client that takes none of them.
  package var outputPatience = Microseconds.seconds(2)
  /// How long a refused client's remaining bytes are thrown away before the connection is cut.
  package var lingering = Microseconds.milliseconds(500)

  package init() {}

  /// The largest legal command: `NOD WITH token SET key value IFEQ value` with everything at its limit.
  package var commandBytes: Int { max(inputBytes, keyBytes + 2 * valueBytes + 512) }
  /// The longest channel name: `__keyspace@0__:` and a key, or a pattern of that size.
  package var channelBytes: Int { keyBytes + 64 }
  /// What must be free in the output before a command is looked at: any reply of a single value fits.
  package var replyReserve: Int { valueBytes + 512 }

  /// The same with every number within what the implementation can hold.
  package var clamped: LocalLimits {
    var limits = self
    limits.connections = min(max(connections, 1), 1024)
    limits.keyBytes = min(max(keyBytes, 1), 64 << 10)
    limits.valueBytes = min(max(valueBytes, 1), 1 << 20)
    limits.inputBytes = min(max(inputBytes, 1024), 1 << 20)
    limits.inlineBytes = min(max(inlineBytes, 64), limits.inputBytes)
    limits.outputBytes = min(max(outputBytes, 2 * limits.replyReserve + 4096), 64 << 20)
    limits.largeBuffers = min(max(largeBuffers, 1), 64)
    limits.arguments = min(max(arguments, 16), 65_536)
    limits.outstandingPerConnection = min(max(outstandingPerConnection, 1), 65_536)
    limits.outstanding = min(max(outstanding, 1), 65_536)
    limits.heldValues = min(max(heldValues, 1), 255)
    limits.subscriptions = min(max(subscriptions, 1), 65_536)
    return limits
  }
}
