// How nodctl ends: six exit codes that scripts can rely on, and one kind of error, which says what is wrong,
// where, and what to do about it.

/// Of both builds of nodctl.
package let consoleVersion = "0.1.0"

/// The exit codes; docs/nodctl.md lists them, and they never change meaning.
package enum ExitStatus: Int32 {
  case done = 0
  /// The question was answered with no: key absent, condition not met, command refused. Nothing was changed.
  case negative = 1
  case usage = 2
  /// No agent at that socket, or none that speaks.
  case unreachable = 3
  /// The agent answers, but says that it has no leader or no quorum.
  case unhealthy = 4
  /// Sent, and no answer in time: it may or may not take effect.
  case unknown = 5
}

/// Why a command cannot go on.
package struct Trouble: Error, Equatable {
  package let status: ExitStatus
  /// What is wrong, and where; one line.
  package let what: String
  /// What the person can do, one suggestion a line; empty when there is nothing to advise.
  package let remedies: [String]

  package init(_ status: ExitStatus, _ what: String, _ remedies: String...) {
    self.status = status
    self.what = what
    self.remedies = remedies
  }

  /// The error as a person reads it.
  package func say() {
    let style = Style(descriptor: Console.errors)
    Console.complain(style.bad("nodctl: ") + what)
    for remedy in remedies { Console.complain("  " + remedy) }
  }
}
