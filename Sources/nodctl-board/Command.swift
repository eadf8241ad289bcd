// The commands of the small nodctl: their options, and what of NodConsole they run.
import NodConsole
import NodCore

enum Command: CaseIterable {
  case status, peers, log, trace, watch, get, set, del, check

  var name: String {
    switch self {
    case .status: "status"
    case .peers: "peers"
    case .log: "log"
    case .trace: "trace"
    case .watch: "watch"
    case .get: "get"
    case .set: "set"
    case .del: "del"
    case .check: "check"
    }
  }

  init?(named name: String) {
    guard let found = Command.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }

  func run(_ arguments: inout Arguments) throws(Trouble) -> ExitStatus {
    switch self {
    case .status, .peers, .log, .trace: try look(&arguments)
    case .watch, .get, .set, .del: try keys(&arguments)
    case .check: try check(arguments)
    }
  }

  private func look(_ arguments: inout Arguments) throws(Trouble) -> ExitStatus {
    let link = try arguments.link()
    switch self {
    case .status:
      var command = StatusCommand()
      command.wait = try arguments.seconds("--wait") ?? .zero
      command.isComplete = arguments.flag("--all")
      command.via = try arguments.value("--via")
      _ = try arguments.rest(0, 0, "nothing but options")
      return try command.run(link)
    case .peers:
      var command = PeersCommand()
      command.isComplete = arguments.flag("--all")
      command.via = try arguments.value("--via")
      _ = try arguments.rest(0, 0, "nothing but options")
      return try command.run(link)
    case .log:
      var command = LogCommand()
      command.isComplete = arguments.flag("--all")
      command.via = try arguments.value("--via")
      command.from = try arguments.number("--from")
      command.count = try arguments.number("--count")
      _ = try arguments.rest(0, 0, "nothing but options")
      try refuse(command.fault)
      return try command.run(link)
    default: return try trace(&arguments, link)
    }
  }

  private func trace(_ arguments: inout Arguments, _ link: NodeLink) throws(Trouble) -> ExitStatus {
    var command = TraceCommand()
    while let kinds = try arguments.value("--kind") { command.kinds += TraceCommand.kinds(kinds) }
    command.member = try arguments.value("--member")
    if let text = try arguments.value("--window") {
      command.window = TraceCommand.windows(text)
      if command.window == nil {
        throw Trouble(.usage, "--window " + text + ": a number, or FROM-TO, or FROM-")
      }
    }
    command.since = try arguments.number("--since").map { Int64(clamping: $0) }
    command.count = try arguments.number("--count")
    command.isDump = arguments.flag("--dump")
    _ = try arguments.rest(0, 0, "nothing but options")
    try refuse(command.fault)
    return try command.run(link)
  }

  private func keys(_ arguments: inout Arguments) throws(Trouble) -> ExitStatus {
    let link = try arguments.link()
    switch self {
    case .watch:
      var command = WatchCommand()
      command.count = try arguments.number("--count")
      if let pattern = try arguments.rest(0, 1, "at most one PATTERN").first { command.pattern = pattern }
      return try command.run(link)
    case .get:
      let isLinearizable = arguments.flag("--linearizable")
      var command = GetCommand(key: try arguments.rest(1, 1, "one KEY")[0])
      command.isLinearizable = isLinearizable
      return try command.run(link)
    case .set: return try set(&arguments, link)
    default:
      let token = try arguments.value("--token")
      let ifEqual = try arguments.value("--if-equal")
      var command = DelCommand(keys: try arguments.rest(1, .max, "one KEY or more"))
      command.token = token
      command.ifEqual = ifEqual
      try refuse(command.fault)
      return try command.run(link)
    }
  }

  private func set(_ arguments: inout Arguments, _ link: NodeLink) throws(Trouble) -> ExitStatus {
    let isNew = arguments.flag("--nx")
    let isPresent = arguments.flag("--xx")
    let ifEqual = try arguments.value("--if-equal")
    let lifetime = try arguments.number("--ttl-ms")
    let token = try arguments.value("--token")
    let words = try arguments.rest(2, 2, "KEY and VALUE")
    var command = SetCommand(key: words[0], value: words[1])
    command.isNew = isNew
    command.isPresent = isPresent
    command.ifEqual = ifEqual
    command.lifetime = lifetime
    command.token = token
    try refuse(command.fault)
    return try command.run(link)
  }

  private func check(_ arguments: Arguments) throws(Trouble) -> ExitStatus {
    var command = CheckCommand()
    if let path = try arguments.rest(0, 1, "at most one CONFIGURATION").first { command.configuration = path }
    return try command.run()
  }

  private func refuse(_ fault: String?) throws(Trouble) {
    if let fault { throw Trouble(.usage, fault) }
  }
}
