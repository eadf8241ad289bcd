// nodctl del: removes keys.
import ArgumentParser

extension Nodctl {
  struct Del: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove keys.",
      discussion: """
        Prints how many were there. Exits with 1 when none was, or when the value was another one than \
        --if-equal names: so the holder of a lock gives back his own lock, and nobody else's.

        Examples:
          nodctl del valve/3 valve/4
          nodctl del lock/modem --if-equal gate
        """)

    @Argument(help: "The keys.")
    var keys: [String]

    @OptionGroup var node: NodeOptions
    @OptionGroup var change: ChangeOptions

    @Option(help: ArgumentHelp("Only if the key has this value now; one key.", valueName: "value"))
    var ifEqual: String?

    func validate() throws {
      if keys.isEmpty { throw ValidationError("Which keys?") }
      if ifEqual != nil, keys.count > 1 { throw ValidationError("--if-equal goes with one key.") }
    }

    func run() throws {
      let words = ifEqual.map { ["DELEX", keys[0], "IFEQ", $0] } ?? ["DEL"] + keys
      let outcome = try Change(
        options: node, words: words.map { Array($0.utf8) }, givenToken: change.token, asTyped: asTyped
      ).make()
      guard case .integer(let count) = outcome.reply else {
        throw Trouble(.unknown, "the node answers '\(plainText(outcome.reply))' instead of a number")
      }
      if node.json {
        print(
          nodctl.json([
            .init(key: "removed", value: .integer(count)),
            .init(key: "index", value: outcome.index.map(RESPValue.integer) ?? .none),
          ]))
      } else {
        print("\(count) removed" + (outcome.index.map { ", at log index \($0)" } ?? ""))
      }
      if count == 0 { throw finish(.negative) }
    }

    private var asTyped: String {
      let line = "nodctl del \(keys.map(quoted).joined(separator: " "))\(node.asTyped)"
      return ifEqual.map { line + " --if-equal \(quoted($0))" } ?? line
    }
  }
}
