// Where the small nodctl begins: the everyday commands, for a board without a Swift runtime. The linker finds
// nodctl_board_main, which is main. What a command does stands in NodConsole, for both builds of nodctl.
import NodConsole

@_cdecl("nodctl_board_main")
public func start(_ count: Int32, _ values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32 {
  var words: [String] = []
  for i in 1..<max(1, Int(count)) {
    if let value = values[i] { words.append(String(cString: value)) }
  }
  do throws(Trouble) {
    return try run(words).rawValue
  } catch {
    error.say()
    if error.status == .usage { Console.complain("  see: nodctl " + (words.first ?? "") + " --help") }
    return error.status.rawValue
  }
}

private func run(_ words: [String]) throws(Trouble) -> ExitStatus {
  guard let first = words.first, first != "--help", first != "-h", first != "help" else {
    Console.put(Help.all)
    return words.isEmpty ? .usage : .done
  }
  if first == "--version" {
    Console.put("nodctl " + consoleVersion)
    return .done
  }
  guard let command = Command(named: first) else {
    throw Trouble(
      .usage, "there is no command '" + safe(first) + "' here", "the workstation's nodctl has more of them")
  }
  var arguments = Arguments(Array(words.dropFirst()))
  if arguments.flag("--help") || arguments.flag("-h") {
    Console.put(Help.of(command))
    return .done
  }
  return try command.run(&arguments)
}
