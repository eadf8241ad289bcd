// `nodctl bench`: what the protocol costs and how fast its core is, with the limit beside each figure. What the limits
// are and how the tables are to be read is in docs/performance.md.
import ArgumentParser
import Foundation
import NodSim

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure what the protocol costs, against the limits of each figure.",
    discussion: """
      Everything but `core`, `seal` and `simulator` is simulated from the seed and comes out alike on every machine. \
      Those three are measured in CPU seconds of this one.

      Tables: \(Name.allCases.map { $0.rawValue }.joined(separator: ", ")).

      Example:
        nodctl bench                     all of them
        nodctl bench --quick idle core   two, with little effort
      """)

  enum Name: String, CaseIterable, ExpressibleByArgument {
    case command, flow, real, idle, election, voters, baseline, core, seal, simulator
  }

  @Argument(help: "Which tables; all when none is named.") var tables: [Name] = []
  @Flag(help: "A tenth of the effort: figures scatter more.") var quick = false
  @Option(help: "The seed of everything simulated.") var seed: UInt64 = 1
  @Flag(help: "Print one JSON object a row.") var json = false

  func run() throws {
    let effort = quick ? Effort.quick : .full
    let progress = Progress()
    for name in tables.isEmpty ? Name.allCases : tables {
      let sheets: [Sheet]
      switch name {
      case .command: sheets = [commandSheet(effort, seed: seed, isFlowing: false, progress)]
      case .flow: sheets = [commandSheet(effort, seed: seed, isFlowing: true, progress)]
      case .real: sheets = [realSheet(effort, seed: seed, progress)]
      case .idle: sheets = [idleSheet(effort, seed: seed, progress)]
      case .election: sheets = [electionSheet(effort, seed: seed, progress)]
      case .voters: sheets = [votersSheet(effort, seed: seed, progress)]
      case .baseline:
        sheets = [
          baselineSheet(effort, seed: seed, progress), baselineSafetySheet(effort, seed: seed, progress),
        ]
      case .core: sheets = [coreSheet(effort, progress)]
      case .seal: sheets = [sealSheet()]
      case .simulator: sheets = [simulatorSheet(seed: seed, progress)]
      }
      progress.end()
      for sheet in sheets { sheet.show(json: json) }
    }
  }
}
