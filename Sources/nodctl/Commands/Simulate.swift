// `nodctl sim`: a simulated cluster with faults, from a seed. One seed replays one run, on every machine
// alike.
import ArgumentParser
import Foundation
import NodSim

struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sim",
    abstract: "Run simulated clusters with faults and check that they stay safe.",
    discussion: """
      Each seed draws a cluster, its faults and its load: loss, repetition, reordering, power cuts, failing disks, \
      cut links. Every safety check runs all the time; afterwards the cluster must come back.

      With any of the options of a world of your own (--nodes, --period, ...) that one is run instead, and what each \
      node sent, how long its radio was on and what it drew is told.

      Example:
        nodctl sim --seed 8123             replays one run
        nodctl sim --random --seeds 100    runs seeds 1 to 100
        nodctl sim --nodes 5 --period 10 --loss 30 --load 1 --hours 24

      Exit codes: 0 nothing found; 1 a rule was violated: the seed is printed.
      """)

  @Option(help: "The seed of one run, or the first of many.") var seed: UInt64 = 1
  @Flag(help: "Run many seeds.") var random = false
  @Flag(help: "Draw radios, one-way and bursty links, clocks, suspends and rot as well.") var wide = false
  @Option(help: "How many seeds with --random.") var seeds = 100
  @Option(help: "Write every frame (one seed), or every event as JSON (a world of your own), to this file.")
  var trace: String?
  @OptionGroup(title: "A world of your own") var own: OwnWorld
  @Flag(help: "Print JSON.") var json = false
  @Option(help: "Windows with faults of a drawn world; with it --nodes is of a drawn world as well.")
  var windows: Int?
  @Option(
    help: ArgumentHelp(
      "Kinds of faults to leave out, with commas between them.",
      discussion: FaultKind.allCases.map(\.rawValue).joined(separator: " ")))
  var without = ""
  @Option(
    help: ArgumentHelp(
      "Draw the seed's world full of one kind of trouble.",
      discussion: HostileWorld.allCases.map(\.rawValue).joined(separator: " ")))
  var world: String?

  func run() throws {
    if own.isAskedFor && !isDrawn { return try own.run(seed: seed, json: json, trace: trace) }
    var failed: [SimulationReport] = []
    var windows = 0
    let last = random ? seed + UInt64(max(1, seeds)) - 1 : seed
    let progress = isatty(2) == 1 && random
    for number in seed...last {
      let report = try one(number)
      windows += try options(number).faultyWindows
      if report.violation != nil { failed.append(report) }
      if !random || report.violation != nil { show(report) }
      if random, failed.count == 1, let violation = report.violation { try showShorter(number, violation) }
      if progress {
        FileHandle.standardError.write(Data("\r\(number) of \(last), \(failed.count) failed ".utf8))
      }
    }
    if progress { FileHandle.standardError.write(Data("\n".utf8)) }
    if random && !json { print("\(seeds) seeds, \(windows) windows with faults: \(failed.count) failed") }
    if !failed.isEmpty { throw ExitCode(1) }
  }

  /// Of a drawn world `--nodes` says with how many members it is drawn again.
  private var isDrawn: Bool { random || wide || world != nil || windows != nil || !without.isEmpty }

  private func options(_ number: UInt64) throws -> WorldOptions { try reduction().apply(to: drawn(number)) }

  private func drawn(_ number: UInt64) throws -> WorldOptions {
    guard let world else { return wide ? .drawnWide(seed: number) : .drawn(seed: number) }
    guard let pressure = HostileWorld(rawValue: world) else {
      throw ValidationError("no world is named \(world)")
    }
    return .hostile(pressure, seed: number)
  }

  private func reduction() throws -> Reduction {
    guard let found = Reduction(windows: windows, nodes: own.nodes, without: without)
    else { throw ValidationError("--without takes the kinds that --help names") }
    return found
  }

  private func one(_ number: UInt64) throws -> SimulationReport {
    let options = try options(number)
    guard let trace else { return simulateOnce(options) }
    var lines = ""
    let report = simulateOnce(options) { lines += $0 + "\n" }
    try lines.write(toFile: trace, atomically: true, encoding: .utf8)
    return report
  }

  private func showShorter(_ number: UInt64, _ violation: Violation) throws {
    guard let (shorter, report) = shrink(try drawn(number), from: try reduction(), violation), !json else {
      return
    }
    print("  shorter: nodctl sim --seed \(number)\(worldArgument)\(shorter.arguments)")
    if let found = report.violation { print("    \(found)") }
  }

  private var worldArgument: String { world.map { " --world \($0)" } ?? (wide ? " --wide" : "") }

  private func show(_ report: SimulationReport) {
    if json {
      print(
        "{\"seed\":\(report.seed),\"violation\":\(report.violation.map { "\"\($0.rule)\"" } ?? "null"),"
          + "\"decided\":\(report.decided),\"acknowledged\":\(report.acknowledged),\"reads\":\(report.reads),"
          + "\"leader_changes\":\(report.leaderChanges),\"frames\":\(report.frames),"
          + "\"windows_to_recover\":\(report.windowsToRecover)}")
      return
    }
    print(
      "seed \(report.seed): \(report.decided) decided, \(report.acknowledged) acknowledged, \(report.reads) reads, "
        + "\(report.leaderChanges) leaders, \(report.frames) frames, back after \(report.windowsToRecover) windows"
    )
    if let violation = report.violation {
      let arguments = worldArgument + ((try? reduction().arguments) ?? "")
      print("  \(violation)\n  replay: nodctl sim --seed \(report.seed)\(arguments)")
    }
  }
}
