// nodctl get: one key's value; local at once, or linearizable at the price of a window.
import ArgumentParser
import Foundation

extension Nodctl {
  struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The value of a key.",
      discussion: """
        The node answers at once from what it has applied, which may be older than what the cluster has \
        decided. With --linearizable it first makes sure with a quorum that nothing newer was acknowledged \
        to anybody: that takes a window. Exits with 1 when the key is absent.

        Example:
          nodctl get valve/3 --linearizable
        """)

    @Argument(help: "The key.")
    var key: String

    @OptionGroup var node: NodeOptions

    @Flag(help: "Confirm with a quorum that the value is the newest.")
    var linearizable = false

    func run() throws {
      let value = try linearizable ? node.ask("NOD", "READ", key) : node.ask("GET", key)
      if node.json {
        print(nodctl.json([.init(key: "key", value: .text(key)), .init(key: "value", value: value)]))
      } else if value == .none {
        complain("nodctl: no key \(safe(key))")
      } else {
        show(value)
      }
      if value == .none { throw finish(.negative) }
    }

    /// The bytes as they are, except on a terminal, which some of them could steer.
    private func show(_ value: RESPValue) {
      guard case .text(let bytes) = value, !Style().isTerminal else { return print(plainText(value)) }
      FileHandle.standardOutput.write(Data(bytes + [UInt8(ascii: "\n")]))
    }
  }
}
