// Which node a command speaks to, how long it waits, and in which form it answers: what every asking command
// has been told, whoever read the command line.
import NodCore

package struct NodeLink {
  /// Where a node listens that was not told otherwise.
  package static let usualSocket = "/run/nod/nod.sock"
  /// How long a command waits for an answer unless it is told otherwise.
  package static let usualPatience = Microseconds.seconds(30)
  /// The longest that it can be told to wait: a day.
  package static let longestPatience = 86_400.0

  package var path: String
  package var patience = usualPatience
  package var isJSON = false
  /// The options as they were given, for a command line that a person is told to type.
  package var asTyped = ""

  /// - Parameters: at most one of the two, as it was given.
  package init(socket: String?, directory: String?) throws(Trouble) {
    if let socket {
      path = socket
      asTyped = " --socket " + quoted(socket)
    } else if let directory {
      path = try nodeSocketPath(directory: directory)
      asTyped = " --node " + quoted(directory)
    } else {
      path = Console.environment("NOD_SOCKET") ?? Self.usualSocket
    }
  }

  package func connect() throws(Trouble) -> RESPClient { try RESPClient(path: path) }

  /// Asks one question; what the node refuses ends the command, with the node's own words.
  package func ask(_ words: [String]) throws(Trouble) -> RESPValue {
    try answer(from: try connect(), words)
  }

  package func answer(from client: RESPClient, _ words: [String]) throws(Trouble) -> RESPValue {
    let reply: RESPValue
    do throws(Trouble) {
      reply = try client.call(words, within: patience)
    } catch {
      guard error.status == .unknown else { throw error }
      throw Trouble(.unknown, error.what, "asking changes nothing: ask again, or wait longer with --timeout")
    }
    if case .failure(let text) = reply { throw refusal(text, by: client.path) }
    return reply
  }

  /// A question to the node, or to a member that it reaches over the radio.
  package static func question(_ word: String, _ rest: [String] = [], via: String?) -> [String] {
    ["NOD"] + (via.map { ["VIA", $0] } ?? []) + [word] + rest
  }

  /// Prints a reply in the form that was asked for.
  package func show(_ value: RESPValue) {
    if isJSON { return Console.put(jsonText(value)) }
    Console.put(reportLines(value, Style()))
  }
}

/// An error reply to a question.
package func refusal(_ text: String, by path: String) -> Trouble {
  let words = safe(text)
  if text.hasPrefix("TIMEOUT") {
    return Trouble(.unknown, words, "asking changes nothing: ask again; is there a quorum? nodctl status")
  }
  if isUnknownWord(text) {
    return Trouble(
      .unreachable, path + " does not know this command: " + words, "is this the socket of a nodd?",
      "an older agent does not know every question: nodctl status shows its version")
  }
  return Trouble(.negative, path + " refuses: " + words)
}

/// Whether an error reply says that the command is not known there.
package func isUnknownWord(_ text: String) -> Bool {
  let lower = text.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }
  return contains(lower, "unknown command") || contains(lower, "unknown subcommand")
}

private func contains(_ bytes: [UInt8], _ word: String) -> Bool {
  let word = Array(word.utf8)
  guard bytes.count >= word.count else { return false }
  for start in 0...(bytes.count - word.count) {
    if bytes[start..<start + word.count].elementsEqual(word) { return true }
  }
  return false
}

/// A word as a shell takes it back.
package func quoted(_ word: String) -> String {
  var isHarmless = !word.isEmpty
  for byte in word.utf8 {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      continue
    case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ":"),
      UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: "@"), UInt8(ascii: "%"):
      continue
    default: isHarmless = false
    }
  }
  if isHarmless { return word }
  var result = "'"
  for scalar in word.unicodeScalars {
    if scalar == "'" { result += "'\\''" } else { result.unicodeScalars.append(scalar) }
  }
  return result + "'"
}
