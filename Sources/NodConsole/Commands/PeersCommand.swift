// nodctl peers: what the node knows of every member.

package struct PeersCommand {
  package static var text: CommandText {
    CommandText(
      abstract: "What the node knows of every member: when heard, how well, how far.",
      discussion: """
        One row a member; the columns are the node's own fields. Asleep is not down: a member that is \
        expected in a later window is well.

        Example:
          nodctl peers --node farm/gate
        """)
  }

  package init() {}

  package func run(_ link: NodeLink) throws(Trouble) -> ExitStatus {
    link.show(try link.ask(["NOD", "PEERS"]))
    return .done
  }
}
