// nodctl demo: what can be seen, and the two generals themselves.
import ArgumentParser
import NodConsole

extension Nodctl {
  struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Demonstrations: the problem that consensus solves, and what it costs.",
      discussion: """
        Example:
          nodctl demo two-generals --loss 0.5
        """,
      subcommands: [TwoGenerals.self])

    func run() {
      var table = Table(headings: ["demo", "what it shows"])
      table.add(["nodctl demo two-generals", "why acknowledgements never suffice, in figures from real runs"])
      table.add(["tools/demo", "three agents on this machine elect, decide, lose their leader and go on"])
      for line in table.lines(Style()) { print(line) }
    }
  }

  struct TwoGenerals: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "two-generals",
      abstract: "Two generals who must attack together, over a link that loses messages.",
      discussion: """
        General A proposes an hour, B acknowledges, A acknowledges the acknowledgement, and so on. Each \
        attacks when he has received the last message that is meant for him. Shown for chains of 1 to 10 \
        messages: how often both attack, how often one attacks alone, and how often at least one of them \
        cannot tell what the other does.

        Example:
          nodctl demo two-generals --loss 0.5 --trials 10000 --seed 7
        """)

    private static let longestChain = 10

    @Option(help: ArgumentHelp("The share of messages that is lost, 0.001 to 0.99.", valueName: "share"))
    var loss = 0.3

    @Option(help: ArgumentHelp("Runs of each chain, 1 to 1000000.", valueName: "runs"))
    var trials = 1000

    @Option(help: ArgumentHelp("The same seed gives the same runs; without it, another one each time."))
    var seed: UInt64?

    @Flag(help: "Answer in JSON.")
    var json = false

    func validate() throws {
      guard (0.001...0.99).contains(loss) else {
        throw ValidationError(
          "--loss \(loss): allowed is 0.001 to 0.99 (0.3: three messages of ten are lost).")
      }
      guard (1...1_000_000).contains(trials) else {
        throw ValidationError("--trials \(trials): allowed is 1 to 1000000.")
      }
    }

    func run() throws {
      let seed = seed ?? UInt64.random(in: 1...999_999)
      var random = SeededRandom(seed: seed)
      let chains = (1...Self.longestChain).map {
        ChainFigures(length: $0, trials: trials, loss: loss, random: &random)
      }
      // A cluster per trial, cold start included: a hundredth as many say enough.
      let paxos = agreements(trials: max(20, trials / 100), loss: loss, seed: seed)
      if json { return print(jsonText(fields(chains, paxos, seed))) }
      let style = Style()
      print(style.heading("Two generals and plain acknowledgements"))
      print(
        "\(Units.percent(loss)) of the messages are lost; \(trials) trials of each chain; --seed \(seed)\n")
      for line in chainLines(chains, loss: loss, style: style) { print(line) }
      guard let paxos else { return }
      print("")
      for line in agreementLines(paxos, style: style) { print(line) }
      if paxos.contradictions > 0 { try finish(.negative) }
    }

    private func fields(
      _ chains: [ChainFigures], _ paxos: AgreementFigures?, _ seed: UInt64
    ) -> [RESPValue.Field] {
      let rows = chains.map { row in
        RESPValue.map([
          .init(key: "messages", value: .integer(Int64(row.length))),
          .init(key: "both_attack", value: .integer(Int64(row.victories))),
          .init(key: "one_alone", value: .integer(Int64(row.disasters))),
          .init(key: "uncertain", value: .integer(Int64(row.uncertain))),
          .init(
            key: "one_alone_expected_share",
            value: .decimal("\(ChainFigures.expectedDisasters(length: row.length, loss: loss))")),
        ])
      }
      var fields: [RESPValue.Field] = [
        .init(key: "loss", value: .decimal("\(loss)")), .init(key: "trials", value: .integer(Int64(trials))),
        .init(key: "seed", value: .integer(Int64(clamping: seed))),
        .init(key: "acknowledgements", value: .list(rows)),
      ]
      if let paxos {
        fields.append(
          .init(
            key: "paxos",
            value: .map([
              .init(key: "contradictions", value: .integer(Int64(paxos.contradictions))),
              .init(key: "windows_mean", value: .decimal("\(AgreementFigures.mean(paxos.windows))")),
              .init(key: "frames_mean", value: .decimal("\(AgreementFigures.mean(paxos.frames))")),
            ])))
      }
      return fields
    }
  }
}
