// nodctl peers: what the node knows of every member.
import ArgumentParser

extension Nodctl {
  struct Peers: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What the node knows of every member: when heard, how well, how far.",
      discussion: """
        One row a member; the columns are the node's own fields. Asleep is not down: a member that is \
        expected in a later window is well.

        Example:
          nodctl peers --node farm/gate
        """)

    @OptionGroup var node: NodeOptions

    func run() throws { node.show(try node.ask("NOD", "PEERS")) }
  }
}
