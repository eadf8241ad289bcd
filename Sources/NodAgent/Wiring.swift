// The parts of an agent put together, in the order in which each may fail: files, state directory, station,
// radio,
// local socket, loop.
import CBoard
import NodCore
import NodJournal
import NodSecurity
import NodStation

package func check(_ path: String) -> Int32 {
  do throws(ConfigurationErrors) {
    let files = try NodeFiles.read(configurationPath: path)
    if let trouble = budgetTrouble(files) {
      complain(trouble)
      return 1
    }
    let hookTroubles = files.configuration.hookTroubles
    for trouble in hookTroubles { complain(trouble) }
    guard hookTroubles.isEmpty else { return 1 }
    print(
      "\(path): nothing wrong: \(files.own.name) of \(files.roster.name), \(files.roster.members.count) members"
    )
    return 0
  } catch {
    for each in error.all { complain(each.description) }
    return 1
  }
}

/// Whether the radio's budget carries the beacons (protocol review B7); if not, the least period that it
/// does.
package func budgetTrouble(_ files: NodeFiles) -> String? {
  let beacon = min(files.roster.mtu, RadioProfile.beaconBytes)
  let share = files.profile.budgetPermille(frameBytes: beacon, every: files.roster.period)
  guard share > 500 else { return nil }
  let least = files.profile.leastPeriod(frameBytes: beacon, permille: 500)
  return
    "\(files.configuration.paths.roster): period_ms = \(files.roster.period.raw / 1000): "
    + "a leader's beacons alone would take \(share / 10) % of the air time that the profile allows; "
    + "the least period is \((least.raw + 999) / 1000) ms"
}

package func run(_ path: String) -> Int32 {
  let files: NodeFiles
  do throws(ConfigurationErrors) { files = try NodeFiles.read(configurationPath: path) } catch {
    for each in error.all { complain(each.description) }
    return 1
  }
  if let trouble = budgetTrouble(files) {
    complain(trouble)
    return 1
  }
  let log = LogLine(level: files.configuration.logLevel)
  // A program that is missing costs what it was to do, not the node.
  for trouble in files.configuration.hookTroubles { log.error(trouble) }
  do throws(StartFailure) {
    try serve(files, log)
    return 0
  } catch {
    complain(error.text)
    return 1
  }
}

struct StartFailure: Error {
  var text: String
}

private func serve(_ files: NodeFiles, _ log: LogLine) throws(StartFailure) {
  let station = try openStation(files, log)
  let board = try openParts(files)
  let cluster = Cluster(station: station, files: files, now: BoardClock.now, log: log)
  var agent = Agent(
    cluster: cluster, server: board.server, radio: board.radio, poll: board.poll, alarm: board.alarm,
    syncThread: board.syncThread, signals: board.signals, metrics: board.metrics, log: log)
  do throws(AgentError) { try agent.run() } catch { throw StartFailure(text: error.description) }
}

/// What the loop waits for and speaks through. Together, so that a station that was opened in vain is taken
/// apart in one place.
private struct BoardParts: ~Copyable {
  let signals: StopSignals
  let radio: UDPRadio
  let poll: Poll
  let alarm: Alarm
  let syncThread: SyncThread
  let server: LocalServer
  let metrics: MetricsListener
}

/// One by one: what was opened is closed again when the next cannot be.
private func openParts(_ files: NodeFiles) throws(StartFailure) -> BoardParts {
  // Before the thread is started, which takes over what is masked.
  let signals = try opened { () throws(BoardFailure) in try StopSignals() }
  let radio = try opened { () throws(BoardFailure) in try openRadio(files) }
  let poll = try opened { () throws(BoardFailure) in try Poll() }
  let alarm = try opened { () throws(BoardFailure) in try Alarm(wakingTheBoard: false) }
  let syncThread = try opened { () throws(BoardFailure) in try SyncThread() }
  var server = LocalServer(limits: localLimits(files), epoll: poll.descriptor)
  try openSocket(&server, files.configuration.local)
  var metrics = MetricsListener(epoll: poll.descriptor)
  if let address = files.configuration.metrics {
    do throws(BoardFailure) { try metrics.listen(address) } catch {
      throw StartFailure(text: "[metrics] listen = \(address.text): \(error.description)")
    }
  }
  return BoardParts(
    signals: signals, radio: radio, poll: poll, alarm: alarm, syncThread: syncThread, server: server,
    metrics: metrics)
}

private func opened<Part: ~Copyable>(_ part: () throws(BoardFailure) -> Part) throws(StartFailure) -> Part {
  do throws(BoardFailure) { return try part() } catch { throw StartFailure(text: error.description) }
}

/// Says what is wrong, whatever the log level.
package func complain(_ text: String) { LogLine(level: .error).error(text) }
