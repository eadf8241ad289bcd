// nodctl get: one key's value; local at once, or linearizable at the price of a window.

package struct GetCommand {
  package static var text: CommandText {
    CommandText(
      abstract: "The value of a key.",
      discussion: """
        The node answers at once from what it has applied, which may be older than what the cluster has \
        decided. With --linearizable it first makes sure with a quorum that nothing newer was acknowledged \
        to anybody: that takes a window. Exits with 1 when the key is absent.

        Example:
          nodctl get valve/3 --linearizable
        """)
  }

  package var key: String
  package var isLinearizable = false

  package init(key: String) { self.key = key }

  package func run(_ link: NodeLink) throws(Trouble) -> ExitStatus {
    let value = try link.ask(isLinearizable ? ["NOD", "READ", key] : ["GET", key])
    if link.isJSON {
      Console.put(jsonText([.init(key: "key", value: .text(key)), .init(key: "value", value: value)]))
    } else if value == RESPValue.none {
      Console.complain("nodctl: no key " + safe(key))
    } else if case .text(let bytes) = value, !Style().isTerminal {
      // As they are; a terminal could be steered by some of them.
      Console.write(bytes + [UInt8(ascii: "\n")])
    } else {
      Console.put(plainText(value))
    }
    return value == RESPValue.none ? .negative : .done
  }
}
