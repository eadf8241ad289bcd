// nodctl explain: how one entry of the log came to be decided.
import ArgumentParser
import Foundation
import NodConsole
import NodCore

extension Nodctl {
  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "How one entry of the log was decided, window by window.",
      discussion: """
        Who was awake, who sent, what became of each frame, how the votes became known, and when each node \
        learned the decision. One node tells what it saw itself; several tell what was lost between them. Nodes \
        keep the events of a short while only: a trace in a file (nodctl trace --json, nodctl sim --trace) keeps \
        them all. Exits with 1 when nothing of that entry's time is left.

        Examples:
          nodctl explain 42 --node local/n1 --node local/n2 --node local/n3
          nodctl explain 42 --trace events.jsonl
        """)

    @Argument(help: "The entry's index in the log.")
    var index: UInt64

    @OptionGroup var nodes: SeveralNodes

    @Option(
      parsing: .upToNextOption,
      help: ArgumentHelp("Traces instead of running nodes: JSON lines.", valueName: "file"))
    var trace: [String] = []

    func validate() throws {
      if index == 0 || index > UInt64(nodctl.Trace.largest) {
        throw ValidationError("the first entry of a log has index 1.")
      }
      if !trace.isEmpty, !nodes.node.isEmpty || !nodes.socket.isEmpty {
        throw ValidationError("--trace takes the place of --node and --socket: give one of them.")
      }
    }

    func run() throws {
      let told = trace.isEmpty ? try askedNodes() : (try TraceFiles.read(trace, names: []), nil)
      let explanation = Explanation(told.0, index: Int64(index), seen: told.1?["seen_window"]?.integer)
      let style = Style()
      guard !explanation.windows.isEmpty else {
        throw Trouble(
          .negative,
          "nothing of the time of entry \(index) is left in \(trace.isEmpty ? "these nodes" : "these files")",
          "is it in the log at all? nodctl log", "keep a trace from now on: nodctl trace --json > FILE")
      }
      if nodes.json { return Console.put(jsonText(explanation.value(entry: told.1))) }
      Console.put(heading(told.1, style))
      Console.put(explanation.lines(style))
    }

    /// The traces of all nodes that are asked, and the entry as one of them has it.
    private func askedNodes() throws -> (nodctl.Trace, RESPValue?) {
      var builder = TraceBuilder(names: [])
      var entry: RESPValue?
      for link in try nodes.links() {
        let client = try link.connect()
        let status = try link.answer(from: client, ["NOD", "STATUS"])
        let cast = Cast(status: status, peers: try link.answer(from: client, ["NOD", "PEERS"]))
        builder.beginFile()
        try add(about(cast), to: &builder)
        let log = try link.answer(from: client, ["NOD", "LOG", String(index), "1"])
        if let found = log.elements.first, found["index"]?.integer == Int64(index) {
          if entry == nil || entry?["seen_window"]?.integer == nil { entry = found }
        }
        try addEvents(link, client, to: &builder)
      }
      return (builder.finish(), entry)
    }

    /// All that the node's ring holds now, from the oldest on.
    private func addEvents(_ link: NodeLink, _ client: RESPClient, to builder: inout TraceBuilder) throws {
      let batch = 256
      var next: Int64 = 0
      while true {  // bounded by the ring: it ends when the newest event is told
        let page = try link.answer(from: client, ["NOD", "TRACE", String(next), String(batch)])
        let events = page["events"]?.elements ?? []
        for event in events { try add(jsonText(event), to: &builder) }
        guard events.count >= batch / 2, let further = page["next"]?.integer else { return }
        next = further
      }
    }

    /// The line that says who there is, as a trace in a file begins.
    private func about(_ cast: Cast) -> String {
      jsonText([
        .init(key: "kind", value: .text("cluster")),
        .init(key: "members", value: .list(cast.names.map { .text($0) })),
        .init(key: "period_us", value: .integer(cast.period)),
      ])
    }

    private func add(_ text: String, to builder: inout TraceBuilder) throws {
      let read = Array(text.utf8).withUnsafeBufferPointer { TraceLine.read($0) }
      switch read {
      case .success(let line): builder.add(line)
      case .failure(let flaw):
        throw Trouble(.unreachable, "the node tells an event that is none: \(flaw.text)")
      }
    }

    private func heading(_ entry: RESPValue?, _ style: Style) -> String {
      var text = style.heading("entry \(index)")
      guard let entry else { return text }
      if let what = entry["what"] { text += ": " + plainText(what) }
      if let from = entry["from"], from != .none { text += "; from " + plainText(from) }
      if let proposer = entry["proposer"], proposer != .none {
        text += "; proposed by " + plainText(proposer)
      }
      if let windows = entry["windows"]?.integer {
        text += "; decided in \(windows) \(windows == 1 ? "window" : "windows")"
      }
      return text
    }
  }
}
