// Which node a command speaks to, how long it waits, and in which form it answers: the options that every
// asking command shares.
import ArgumentParser
import Foundation

struct NodeOptions: ParsableArguments {
  /// Where a node listens that was not told otherwise.
  static let usualSocket = "/run/nod/nod.sock"

  @Option(help: ArgumentHelp("The node's Unix socket.", valueName: "path"))
  var socket: String?

  @Option(
    help: ArgumentHelp("A provisioned directory: the socket is read from its nod.conf.", valueName: "dir"))
  var node: String?

  @Option(help: ArgumentHelp("How long to wait for an answer.", valueName: "seconds"))
  var timeout: Double = 30

  @Flag(help: "Answer in JSON, one value a line.")
  var json = false

  func validate() throws {
    if socket != nil, node != nil { throw ValidationError("--socket and --node both name a node: give one.") }
    guard timeout > 0, timeout <= 86_400 else {
      throw ValidationError("--timeout \(Units.trimmed(timeout)): allowed is more than 0 to 86400 seconds.")
    }
  }

  var patience: Duration { .seconds(timeout) }

  func socketPath() throws -> String {
    if let socket { return socket }
    if let node { return try nodeSocketPath(directory: node) }
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["NOD_SOCKET"], !named.isEmpty { return named }
    return Self.usualSocket
  }

  func connect() throws -> RESPClient { try RESPClient(path: socketPath()) }

  /// Asks one question; what the node refuses ends the command, with the node's own words.
  func ask(_ words: String...) throws -> RESPValue {
    let client = try connect()
    return try answer(from: client, words.map { Array($0.utf8) })
  }

  func answer(from client: RESPClient, _ words: [[UInt8]]) throws -> RESPValue {
    let reply: RESPValue
    do {
      reply = try client.call(words, until: .now + patience)
    } catch let trouble as Trouble where trouble.status == .unknown {
      throw Trouble(
        .unknown, trouble.what, "asking changes nothing: ask again, or wait longer with --timeout")
    }
    if case .failure(let text) = reply { throw refusal(text, by: client.path) }
    return reply
  }

  /// The options as they were given, for a command line that a person is told to type.
  var asTyped: String {
    if let socket { return " --socket " + quoted(socket) }
    if let node { return " --node " + quoted(node) }
    return ""
  }

  /// Prints a reply in the form that was asked for.
  func show(_ value: RESPValue) {
    if json { return print(nodctl.json(value)) }
    for line in reportLines(value, Style()) { print(line) }
  }
}

/// An error reply to a question.
func refusal(_ text: String, by path: String) -> Trouble {
  let words = safe(text)
  if text.hasPrefix("TIMEOUT") {
    return Trouble(.unknown, words, "asking changes nothing: ask again; is there a quorum? nodctl status")
  }
  if text.lowercased().contains("unknown command") {
    return Trouble(
      .unreachable, "\(path) does not know this command: \(words)", "is this the socket of a nodd?")
  }
  return Trouble(.negative, "\(path) refuses: \(words)")
}

/// A word as a shell takes it back.
func quoted(_ word: String) -> String {
  let harmless = word.unicodeScalars.allSatisfy {
    $0.isASCII
      && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-./:=+,@%".unicodeScalars.contains($0))
  }
  if harmless, !word.isEmpty { return word }
  return "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
}
