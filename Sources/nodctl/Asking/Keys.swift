// The commands about keys, as the command line gives them; what they do stands in NodConsole.
import ArgumentParser
import NodConsole

extension Nodctl {
  struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(GetCommand.text)

    @Argument(help: "The key.")
    var key: String

    @OptionGroup var node: NodeOptions

    @Flag(help: "Confirm with a quorum that the value is the newest.")
    var linearizable = false

    func run() throws {
      var command = GetCommand(key: key)
      command.isLinearizable = linearizable
      try finish(command.run(node.link()))
    }
  }

  struct Set: ParsableCommand {
    static let configuration = CommandConfiguration(SetCommand.text)

    @Argument(help: "The key.")
    var key: String

    @Argument(help: "Its new value.")
    var value: String

    @OptionGroup var node: NodeOptions
    @OptionGroup var change: ChangeOptions

    @Flag(help: "Only if the key is absent.")
    var nx = false

    @Flag(help: "Only if the key is there.")
    var xx = false

    @Option(
      help: ArgumentHelp("The key vanishes after this time, in cluster time.", valueName: "milliseconds"))
    var ttlMs: UInt64?

    @Option(help: ArgumentHelp("Only if the key has this value now.", valueName: "value"))
    var ifEqual: String?

    private var command: SetCommand {
      var command = SetCommand(key: key, value: value)
      command.token = change.token
      command.isNew = nx
      command.isPresent = xx
      command.lifetime = ttlMs
      command.ifEqual = ifEqual
      return command
    }

    func validate() throws { try refuse(command.fault) }
    func run() throws { try finish(command.run(node.link())) }
  }

  struct Del: ParsableCommand {
    static let configuration = CommandConfiguration(DelCommand.text)

    @Argument(help: "The keys.")
    var keys: [String]

    @OptionGroup var node: NodeOptions
    @OptionGroup var change: ChangeOptions

    @Option(help: ArgumentHelp("Only if the key has this value now; one key.", valueName: "value"))
    var ifEqual: String?

    private var command: DelCommand {
      var command = DelCommand(keys: keys)
      command.token = change.token
      command.ifEqual = ifEqual
      return command
    }

    func validate() throws { try refuse(command.fault) }
    func run() throws { try finish(command.run(node.link())) }
  }

  struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(WatchCommand.text)

    @Argument(help: "Which keys.")
    var pattern = "*"

    @OptionGroup var node: NodeOptions

    @Option(help: ArgumentHelp("End after this many changes.", valueName: "changes"))
    var count: UInt64?

    func run() throws {
      var command = WatchCommand()
      command.pattern = pattern
      command.count = count
      try finish(command.run(node.link()))
    }
  }
}

/// What a change may be given besides itself.
struct ChangeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Repeat an earlier try safely: the token that it was reported with.", valueName: "token"))
  var token: String?
}
