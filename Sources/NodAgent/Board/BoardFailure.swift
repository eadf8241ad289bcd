// What the operating system refused: which operation, on what, and its own words for why.
import CBoard
import NodCore

package struct BoardFailure: Error, CustomStringConvertible {
  /// What was tried, as a verb in its base form: "bind", "sync".
  package let operation: StaticString
  /// What it was tried on: a file name, an address; may be empty.
  package let subject: String
  /// The system's error number, positive.
  package let code: Int32

  /// - Parameter verdict: errno or -errno, as CBoard's functions return it.
  package init(_ operation: StaticString, _ subject: String = "", verdict: Int32) {
    self.operation = operation
    self.subject = subject
    code = verdict < 0 ? 0 - verdict : verdict
  }

  package var systemText: String { BoardFailure.systemText(code) }
  /// No space left: waiting or removing files helps.
  package var isFull: Bool { board_error_is_full(code) != 0 }
  /// There is nothing of that name.
  package var isMissing: Bool { board_error_is_missing(code) != 0 }

  package var description: String {
    subject.isEmpty ? "cannot \(operation): \(systemText)" : "cannot \(operation) \(subject): \(systemText)"
  }

  /// The system's words for an error number.
  package static func systemText(_ code: Int32) -> String {
    guard let text = board_error_text(code) else { return "error \(code)" }
    return String(cString: text)
  }
}

/// The verdict of a call into CBoard as a value or a failure.
package func checked(_ verdict: Int32, _ operation: StaticString, _ subject: @autoclosure () -> String = "")
  throws(BoardFailure) -> Int32
{
  if verdict < 0 { throw BoardFailure(operation, subject(), verdict: verdict) }
  return verdict
}
