// How nodctl ends: six exit codes that scripts can rely on, and one kind of error, which says what is wrong,
// where, and what to do about it.
import ArgumentParser
import Foundation

/// The exit codes; docs/nodctl.md lists them, and they never change meaning.
enum ExitStatus: Int32 {
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
struct Trouble: Error, Equatable {
  let status: ExitStatus
  /// What is wrong, and where; one line.
  let what: String
  /// What the person can do, one suggestion a line; empty when there is nothing to advise.
  let remedies: [String]

  init(_ status: ExitStatus, _ what: String, _ remedies: String...) {
    self.status = status
    self.what = what
    self.remedies = remedies
  }
}

/// Ends a command that has already printed its answer.
func finish(_ status: ExitStatus) -> ExitCode { ExitCode(status.rawValue) }

/// One line on standard error.
func complain(_ text: String) {
  FileHandle.standardError.write(Data((text + "\n").utf8))
}

/// The error as a person reads it.
func say(_ trouble: Trouble) {
  let style = Style(descriptor: STDERR_FILENO)
  complain(style.bad("nodctl: ") + trouble.what)
  for remedy in trouble.remedies { complain("  " + remedy) }
}
