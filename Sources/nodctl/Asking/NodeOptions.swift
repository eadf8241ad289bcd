// Which node a command speaks to, how long it waits, and in which form it answers: the options that every
// asking command shares.
import ArgumentParser
import NodConsole
import NodCore

struct NodeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The node's Unix socket.", valueName: "path"))
  var socket: String?

  @Option(
    help: ArgumentHelp("A provisioned directory: the socket is read from its nod.conf.", valueName: "dir"))
  var node: String?

  @Option(help: ArgumentHelp("How long to wait for an answer.", valueName: "seconds"))
  var timeout: Double = 30

  @Flag(help: "Answer in JSON, one value a line.")
  var json = false

  func validate() throws {
    if socket != nil, node != nil { throw ValidationError("--socket and --node both name a node: give one.") }
    try allow(timeout: timeout)
  }

  func link() throws(Trouble) -> NodeLink {
    var link = try NodeLink(socket: socket, directory: node)
    link.patience = Microseconds(Int64(timeout * 1e6))
    link.isJSON = json
    return link
  }
}

func allow(timeout: Double) throws {
  guard timeout > 0, timeout <= NodeLink.longestPatience else {
    throw ValidationError("--timeout \(Units.trimmed(timeout)): allowed is more than 0 to 86400 seconds.")
  }
}

/// Ends a command that has printed its answer.
func finish(_ status: ExitStatus) throws {
  if status != .done { throw ExitCode(status.rawValue) }
}

/// Refuses what a command itself finds wrong with its options.
func refuse(_ fault: String?) throws {
  if let fault { throw ValidationError(fault) }
}

extension CommandConfiguration {
  init(_ text: CommandText, name: String? = nil) {
    self.init(commandName: name, abstract: text.abstract, discussion: text.discussion)
  }
}
