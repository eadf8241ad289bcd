// nodctl report: from traces to one page that shows what happened and why, to one drawing, or to the figures.
import ArgumentParser
import Foundation
import NodAgent
import NodCore

struct MakeReport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Make one HTML page of a trace: who led and why, each frame, what it cost.",
    discussion: """
      The files are traces of the simulator (nodctl sim --trace FILE), or one of each agent (nodctl trace --json). The \
      page needs no network and nothing beside it.

      Examples:
        nodctl sim --nodes 5 --loss 30 --burst 3 --kill 60 --hours 2 --load 1 --trace run.jsonl
        nodctl report run.jsonl --out run.html
        nodctl report gate.jsonl barn.jsonl well.jsonl --out farm.html
        nodctl report run.jsonl --svg --from-window 120 --windows 4 --out election.svg
      """)

  /// Frames that a page draws without delay, and that a browser loads within seconds.
  private static let frameLimit = 200_000

  @Argument(help: ArgumentHelp("Traces, one JSON object a line.", valueName: "trace.jsonl"))
  var files: [String]

  @Option(help: ArgumentHelp("The file to write; without it, standard output.", valueName: "file"))
  var out: String?

  @Flag(help: "Draw one space-time diagram as SVG instead.") var svg = false
  @Flag(help: "Print the figures and the story as JSON instead.") var json = false

  @Option(help: ArgumentHelp("Begin with this window.", valueName: "window")) var fromWindow: Int64?
  @Option(help: ArgumentHelp("So many windows.", valueName: "windows")) var windows: Int64?

  @Option(help: ArgumentHelp("The members' names by slot, with commas between them.", valueName: "names"))
  var names: String?

  @Option(
    help: ArgumentHelp(
      "The radio, for the charge that it drew: a built-in name or a profile file.", valueName: "profile"))
  var profile: String?

  @Option(help: ArgumentHelp("The page's title. (default: the files' names)", valueName: "text")) var title:
    String?

  func validate() throws {
    if svg && json { throw ValidationError("--svg and --json: one of them.") }
    if let windows, !(1...1_000_000).contains(windows) {
      throw ValidationError("--windows: allowed is 1 to 1000000.")
    }
    if let fromWindow, !(0...Int64(UInt32.max)).contains(fromWindow) {
      throw ValidationError("--from-window: allowed is 0 to 4294967295.")
    }
    if names?.split(separator: ",").count ?? 0 > Trace.slots.count {
      throw ValidationError("--names: at most 31.")
    }
  }

  func run() throws {
    let whole = try TraceFiles.read(files, names: names?.split(separator: ",").map(String.init) ?? [])
    if svg { return try write(try drawing(whole)) }
    let trace = try chosen(whole)
    let story = Story(trace, Leaderships(trace))
    let figures = TraceFigures(trace, profile: try radio(trace))
    if json { return try write(ReportFigures(trace, story, figures).text + "\n") }
    guard trace.frames.count <= Self.frameLimit else {
      throw Trouble(
        .usage, "\(trace.frames.count) frames are more than a page can show (\(Self.frameLimit))",
        "choose a span of windows: --from-window WINDOW --windows COUNT")
    }
    let data = PageData(trace, story, figures, FoldedTime(trace)).text(title: pageTitle)
    try write(ReportPage.text(title: pageTitle, data: data))
  }

  private var pageTitle: String {
    title
      ?? files.map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent }.joined(
        separator: ", ")
  }

  private func radio(_ trace: Trace) throws -> RadioProfile? {
    let name = profile ?? trace.profile
    if name.isEmpty { return nil }
    if ProfileCatalogue.isFile(name), profile != nil {
      do throws(ConfigurationErrors) { return try ProfileCatalogue.read(path: name) } catch {
        throw Trouble(.usage, error.all.map { $0.description }.joined(separator: "\n"))
      }
    }
    let known = ProfileCatalogue.builtIn(name)
    if known == nil, profile != nil {
      throw Trouble(
        .usage, "--profile \(name): built in are \(ProfileCatalogue.builtInNames.joined(separator: ", "))")
    }
    return known
  }

  /// The span of windows that is asked for, in time; nil: all.
  private func span(_ trace: Trace) throws -> Trace.Span? {
    guard fromWindow != nil || windows != nil else { return nil }
    guard let first = trace.grid.anchors.first?.number, let last = trace.grid.anchors.last?.number else {
      throw Trouble(
        .usage, "no frame of this trace tells its window: --from-window and --windows have nothing to count")
    }
    let begin = fromWindow ?? first
    guard (first...last).contains(begin) else {
      throw Trouble(.usage, "--from-window \(begin): the trace has the windows \(first) to \(last)")
    }
    let end = begin + (windows ?? last - begin + 1)
    let before = trace.grid.period / 4
    guard let from = trace.grid.time(of: begin), let to = trace.grid.time(of: end) else { return nil }
    return Trace.Span(from: max(trace.start, from - before), to: min(trace.end, to - before))
  }

  private func chosen(_ trace: Trace) throws -> Trace {
    guard let span = try span(trace) else { return trace }
    return trace.cut(to: span)
  }

  private func drawing(_ trace: Trace) throws -> String {
    let span = try span(trace) ?? usualSpan(trace)
    let count = trace.frames(from: span.from, to: span.to).count
    guard count <= SpaceTimeDrawing.frameLimit else {
      throw Trouble(
        .usage, "\(count) frames are more than one drawing can show (\(SpaceTimeDrawing.frameLimit))",
        "choose fewer windows: --from-window WINDOW --windows COUNT")
    }
    var drawing = SpaceTimeDrawing(trace, FoldedTime(trace.cut(to: span)), from: span.from, to: span.to)
    return drawing.text()
  }

  /// The last change of the leader, or else the beginning.
  private func usualSpan(_ trace: Trace) -> Trace.Span {
    let period = max(1, trace.grid.period)
    if let last = Story(trace, Leaderships(trace)).chapters.last {
      let from = max(last.showFrom, last.leadership.from - 12 * period)
      return Trace.Span(from: max(trace.start, from - period / 4), to: min(trace.end, last.showTo))
    }
    return Trace.Span(from: trace.start, to: min(trace.end, trace.start + 4 * period))
  }

  private func write(_ text: String) throws {
    guard let out else {
      FileHandle.standardOutput.write(Data(text.utf8))
      return
    }
    do { try Data(text.utf8).write(to: URL(fileURLWithPath: out)) } catch {
      throw Trouble(.usage, "\(out) cannot be written: \(systemReason(error))")
    }
  }
}
