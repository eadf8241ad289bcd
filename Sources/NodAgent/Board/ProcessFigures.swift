// What the agent costs its board, as the kernel counts it: memory, wake-ups, processor time, bytes to flash.
import CBoard
import NodCore

package struct ProcessFigures {
  /// Memory held, in KiB.
  package let residentKibibytes: Int64
  /// How often the process went to sleep of itself, all threads.
  package let wakeups: Int64
  package let processorTime: Microseconds
  /// Bytes written to media; nil where the kernel does not count them.
  package let writtenBytes: Int64?

  package static func now() -> ProcessFigures {
    let written = board_process_written_bytes()
    return ProcessFigures(
      residentKibibytes: max(0, board_process_resident_kibibytes()), wakeups: max(0, board_process_wakeups()),
      processorTime: Microseconds(max(0, board_process_cpu_microseconds())),
      writtenBytes: written < 0 ? nil : written)
  }
}
