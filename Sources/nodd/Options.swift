// The command line of nodd: which configuration, and whether to run or only to look.
import NodCore

struct Options {
  enum Action { case run, check, version, help }
  var action = Action.run
  var configuration = "/etc/nod/nod.conf"

  static let help = """
    nodd: an agent of a Nod cluster: it wakes with the others, agrees, and sleeps.

    Usage: nodd [--config FILE] [--check]
      --config FILE  configuration (default /etc/nod/nod.conf); FILE alone means the same
      --check        read every file that the configuration names, say what is wrong, and end
      --version      print the version and end
      --help         print this

    Example: nodd --config /etc/nod/nod.conf
    Exit: 0 ended when asked to, or the check found nothing; 1 the check or the start failed; 2 wrong usage.
    """

  /// - Returns: nil and a message when the arguments are not understood.
  static func parse(_ arguments: [String]) -> (options: Options?, problem: String) {
    var options = Options()
    var i = 1
    while i < arguments.count {
      let argument = arguments[i]
      if argument.isSame(as: "--check") {
        options.action = .check
      } else if argument.isSame(as: "--version") {
        options.action = .version
      } else if argument.isSame(as: "--help") || argument.isSame(as: "-h") {
        options.action = .help
      } else if argument.isSame(as: "--config") {
        guard i + 1 < arguments.count else { return (nil, "--config needs a file") }
        i += 1
        options.configuration = arguments[i]
      } else if argument.utf8.first == UInt8(ascii: "-") {
        return (nil, "unknown option \(argument)")
      } else {
        options.configuration = argument
      }
      i += 1
    }
    return (options, "")
  }
}
