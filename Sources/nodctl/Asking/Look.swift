// The commands that look at one node, as the command line gives them; what they do stands in NodConsole.
import ArgumentParser
import NodConsole
import NodCore

extension Nodctl {
  struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(StatusCommand.text)

    @OptionGroup var node: NodeOptions

    @Option(help: ArgumentHelp("Wait until the cluster is healthy, this long at most.", valueName: "seconds"))
    var wait: Double = 0

    @OptionGroup var look: LookOptions

    func validate() throws {
      guard wait >= 0, wait <= NodeLink.longestPatience else {
        throw ValidationError("--wait \(Units.trimmed(wait)): allowed are 0 to 86400 seconds.")
      }
    }

    func run() throws {
      var command = StatusCommand()
      command.wait = Microseconds(Int64(wait * 1e6))
      command.isComplete = look.all
      command.via = look.via
      try finish(command.run(node.link()))
    }
  }

  struct Peers: ParsableCommand {
    static let configuration = CommandConfiguration(PeersCommand.text)

    @OptionGroup var node: NodeOptions

    @OptionGroup var look: LookOptions

    func run() throws {
      var command = PeersCommand()
      command.isComplete = look.all
      command.via = look.via
      try finish(command.run(node.link()))
    }
  }

  struct Log: ParsableCommand {
    static let configuration = CommandConfiguration(LogCommand.text)

    @OptionGroup var node: NodeOptions

    @Option(help: ArgumentHelp("The first index, 1 or more.", valueName: "index"))
    var from: UInt64?

    @Option(help: ArgumentHelp("How many entries at most.", valueName: "entries"))
    var count: UInt64?

    @OptionGroup var look: LookOptions

    private var command: LogCommand {
      var command = LogCommand()
      command.isComplete = look.all
      command.via = look.via
      command.from = from
      command.count = count
      return command
    }

    func validate() throws { try refuse(command.fault) }
    func run() throws { try finish(command.run(node.link())) }
  }

  struct Follow: ParsableCommand {
    static let configuration = CommandConfiguration(TraceCommand.text, name: "trace")

    @OptionGroup var node: NodeOptions

    @Option(
      help: ArgumentHelp(
        "Only these kinds: sent, heard, missed, rejected, role, decided, ...", valueName: "kinds"))
    var kind: [String] = []

    @Option(help: ArgumentHelp("Only what this member does, or what is heard of it.", valueName: "name"))
    var member: String?

    @Option(help: ArgumentHelp("Only these windows: a number, FROM-TO, or FROM-.", valueName: "windows"))
    var window: String?

    @Option(help: ArgumentHelp("Begin with this event; 0: the oldest that the node has.", valueName: "seq"))
    var since: Int64?

    @Option(help: ArgumentHelp("End after so many.", valueName: "events"))
    var count: UInt64?

    @Flag(help: "End after the newest.")
    var dump = false

    private var command: TraceCommand {
      var command = TraceCommand()
      command.kinds = kind.flatMap { TraceCommand.kinds($0) }
      command.member = member
      command.window = window.flatMap { TraceCommand.windows($0) }
      command.since = since
      command.count = count
      command.isDump = dump
      return command
    }

    func validate() throws {
      try refuse(command.fault)
      if let window, command.window == nil {
        throw ValidationError("--window \(window): a number, or FROM-TO, or FROM-")
      }
    }
    func run() throws { try finish(command.run(node.link())) }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(CheckCommand.text)

    @Argument(help: "A configuration, or a directory with a nod.conf.")
    var configuration = "/etc/nod/nod.conf"

    func run() throws {
      var command = CheckCommand()
      command.configuration = configuration
      try finish(command.run())
    }
  }
}

/// What every command that looks at a node may be given besides.
struct LookOptions: ParsableArguments {
  @Flag(help: "Every field, under its own name.")
  var all = false

  @Option(
    help: ArgumentHelp(
      "Ask this member (name or slot) instead, over the radio: takes some windows.", valueName: "member"))
  var via: String?
}
