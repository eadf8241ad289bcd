// nodctl set: gives a key a value, on conditions if wanted, and says where in the log that stands.

package struct SetCommand {
  package static var text: CommandText {
    CommandText(
      abstract: "Give a key a value.",
      discussion: """
        Prints the log index of the change: a number that grows with every change in the cluster, fit as a \
        fencing token. Exits with 1 when a condition was not met, with 5 when no answer came in time: then \
        the command prints itself with a token, and repeating that line is safe at any node.

        Examples:
          nodctl set valve/3 open
          nodctl set lock/modem gate --nx --ttl-ms 60000
          nodctl set schedule night --if-equal day
        """)
  }

  package var key: String
  package var value: String
  /// The token of an earlier try.
  package var token: String?
  /// Only if the key is absent.
  package var isNew = false
  /// Only if the key is there.
  package var isPresent = false
  /// Only if the key has this value now.
  package var ifEqual: String?
  /// The key vanishes after so many milliseconds of cluster time.
  package var lifetime: UInt64?

  package init(key: String, value: String) {
    self.key = key
    self.value = value
  }

  /// What is wrong with the options; nil when nothing is.
  package var fault: String? {
    var conditions: [String] = []
    if isNew { conditions.append("--nx") }
    if isPresent { conditions.append("--xx") }
    if ifEqual != nil { conditions.append("--if-equal") }
    if conditions.count > 1 { return joined(conditions, " and ") + " exclude each other: give one." }
    return lifetime == 0 ? "--ttl-ms 0: allowed is 1 or more; to remove a key: nodctl del" : nil
  }

  package func run(_ link: NodeLink) throws(Trouble) -> ExitStatus {
    let outcome = try Change(link: link, words: words, givenToken: token, asTyped: asTyped(link)).make()
    let isDone = outcome.reply != RESPValue.none
    if link.isJSON {
      Console.put(
        jsonText([
          .init(key: "key", value: .text(key)), .init(key: "done", value: .boolean(isDone)),
          .init(key: "index", value: isDone ? outcome.indexValue : RESPValue.none),
        ]))
    } else if isDone {
      Console.put(outcome.index.map { "done, at log index " + String($0) } ?? "done")
    } else {
      Console.complain("nodctl: not set: " + condition)
    }
    return isDone ? .done : .negative
  }

  private var condition: String {
    if isNew { return safe(key) + " exists" }
    if isPresent { return safe(key) + " does not exist" }
    if let ifEqual { return safe(key) + " is not '" + safe(ifEqual) + "'" }
    return "the node gives no reason"
  }

  private var words: [String] {
    var words = ["SET", key, value]
    if isNew { words.append("NX") }
    if isPresent { words.append("XX") }
    if let ifEqual { words += ["IFEQ", ifEqual] }
    if let lifetime { words += ["PX", String(lifetime)] }
    return words
  }

  private func asTyped(_ link: NodeLink) -> String {
    var line = "nodctl set " + quoted(key) + " " + quoted(value) + link.asTyped
    if isNew { line += " --nx" }
    if isPresent { line += " --xx" }
    if let ifEqual { line += " --if-equal " + quoted(ifEqual) }
    if let lifetime { line += " --ttl-ms " + String(lifetime) }
    return line
  }
}
