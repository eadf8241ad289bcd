// `nodctl sim` with a world of one's own: its options, what they may be, and the run.
import ArgumentParser
import Foundation
import NodAgent
import NodCore
import NodSim

struct OwnWorld: ParsableArguments {
  @Option(help: "Members, 1 to 31 (3).") var nodes: Int?
  @Option(help: "Seconds from window to window, 0.1 to 900 (10).") var period: Double?
  @Option(help: "Percent of frames lost at each receiver, 0 to 95 (0).") var loss: Double?
  @Option(help: "Lose them in bursts of so many windows on average, 1 to 1000.") var burst: Int?
  @Option(help: "The radio: a built-in name or a profile file (ieee802154-nrf52840).") var profile: String?
  @Option(help: "Hours to simulate (24).") var hours: Double?
  @Option(help: "Commands a minute, at members drawn at random (0).") var load: Double?
  @Option(help: "Cut each member's power every so many minutes on average.") var kill: Double?
  @Option(help: "Election rule: paxos or raft (paxos).") var rule: String?
  @Option(help: "The board round each radio: none or pi-zero-2w (pi-zero-2w).") var host: String?
  @Option(help: "Battery of each node in mAh at 3.7 V, for its life (2000).") var battery: Double?

  var isAskedFor: Bool {
    nodes != nil || period != nil || loss != nil || burst != nil || profile != nil || hours != nil
      || load != nil
      || kill != nil || rule != nil || host != nil || battery != nil
  }

  func validate() throws {
    try check("nodes", nodes.map(Double.init), 1...31)
    try check("period", period, 0.1...900)
    try check("loss", loss, 0...95)
    try check("burst", burst.map(Double.init), 1...1000)
    try check("hours", hours, 0.001...87_600)
    try check("load", load, 0...6_000)
    try check("kill", kill, 0.1...1_000_000)
    try check("battery", battery, 1...1_000_000)
    if let rule, rule != "paxos" && rule != "raft" {
      throw ValidationError("--rule \(rule): allowed are paxos and raft")
    }
    if let host, host != "none" && host != "pi-zero-2w" {
      throw ValidationError("--host \(host): allowed are none and pi-zero-2w")
    }
  }

  private func check(_ name: String, _ value: Double?, _ range: ClosedRange<Double>) throws {
    guard let value, !range.contains(value) else { return }
    let bounds = [range.lowerBound, range.upperBound].map { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" }
    throw ValidationError("--\(name): allowed is \(bounds[0]) to \(bounds[1])")
  }

  func run(seed: UInt64, json: Bool, trace: String?) throws {
    let radio = try radioProfile()
    let options = worldOptions(seed, radio)
    try refuseWhatTheRadioCannotCarry(options, radio)
    let world = World(options)
    let file = try trace.map { try EventFile(path: $0) }
    if let file {
      file.write(clusterLine(options, seed))
      world.events = { file.write($0.json) }
    }
    let progress = Progress()
    let windows = max(1, Int((hours ?? 24) * 3_600_000_000) / Int(options.period.raw))
    var done = 0
    while done < windows, world.figures.violation == nil {
      let some = min(100, windows - done)
      world.run(windows: some)
      done += some
      progress.note("\(done) of \(windows) windows,", Double(done) / Double(windows))
    }
    progress.end()
    try file?.close()
    let report = OwnWorldReport(
      figures: world.figures, batteryJoules: (battery ?? 2_000) * 3.6 * 3.7, seed: seed)
    report.show(json: json, hasHost: options.host != .none)
    if world.figures.violation != nil { throw ExitCode(1) }
  }

  /// What a reader of the trace cannot see in its events: who there is, how far apart windows are, which radio.
  private func clusterLine(_ o: WorldOptions, _ seed: UInt64) -> String {
    let names = (0..<o.memberCount).map { "\"n\($0)\"" }.joined(separator: ",")
    return "{\"t\":0,\"kind\":\"cluster\",\"members\":[\(names)],\"period_us\":\(o.period.raw),"
      + "\"profile\":\(nodctl.json(profile ?? "ieee802154-nrf52840")),\"seed\":\(seed)}"
  }

  private func radioProfile() throws -> RadioProfile {
    let name = profile ?? "ieee802154-nrf52840"
    if ProfileCatalogue.isFile(name) {
      do throws(ConfigurationErrors) { return try ProfileCatalogue.read(path: name) } catch {
        throw ValidationError(error.all.map { $0.description }.joined(separator: "\n"))
      }
    }
    guard let known = ProfileCatalogue.builtIn(name) else {
      throw ValidationError(
        "--profile \(name): built in are \(ProfileCatalogue.builtInNames.joined(separator: ", ")); "
          + "a file's name has a / or ends with .conf")
    }
    return known
  }

  private func worldOptions(_ seed: UInt64, _ radio: RadioProfile) -> WorldOptions {
    var o = WorldOptions()
    o.seed = seed
    o.memberCount = nodes ?? 3
    o.use(radio, period: Microseconds(Int64(((period ?? 10) * 1e6).rounded())))
    o.lossPermille = Int(((loss ?? 0) * 10).rounded())
    if let burst { o.loseInBursts(of: burst, permille: o.lossPermille) }
    o.rule = rule == "raft" ? .raft : .paxos
    o.fullEvery = UInt32(max(16, o.memberCount))
    o.recordsHistories = false
    o.host = host == "none" ? .none : .piZero2W
    if let load, load > 0 { o.commandEvery = Microseconds(Int64(60e6 / load)) }
    if let kill {
      o.powerCutEvery = Microseconds(Int64(kill * 60e6))
      o.darkness = o.period * 10
    }
    return o
  }

  private func refuseWhatTheRadioCannotCarry(_ o: WorldOptions, _ radio: RadioProfile) throws {
    let beacon = min(radio.mtu, RadioProfile.beaconBytes)
    let share = radio.budgetPermille(frameBytes: beacon, every: o.period)
    if share > 500 {
      let least = Double(radio.leastPeriod(frameBytes: beacon, permille: 500).raw) / 1e6
      throw ValidationError(
        "--period: a leader's beacons alone would take \(share / 10) % of the air time that the profile allows; the "
          + "least period is \(digits(least, 1)) s")
    }
    let cycle = radio.slotLength(for: radio.mtu) * (o.memberCount + 4)
    if cycle.raw > o.period.raw / 2 {
      throw ValidationError(
        "--period: one cycle of \(o.memberCount) members takes \(digits(Double(cycle.raw) / 1e6, 2)) s "
          + "with this radio; allowed is twice that or more")
    }
  }
}

/// Lines into a file, in pieces of a megabyte.
private final class EventFile {
  private let handle: FileHandle
  private var waiting = Data()

  init(path: String) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else { throw ValidationError("--trace \(path): cannot be written") }
    self.handle = handle
  }
  func write(_ line: String) {
    waiting.append(contentsOf: line.utf8)
    waiting.append(0x0a)
    if waiting.count > 1 << 20 {
      handle.write(waiting)
      waiting.removeAll(keepingCapacity: true)
    }
  }
  func close() throws {
    handle.write(waiting)
    try handle.close()
  }
}
