// One line to standard error for what a person should know. Quiet unless asked: a healthy agent says
// nothing at its default level. The text of a line that is not wanted is never put together.
import CBoard
import NodCore

package enum LogLevel: UInt8, CaseIterable, Sendable {
  case error = 0
  case warn, info, debug

  /// As written in nod.conf.
  package var word: String {
    switch self {
    case .error: "error"
    case .warn: "warn"
    case .info: "info"
    case .debug: "debug"
    }
  }

  /// syslog's number, which the journal understands.
  var priority: Int32 {
    switch self {
    case .error: BOARD_LOG_ERROR
    case .warn: BOARD_LOG_WARN
    case .info: BOARD_LOG_INFO
    case .debug: BOARD_LOG_DEBUG
    }
  }
}

package struct LogLine: Sendable {
  /// The least important level that is written.
  package var level: LogLevel

  package init(level: LogLevel = .warn) { self.level = level }

  package func writes(_ line: LogLevel) -> Bool { line.rawValue <= level.rawValue }

  package func error(_ text: @autoclosure () -> String) { write(.error, text()) }
  package func warn(_ text: @autoclosure () -> String) { if writes(.warn) { write(.warn, text()) } }
  package func info(_ text: @autoclosure () -> String) { if writes(.info) { write(.info, text()) } }
  package func debug(_ text: @autoclosure () -> String) { if writes(.debug) { write(.debug, text()) } }

  @inline(never)
  private func write(_ line: LogLevel, _ text: String) {
    var whole = text
    whole.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { board_log(line.priority, $0.baseAddress, $0.count) }
    }
  }
}
