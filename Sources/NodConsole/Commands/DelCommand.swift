// nodctl del: removes keys.

package struct DelCommand {
  package static var text: CommandText {
    CommandText(
      abstract: "Remove keys.",
      discussion: """
        Prints how many were there. Exits with 1 when none was, or when the value was another one than \
        --if-equal names: so the holder of a lock gives back his own lock, and nobody else's.

        Examples:
          nodctl del valve/3 valve/4
          nodctl del lock/modem --if-equal gate
        """)
  }

  package var keys: [String]
  package var token: String?
  /// Only if the key has this value now; one key.
  package var ifEqual: String?

  package init(keys: [String]) { self.keys = keys }

  /// What is wrong with the options; nil when nothing is.
  package var fault: String? {
    if keys.isEmpty { return "Which keys?" }
    return ifEqual != nil && keys.count > 1 ? "--if-equal goes with one key." : nil
  }

  package func run(_ link: NodeLink) throws(Trouble) -> ExitStatus {
    let words = ifEqual.map { ["DELEX", keys[0], "IFEQ", $0] } ?? ["DEL"] + keys
    let outcome = try Change(link: link, words: words, givenToken: token, asTyped: asTyped(link)).make()
    guard let count = outcome.reply.integer else {
      throw Trouble(.unknown, "the node answers '" + plainText(outcome.reply) + "' instead of a number")
    }
    if link.isJSON {
      Console.put(
        jsonText([
          .init(key: "removed", value: .integer(count)), .init(key: "index", value: outcome.indexValue),
        ]))
    } else {
      Console.put(
        String(count) + " removed" + (outcome.index.map { ", at log index " + String($0) } ?? ""))
    }
    return count == 0 ? .negative : .done
  }

  private func asTyped(_ link: NodeLink) -> String {
    let line = "nodctl del " + joined(keys.map { quoted($0) }, " ") + link.asTyped
    return ifEqual.map { line + " --if-equal " + quoted($0) } ?? line
  }
}
