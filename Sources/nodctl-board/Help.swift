// Help of the small nodctl. What a command is for and its example come from NodConsole; only the options are
// listed here, for there is no argument parser that would know them.
import NodConsole

enum Help {
  static var all: String {
    var text = """
      nodctl, for a board: ask its node, change keys. The workstation's nodctl has more commands.

      Usage: nodctl COMMAND [OPTION...]

      """
    for command in Command.allCases {
      text += "  " + pad(command.name, 8, false) + Help.text(command).abstract + "\n"
    }
    return text + """
      Each has --help with an example; --version says which nodctl this is.

      Exit codes: 0 done; 1 the answer is no (key absent, condition not met, refused); 2 usage; 3 the agent
      cannot be reached; 4 the cluster is unhealthy; 5 the outcome is unknown (time-out).
      """
  }

  static func of(_ command: Command) -> String {
    let text = Help.text(command)
    var lines = text.abstract + "\n\nUsage: nodctl " + command.name + usage(command)
    if command != .check { lines += "\n         [--socket PATH | --node DIR] [--timeout SECONDS] [--json]" }
    lines += "\n" + options(command)
    if command != .check {
      lines += """
          --socket PATH      the node's Unix socket
          --node DIR         a provisioned directory: the socket is read from its nod.conf
          --timeout SECONDS  how long to wait for an answer (30)
          --json             answer in JSON, one value a line

        """
    }
    if [.status, .peers, .log].contains(command) {
      lines += """
          --all              every field, under its own name
          --via MEMBER       ask this member (name or slot) instead, over the radio: takes some windows

        """
    }
    return lines + "\n" + joined(wrapped(text.discussion, 100), "\n")
  }

  private static func text(_ command: Command) -> CommandText {
    switch command {
    case .status: StatusCommand.text
    case .peers: PeersCommand.text
    case .log: LogCommand.text
    case .trace: TraceCommand.text
    case .watch: WatchCommand.text
    case .get: GetCommand.text
    case .set: SetCommand.text
    case .del: DelCommand.text
    case .check: CheckCommand.text
    }
  }

  private static func usage(_ command: Command) -> String {
    switch command {
    case .status: " [--wait SECONDS] [--all] [--via MEMBER]"
    case .peers: " [--all] [--via MEMBER]"
    case .log: " [--all] [--via MEMBER] [--from INDEX] [--count ENTRIES]"
    case .trace:
      " [--kind KIND,...] [--member NAME] [--window FROM-TO] [--since SEQ] [--count EVENTS] [--dump]"
    case .watch: " [PATTERN] [--count CHANGES]"
    case .get: " KEY [--linearizable]"
    case .set: " KEY VALUE [--nx | --xx | --if-equal VALUE] [--ttl-ms MS] [--token TOKEN]"
    case .del: " KEY... [--if-equal VALUE] [--token TOKEN]"
    case .check: " [CONFIGURATION]"
    }
  }

  private static func options(_ command: Command) -> String {
    switch command {
    case .status: "  --wait SECONDS     wait until the cluster is healthy, this long at most\n"
    case .log:
      "  --from INDEX       the first index, 1 or more\n  --count ENTRIES    how many entries at most\n"
    case .trace:
      """
        --kind KIND,...    only these kinds: sent, heard, missed, rejected, role, decided, ...
        --member NAME      only what this member (name or slot) does, or what is heard of it
        --window FROM-TO   only these windows; one number, or FROM- for all from there on
        --since SEQ        begin with this event; 0: the oldest that the node has
        --count EVENTS     end after so many
        --dump             end after the newest

      """
    case .watch: "  --count CHANGES    end after this many changes\n"
    case .get: "  --linearizable     confirm with a quorum that the value is the newest\n"
    case .set:
      """
        --nx               only if the key is absent
        --xx               only if the key is there
        --if-equal VALUE   only if the key has this value now
        --ttl-ms MS        the key vanishes after this time, in cluster time
        --token TOKEN      repeat an earlier try safely: the token that it was reported with

      """
    case .del:
      """
        --if-equal VALUE   only if the key has this value now; one key
        --token TOKEN      repeat an earlier try safely: the token that it was reported with

      """
    case .peers, .check: ""
    }
  }
}
