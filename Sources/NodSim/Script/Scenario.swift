// A scenario as text: what is set up and what happens, a command a line; then `----` and the exchange that came of it.
// The exchange is held against what it was when somebody last read and accepted it. docs/simulation.md lists the
// commands.
import NodCore

/// Which line cannot be done, and why.
package struct ScenarioError: Error, CustomStringConvertible {
  package var line: Int
  package var text: String
  package var description: String { "line \(line): \(text)" }
}

package struct Scenario {
  package static let separator = "----"
  /// The part above the separator, as it stands in the file.
  package let script: String
  /// What is below it.
  package let exchange: String

  package init(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let end = lines.firstIndex(of: Scenario.separator) ?? lines.count
    script = lines[..<end].joined(separator: "\n")
    exchange = end < lines.count ? lines[(end + 1)...].joined(separator: "\n") : ""
  }

  /// Plays the script.
  ///
  /// - Returns: the exchange, each line ended.
  package func play() throws(ScenarioError) -> String {
    var player = ScenarioPlayer()
    var number = 0
    for line in script.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
      if words.isEmpty { continue }
      do throws(ScenarioPlayer.Trouble) { try player.play(words) } catch {
        throw ScenarioError(line: number, text: error.text)
      }
    }
    return player.finish()
  }
}

private struct ScenarioPlayer {
  struct Trouble: Error { var text: String }

  /// What `lose` names: frames of a sender, to a receiver, with such a section, so many of them.
  private final class Losses {
    var all: [(from: Int, to: Int, kind: String, left: Int)] = []
    func takes(_ from: Int, _ to: Int, _ frame: Frame) -> Bool {
      for i in all.indices
      where all[i].left > 0 && all[i].from == from && all[i].to == to && frame.isSaid(all[i].kind) {
        all[i].left -= 1
        return true
      }
      return false
    }
  }

  private var world: World?
  private let losses = Losses()
  private var commands: [Command] = []
  private var shownFrom = 0
  private var text = ""

  mutating func play(_ words: [String]) throws(Trouble) {
    if words[0] == "cluster" { return try build(words) }
    guard let world else { throw Trouble(text: "a script begins with: cluster nodes=3 seed=1") }
    switch words[0] {
    case "elect":
      guard world.elect(limit: 120) != nil else { throw Trouble(text: "nobody leads: \(world.stateOfAll)") }
      shownFrom = world.exchange!.count
    case "link": try link(world, words)
    case "only": try only(world, words)
    case "command":
      guard let command = world.submit(at: try member(words, 1), key: commands.count) else {
        throw Trouble(text: "\(words[1]) takes no command")
      }
      world.exchange!.note("\(words[1]) is given counter\(commands.count)+1")
      commands.append(command)
    case "read": try read(world, words)
    case "lose":
      guard words.count == 5, let count = Int(words[4]) else { throw Trouble(text: "lose n0 n1 accept 2") }
      losses.all.append((try member(words, 1), try member(words, 2), words[3], count))
      let losses = losses
      world.drops = { losses.takes($0, $1, $2) }
    case "power": try power(world, words)
    case "suspend":
      guard words.count == 3, let span = Microseconds(words: words[2]) else {
        throw Trouble(text: "suspend n0 1h")
      }
      world.suspend(try member(words, 1), for: span)
    case "windows": world.run(windows: try number(words, 1))
    case "skip":
      show(world)
      world.run(windows: try number(words, 1))
      text += "... \(words[1]) windows\n"
      shownFrom = world.exchange!.count
    case "answered": try answered(world, words)
    default: throw Trouble(text: "\(words[0]) is no command")
    }
    if let violation = world.checker.violation { throw Trouble(text: "\(violation)") }
  }

  mutating func finish() -> String {
    guard let world else { return "" }
    show(world)
    let answered = commands.filter { world.isAnswered($0) }.count
    text += "leaders \(world.leaders.map { "n\($0)" }.joined(separator: " ")), "
    text += "\(world.checker.highestDecided) decided, \(answered) of \(commands.count) commands answered\n"
    return text
  }

  private mutating func show(_ world: World) {
    for line in world.exchange!.text(from: shownFrom) { text += line + "\n" }
    shownFrom = world.exchange!.count
  }

  // MARK: commands

  private mutating func build(_ words: [String]) throws(Trouble) {
    var options = WorldOptions()
    options.jitter = Microseconds(100)
    options.driftPPM = 0
    for word in words.dropFirst() {
      let pair = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2 else { throw Trouble(text: "\(word) is not name=value") }
      try set(pair[0], pair[1], &options)
    }
    let world = World(options)
    world.exchange = Trace()
    self.world = world
  }

  private func set(_ name: String, _ value: String, _ options: inout WorldOptions) throws(Trouble) {
    switch (name, Int(value)) {
    case ("nodes", let n?) where (1...NodeID.limit).contains(n): options.memberCount = n
    case ("seed", let n?): options.seed = UInt64(n)
    case ("loss", let n?): options.lossPermille = n * 10
    case ("full", let n?): options.fullEvery = UInt32(n)
    case ("mtu", let n?): options.mtu = n
    case ("snapshot", let n?): options.snapshotEvery = UInt64(n)
    case ("rule", _): options.rule = value == "raft" ? .raft : .paxos
    case ("profile", _):
      guard let profile = Array(value.utf8).withUnsafeBytes({ RadioProfile.named($0) }) else {
        throw Trouble(text: "\(value) is no built-in profile")
      }
      options.use(profile, period: options.period)
    case ("period", _):
      guard let span = Microseconds(words: value) else { throw Trouble(text: "\(value) is no time") }
      options.period = span
    default: throw Trouble(text: "\(name)=\(value) means nothing")
    }
  }

  private func link(_ world: World, _ words: [String]) throws(Trouble) {
    let line = words.dropFirst().joined(separator: " ")
    do throws(TopologyError) {
      world.apply(try Topology(line, memberCount: world.memberCount))
    } catch { throw Trouble(text: error.text) }
    world.exchange!.note("link \(line)")
  }

  /// `only n0-n1 n1-n2`: every other link is cut.
  private func only(_ world: World, _ words: [String]) throws(Trouble) {
    for a in 0..<world.memberCount { world.cut[a] = ~0 }
    for pair in words.dropFirst() {
      let ends = pair.split(separator: "-").map(String.init)
      guard ends.count == 2 else { throw Trouble(text: "\(pair) is no pair like n0-n1") }
      let a = try member(ends, 0)
      let b = try member(ends, 1)
      world.cut[a] &= ~(1 << UInt32(b))
      world.cut[b] &= ~(1 << UInt32(a))
    }
    world.exchange!.note("links: " + words.dropFirst().joined(separator: " ") + " only")
  }

  private func power(_ world: World, _ words: [String]) throws(Trouble) {
    let i = try member(words, 1)
    switch words.last {
    case "off": world.cutPower(i)
    case "on":
      world.powerOn(i)
      world.exchange!.note("n\(i) has power again")
    default: throw Trouble(text: "power n0 on, or off")
    }
  }

  private func read(_ world: World, _ words: [String]) throws(Trouble) {
    let i = try member(words, 1)
    world.traffic.read(world, member: i)
    world.exchange!.note("n\(i) is asked to read")
  }

  /// Runs until every command has its answer, so many windows at most.
  private func answered(_ world: World, _ words: [String]) throws(Trouble) {
    let limit = try number(words, 1)
    let all = commands
    if let took = world.windows(limit, until: { world in all.allSatisfy { world.isAnswered($0) } }) {
      world.exchange!.note("all answered after \(took) windows")
    } else {
      world.exchange!.note("not all answered after \(limit) windows")
    }
  }

  private func number(_ words: [String], _ place: Int) throws(Trouble) -> Int {
    guard place < words.count, let value = Int(words[place]), value > 0 else {
      throw Trouble(text: "\(words[0]) wants a number")
    }
    return value
  }

  private func member(_ words: [String], _ place: Int) throws(Trouble) -> Int {
    guard place < words.count, words[place].first == "n", let i = Int(words[place].dropFirst()),
      let count = world?.memberCount, i >= 0, i < count
    else { throw Trouble(text: "a member like n0 is wanted") }
    return i
  }
}

extension Frame {
  /// Whether it says something of this kind; `any` is all of them.
  package func isSaid(_ kind: String) -> Bool {
    switch kind {
    case "any": true
    case "beacon": prelude.has(Prelude.leads)
    case "accept": has(.entries)
    case "votes": has(.votes)
    case "forward": has(.commands)
    case "prepare": has(.prepare)
    case "promise": has(.promise)
    case "canvass": has(.canvass)
    case "support": has(.support)
    case "alive": has(.alive)
    case "pull": has(.pull) || has(.snapshotPull)
    case "snapshot": has(.snapshotChunk)
    case "read": has(.readRound) || has(.readRequest) || has(.readGrant)
    case "greets": has(.greeting)
    default: false
    }
  }
}
