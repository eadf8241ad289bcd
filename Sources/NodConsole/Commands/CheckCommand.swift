// nodctl check: what `nodd --check` says. The agent alone knows every key that it reads, so it is the agent
// that is run, the one beside this program or the one in PATH.
import CBoard

package struct CheckCommand {
  package static var text: CommandText {
    CommandText(
      abstract: "Whether an agent would start with a configuration.",
      discussion: """
        Runs nodd --check: every file that the configuration names is read, and what is wrong is said with \
        file, line and key; so is a period that the radio's air time cannot carry. CONFIGURATION is a file, or \
        a directory with a nod.conf in it. Exits with 0 when nothing is wrong, with 1 when something is.

        Example:
          nodctl check farm/gate
        """)
  }

  package var configuration = "/etc/nod/nod.conf"

  package init() {}

  package func run() throws(Trouble) -> ExitStatus {
    var path = configuration
    let directory = path.withCString { board_directory_open($0) }
    if directory >= 0 {
      board_close(directory)
      path += path.utf8.last == UInt8(ascii: "/") ? "nod.conf" : "/nod.conf"
    }
    _ = path.withCString { board_become("nodd", "--check", "--config", $0) }
    throw Trouble(
      .unreachable, "there is no nodd beside this program, nor in PATH",
      "install the agent, or call it by its path: PATH/nodd --check --config " + quoted(path))
  }
}
