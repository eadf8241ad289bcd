// `nodctl sim` with a world of one's own: what is refused, with the value that would be taken.
import ArgumentParser
import Testing

@testable import NodConsole
@testable import nodctl

@Suite struct OwnWorldTests {
  @Test(arguments: [
    (["--nodes", "32"], "--nodes: allowed is 1 to 31"),
    (["--period", "0.05"], "--period: allowed is 0.1 to 900"),
    (["--loss", "96"], "--loss: allowed is 0 to 95"),
    (["--rule", "zab"], "--rule zab: allowed are paxos and raft"),
    (["--host", "pi"], "--host pi: allowed are none and pi-zero-2w"),
    (["--burst", "0"], "--burst: allowed is 1 to 1000"),
  ])
  func whatNoWorldCanBeIsRefused(arguments: [String], text: String) {
    do {
      _ = try Simulate.parse(arguments)
      Issue.record("was taken")
    } catch {
      #expect(Simulate.message(for: error).contains(text))
    }
  }

  @Test(arguments: [
    (["--profile", "lora-sf12-eu868", "--period", "60"], "the least period is"),
    (["--profile", "lora-sf9-eu868", "--period", "60"], "the least period is"),
    (["--profile", "none"], "--profile none: built in are"),
    (["--nodes", "31", "--period", "0.1"], "one cycle of 31 members takes"),
  ])
  func whatTheRadioCannotCarryIsRefused(arguments: [String], text: String) throws {
    let command = try Simulate.parse(arguments)
    do {
      try command.run()
      Issue.record("was run")
    } catch {
      #expect(Simulate.message(for: error).contains(text))
    }
  }

  @Test func withoutSuchOptionsASeedIsReplayed() throws {
    #expect(try !Simulate.parse(["--seed", "3"]).own.isAskedFor)
    #expect(try Simulate.parse(["--loss", "0"]).own.isAskedFor)
  }
}
