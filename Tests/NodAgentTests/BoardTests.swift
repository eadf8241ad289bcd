// What the board gives, held against the real kernel: clocks, alarm, readiness, the sync thread, signals,
// the service manager, figures and log lines.
import CBoard
import Foundation
import NodAgent
import NodCore
import Testing

@Suite struct BoardTimeTests {
  @Test func bootTimeGoesOnAndWallTimeIsOfThisCentury() {
    let first = BoardClock.now
    let second = BoardClock.now
    #expect(second >= first)
    #expect(first > .zero)
    #expect(BoardClock.wallMilliseconds > 946_684_800_000)
    #expect(BoardClock.timeSuspended.raw > -1000)
  }

  @Test func anAlarmRingsAtItsTimeAndNotBefore() throws {
    var poll = try Poll()
    var alarm = try Alarm(wakingTheBoard: false)
    try poll.add(alarm.descriptor, token: 7)
    let target = BoardClock.now + .milliseconds(20)
    try alarm.set(at: target)
    let count = try poll.wait(timeoutMilliseconds: 10_000)
    let rang = BoardClock.now
    #expect(count == 1)
    let event = poll.event(0)
    #expect(event.token == 7 && event.isReadable)
    #expect(rang >= target)
    let wasRinging = try alarm.acknowledge()
    #expect(wasRinging)
    let isQuiet = try poll.wait(timeoutMilliseconds: 0) == 0
    #expect(isQuiet)
  }

  @Test func anAlarmForThePastRingsAtOnce() throws {
    var poll = try Poll()
    var alarm = try Alarm(wakingTheBoard: false)
    try poll.add(alarm.descriptor, token: 1)
    for moment in [LocalTime(microseconds: -5), .zero, BoardClock.now - .seconds(1)] {
      try alarm.set(at: moment)
      #expect(try poll.wait(timeoutMilliseconds: 10_000) == 1)
      #expect(try alarm.acknowledge())
    }
  }

  @Test func anAlarmSetToNeverIsQuiet() throws {
    var poll = try Poll()
    var alarm = try Alarm(wakingTheBoard: false)
    try poll.add(alarm.descriptor, token: 1)
    try alarm.set(at: BoardClock.now + .milliseconds(1))
    try alarm.set(at: .never)
    #expect(try poll.wait(timeoutMilliseconds: 20) == 0)
    #expect(try !alarm.acknowledge())
  }

  @Test func anAlarmThatMayNotWakeTheBoardIsStillAnAlarm() throws {
    var poll = try Poll()
    var alarm = try Alarm(wakingTheBoard: true)
    try poll.add(alarm.descriptor, token: 1)
    try alarm.set(at: BoardClock.now + .milliseconds(1))
    #expect(try poll.wait(timeoutMilliseconds: 10_000) == 1)
  }

  @Test func randomNumbersDiffer() {
    #expect(Randomness.u64() != Randomness.u64())
    var bytes = [UInt8](repeating: 0, count: 64)
    bytes.withUnsafeMutableBytes { Randomness.fill($0) }
    #expect(Set(bytes).count > 8)
  }
}

@Suite struct BoardPollTests {
  @Test func whatIsNotWatchedIsNotReported() throws {
    var poll = try Poll()
    let notice = board_notice_create()
    defer { board_close(notice) }
    try poll.add(notice, token: 9)
    #expect(board_notice_raise(notice) == 0)
    #expect(try poll.wait(timeoutMilliseconds: 10_000) == 1)
    try poll.change(notice, token: 9, to: .nothing)
    #expect(try poll.wait(timeoutMilliseconds: 0) == 0)
    try poll.change(notice, token: 10, to: .reading)
    #expect(try poll.wait(timeoutMilliseconds: 10_000) == 1)
    #expect(poll.event(0).token == 10)
    try poll.remove(notice)
    #expect(try poll.wait(timeoutMilliseconds: 0) == 0)
  }

  @Test func aNoticeIsRaisedOnceHoweverOften() {
    let notice = board_notice_create()
    defer { board_close(notice) }
    #expect(board_notice_clear(notice) == 0)
    #expect(board_notice_raise(notice) == 0)
    #expect(board_notice_raise(notice) == 0)
    #expect(board_notice_clear(notice) == 1)
    #expect(board_notice_clear(notice) == 0)
  }

  @Test func moreReadyThanTheCapacityComesInTheNextWait() throws {
    var poll = try Poll()
    let notices = (0..<Poll.capacity + 3).map { _ in board_notice_create() }
    defer { for notice in notices { board_close(notice) } }
    for (token, notice) in notices.enumerated() {
      #expect(board_notice_raise(notice) == 0)
      try poll.add(notice, token: UInt64(token))
    }
    var seen = Set<UInt64>()
    for _ in 0..<2 {
      let count = try poll.wait(timeoutMilliseconds: 10_000)
      for i in 0..<count {
        let token = poll.event(i).token
        seen.insert(token)
        _ = board_notice_clear(notices[Int(token)])
      }
    }
    #expect(seen.count == notices.count)
  }

  @Test func aDescriptorThatIsNoneIsAFailureWithItsReason() {
    do {
      let poll = try Poll()
      try poll.add(-1, token: 0)
      Issue.record("added")
    } catch {
      #expect("\(error)" == "cannot poll: Bad file descriptor")
    }
  }
}

@Suite struct BoardSyncThreadTests {
  /// Waits for the outcome as the agent does.
  private func outcome(of sync: inout SyncThread) throws -> SyncThread.Outcome? {
    var poll = try Poll()
    try poll.add(sync.descriptor, token: 1)
    guard try poll.wait(timeoutMilliseconds: 30_000) == 1 else { return nil }
    return sync.takeOutcome()
  }

  @Test func aFileIsSyncedAndTheOutcomeComesAsReadiness() throws {
    let scratch = ScratchDirectory()
    let directory = try StateDirectory(path: scratch.path)
    let fd = "x".withCString {
      board_file_open(directory.descriptor, $0, BOARD_FILE_WRITE | BOARD_FILE_CREATE)
    }
    defer { board_close(fd) }
    #expect(board_file_write(fd, "abc", 3, 0) == 3)
    var sync = try SyncThread()
    let early = sync.takeOutcome()
    #expect(early == nil)
    for target in [SyncThread.Target.data(descriptor: fd), .names(descriptor: directory.descriptor)] {
      try sync.begin(target)
      let isBusy = sync.isBusy
      #expect(isBusy)
      let result = try #require(try outcome(of: &sync))
      #expect(result.failure == nil)
      #expect(result.took >= .zero)
      let again = sync.takeOutcome()
      #expect(again == nil)
    }
  }

  @Test func aFailedSyncSaysWhy() throws {
    var sync = try SyncThread()
    // A socket cannot be synced.
    let radio = try UDPRadio(listen: "127.0.0.1:0")
    try sync.begin(.data(descriptor: radio.descriptor))
    let result = try #require(try outcome(of: &sync))
    #expect(result.failure?.description == "cannot sync: Invalid argument")
  }

  @Test func aSecondRequestIsRefusedWhileOneIsUnderWay() {
    var error: Int32 = 0
    let sync = board_sync_start(&error)
    defer { board_sync_stop(sync) }
    #expect(board_sync_request(sync, -1, 0) == 0)
    // Under way until its result is taken.
    #expect(board_sync_request(sync, -1, 0) == -EBUSY)
  }

  @Test func stoppingCarriesOutWhatWasBegun() throws {
    for _ in 0..<50 {
      var sync = try SyncThread()
      try sync.begin(.data(descriptor: -1))
    }
  }
}

@Suite(.serialized) struct BoardProcessTests {
  @Test func aStopSignalIsReadiness() throws {
    var before = sigset_t()
    pthread_sigmask(SIG_SETMASK, nil, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var signals = try StopSignals()
    var poll = try Poll()
    try poll.add(signals.descriptor, token: 1)
    #expect(signals.next() == nil)
    pthread_kill(pthread_self(), SIGTERM)
    #expect(try poll.wait(timeoutMilliseconds: 10_000) == 1)
    #expect(signals.next() == .stop)
    pthread_kill(pthread_self(), SIGHUP)
    #expect(signals.next() == .reload)
    #expect(signals.next() == nil)
  }

  @Test func theServiceManagerHearsThatWeAreReady() throws {
    let scratch = ScratchDirectory()
    let path = "\(scratch.path)/notify"
    let manager = try NotifySocket(path: path)
    setenv("NOTIFY_SOCKET", path, 1)
    setenv("WATCHDOG_USEC", "4000000", 1)
    defer {
      unsetenv("NOTIFY_SOCKET")
      unsetenv("WATCHDOG_USEC")
    }
    var watchdog = Watchdog()
    watchdog.ready("follower")
    #expect(manager.next() == "READY=1")
    #expect(manager.next() == "STATUS=follower")
    watchdog.status(" leads", of: "n1")
    #expect(manager.next() == "STATUS=n1 leads")
    #expect(watchdog.limit == .seconds(4))
    watchdog.pat(now: LocalTime(microseconds: 10_000_000))
    #expect(manager.next() == "WATCHDOG=1")
    #expect(watchdog.due == LocalTime(microseconds: 12_000_000))
    watchdog.pat(now: LocalTime(microseconds: 11_999_999))
    #expect(manager.next() == nil)
    watchdog.stopping()
    #expect(manager.next() == "STOPPING=1")
  }

  @Test func aWatchdogOfAnotherProcessIsNotOurs() {
    setenv("WATCHDOG_USEC", "4000000", 1)
    setenv("WATCHDOG_PID", "1", 1)
    defer {
      unsetenv("WATCHDOG_USEC")
      unsetenv("WATCHDOG_PID")
    }
    #expect(Watchdog().limit == nil)
    #expect(Watchdog().due == .never)
  }

  @Test func withoutAServiceManagerNothingIsSaid() {
    unsetenv("NOTIFY_SOCKET")
    #expect(board_notify("READY=1") == 0)
  }

  @Test func theKernelCountsWhatWeCost() {
    let before = ProcessFigures.now()
    usleep(1000)
    let after = ProcessFigures.now()
    #expect(before.residentKibibytes > 100)
    #expect(after.wakeups > before.wakeups)
    #expect(after.processorTime >= before.processorTime)
  }

  @Test func aLogLineIsOneLineAndQuietBelowItsLevel() throws {
    let text = try standardError {
      LogLine(level: .warn).warn("peer \"a\nb\" is odd")
      LogLine(level: .warn).info("never built: \(failIfBuilt())")
      LogLine(level: .debug).debug(String(repeating: "x", count: 2000))
    }
    #expect(text.contains("nodd: warn: peer \"a?b\" is odd\n"))
    #expect(!text.contains("never"))
    let long = text.split(separator: "\n").first { $0.hasPrefix("nodd: debug: xxx") }
    #expect(long?.utf8.count == Int(BOARD_LOG_LINE) - 1)
  }

  private func failIfBuilt() -> String {
    Issue.record("a line that nobody wants was put together")
    return ""
  }

  private func standardError(during body: () -> Void) throws -> String {
    let scratch = ScratchDirectory()
    let file = open("\(scratch.path)/stderr", O_RDWR | O_CREAT, 0o600)
    let saved = dup(STDERR_FILENO)
    dup2(file, STDERR_FILENO)
    body()
    dup2(saved, STDERR_FILENO)
    close(saved)
    close(file)
    return try String(contentsOfFile: "\(scratch.path)/stderr", encoding: .utf8)
  }
}

/// The service manager's end of NOTIFY_SOCKET.
private final class NotifySocket {
  private let fd: Int32

  init(path: String) throws {
    fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
  }
  deinit { close(fd) }

  func next() -> String? {
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = recv(fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }
}
