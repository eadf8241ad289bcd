// One program at a time: started, waited for without waiting, asked to end when its time is up, ended when it
// does not, and what it wrote told in the log. Each kind of hook has a lane of its own.
import CBoard
import NodCore

/// A program's record since the agent started.
package struct HookFigures: Sendable {
  package var runs: UInt64 = 0
  /// Not started, ended with another status than 0, or ended by us.
  package var failures: UInt64 = 0
  /// Of these, the ones whose time was up.
  package var ended: UInt64 = 0
  package var isRunning = false
  /// nil before the first end; -1 when it could not be started.
  package var lastExit: Int32?
  /// The log index that it was last run with.
  package var lastIndex = LogIndex.zero
}

/// Invariant: a lane that is busy has a process which is not reaped, and a deadline.
struct HookLane {
  /// Which hook runs; nil when none does.
  private(set) var hook: Int?
  private var process: Int32 = 0
  private var output: Int32 = -1
  private(set) var deadline = LocalTime.never
  /// SIGTERM was sent: what comes next is SIGKILL.
  private var isTimedOut = false

  var isBusy: Bool { hook != nil }

  /// - Returns: nil, or why it did not start.
  mutating func start(
    _ number: Int, _ settings: HookSettings, environment: Bytes, input: Bytes?, now: LocalTime
  ) -> String? {
    precondition(hook == nil, "one at a time")
    let variables = UnsafeMutablePointer<CChar>(
      mutating: environment.baseAddress!.assumingMemoryBound(to: CChar.self))
    // An empty value is an empty input too.
    let verdict = settings.program.withCString {
      board_hook_start(
        $0, variables, environment.count, input.map { $0.baseAddress ?? environment.baseAddress! },
        input?.count ?? 0, &output)
    }
    if let why = HookTrouble.text(verdict) { return why }
    hook = number
    process = verdict
    deadline = now + settings.timeout
    isTimedOut = false
    return nil
  }

  /// What became of the program that ran, once; nil while it runs or when none does.
  mutating func takeEnd(into room: UnsafeMutableRawBufferPointer) -> HookEnd? {
    guard let number = hook else { return nil }
    var status: Int32 = 0
    let verdict = board_hook_ended(process, &status)
    if verdict == 0 { return nil }
    var count = 0
    while count < room.count {  // ends with the room, or with what there is
      let got = board_hook_output(output, room.baseAddress! + count, room.count - count)
      if got <= 0 { break }
      count += Int(got)
    }
    board_close(output)
    // Of a text that was cut, the part of a line at its end says nothing.
    if count == room.count, let last = room.lastIndex(of: 10) { count = last }
    let end = HookEnd(
      hook: number, status: verdict < 0 ? -1 : status, isTimedOut: isTimedOut,
      output: Bytes(rebasing: room[..<count]))
    forget()
    return end
  }

  /// Asks a program whose time is up to end, and a second later ends it, whatever it has started included.
  mutating func enforce(now: LocalTime) {
    guard isBusy, now >= deadline else { return }
    _ = board_hook_signal(process, isTimedOut ? 1 : 0)
    deadline = now + HookLimits.grace
    isTimedOut = true
  }

  /// Ends what runs, without asking.
  mutating func kill() {
    guard isBusy else { return }
    _ = board_hook_signal(process, 1)
    board_close(output)
    forget()
  }

  private mutating func forget() {
    hook = nil
    deadline = .never
    output = -1
  }
}

struct HookEnd {
  let hook: Int
  let status: Int32
  let isTimedOut: Bool
  /// Borrowed: what it wrote, up to a bound.
  let output: Bytes
}
