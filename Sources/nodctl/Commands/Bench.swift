// `nodctl bench`: what the protocol costs and how fast its core is, beside the limit of each figure.
import ArgumentParser
import Foundation
import NodCore
import NodSim

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "bench", abstract: "Measure.")
  @Argument var what: [String] = []

  func run() throws {
    for each in what {
      func seconds() -> Double {
        var t = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t)
        return Double(t.tv_sec) + Double(t.tv_nsec) / 1e9
      }
      switch each {
      case "core":
        let run = CoreThroughputRun()
        _ = run.decide(50_000)
        let begin = seconds()
        let f = run.decide(2_000_000)
        print("core", Double(f.decided) / (seconds() - begin), f)
      case "day":
        let f = simulateDay(quietDay(members: 5, seed: 1), windows: 8_640)
        print("day", seconds(), f)
      case "many":
        for loss in [0, 100, 300, 500] {
          print("many", loss, measureManyVoters(188, profile: .ieee802154nRF52840, lossPermille: loss, commands: 10, seed: 1), seconds())
        }
      default: break
      }
    }
  }
}
