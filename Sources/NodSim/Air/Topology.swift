// Who hears whom, from a small text: a line for a link or a default, `at` before it for a change that comes later.
//
//     # a valley: the ridge hears both sides
//     all loss 10
//     n1 -> n2 loss 30           one way, in percent
//     n0 -- n3 cut               both ways
//     n2 -> n0 burst 20s 200s    bad for 20 s on average, good for 200 s
//     at 90s n0 -- n3 whole
//
// docs/simulation.md describes it for those who write one.
import NodCore

/// What becomes of a directed link.
package enum LinkState: Sendable, Equatable {
  case cut
  /// Neither cut nor unlike the others any more.
  case whole
  case lossPermille(Int)
  case bursts(Bursts)
}

package struct LinkChange: Sendable, Equatable {
  /// From the beginning of the world.
  package var at: Microseconds
  /// nil: from everybody to everybody.
  package var link: (from: Int, to: Int)?
  package var state: LinkState

  package init(at: Microseconds = .zero, from: Int, to: Int, _ state: LinkState) {
    self.at = at
    link = (from, to)
    self.state = state
  }
  init(at: Microseconds, everywhere state: LinkState) {
    self.at = at
    self.state = state
  }
  package static func == (a: LinkChange, b: LinkChange) -> Bool {
    a.at == b.at && a.state == b.state && a.link?.from == b.link?.from && a.link?.to == b.link?.to
  }
}

/// Which line is wrong, and how.
package struct TopologyError: Error, CustomStringConvertible, Equatable {
  package var line: Int
  package var text: String
  package var description: String { "line \(line): \(text)" }
}

package struct Topology: Sendable, Equatable {
  package private(set) var changes: [LinkChange] = []

  /// All links alike, from the beginning.
  package init(everywhere state: LinkState) { changes = [LinkChange(at: .zero, everywhere: state)] }

  package init(_ text: String, memberCount: Int) throws(TopologyError) {
    var number = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }.map(String.init)
      if words.isEmpty { continue }
      var reader = LineReader(words: words, line: number, memberCount: memberCount)
      changes += try reader.changes()
    }
  }
}

/// The words of one line.
private struct LineReader {
  let words: [String]
  let line: Int
  let memberCount: Int
  private var place = 0

  init(words: [String], line: Int, memberCount: Int) {
    self.words = words
    self.line = line
    self.memberCount = memberCount
  }

  private func wrong(_ text: String) -> TopologyError { TopologyError(line: line, text: text) }
  private mutating func next(_ what: String) throws(TopologyError) -> String {
    guard place < words.count else { throw wrong("\(what) is missing") }
    place += 1
    return words[place - 1]
  }

  mutating func changes() throws(TopologyError) -> [LinkChange] {
    var at = Microseconds.zero
    if words[0] == "at" {
      place = 1
      at = try span()
    }
    let first = try next("a member like n0, or all")
    if first == "all" {
      let state = try state()
      try end()
      return [LinkChange(at: at, everywhere: state)]
    }
    let from = try member(first)
    let arrow = try next("-> or --")
    guard arrow == "->" || arrow == "--" else { throw wrong("\(arrow) is neither -> nor --") }
    let to = try member(try next("a second member"))
    guard from != to else { throw wrong("a link has two ends") }
    let state = try state()
    try end()
    var all = [LinkChange(at: at, from: from, to: to, state)]
    if arrow == "--" { all.append(LinkChange(at: at, from: to, to: from, state)) }
    return all
  }

  private func end() throws(TopologyError) {
    if place < words.count { throw wrong("\(words[place]) is too much") }
  }

  private func member(_ word: String) throws(TopologyError) -> Int {
    guard word.first == "n", let slot = Int(word.dropFirst()), slot >= 0, slot < memberCount else {
      throw wrong("\(word) is no member: n0 to n\(memberCount - 1)")
    }
    return slot
  }

  private mutating func state() throws(TopologyError) -> LinkState {
    switch try next("cut, whole, loss or burst") {
    case "cut": return .cut
    case "whole": return .whole
    case "loss": return .lossPermille(try percent())
    case "burst":
      let bad = try span()
      let good = try span()
      let permille = place < words.count ? try percent() : 1000
      return .bursts(Bursts(meanBad: bad, meanGood: good, lossPermille: permille))
    case let word: throw wrong("\(word) is none of cut, whole, loss and burst")
    }
  }

  private mutating func percent() throws(TopologyError) -> Int {
    let word = try next("a percentage")
    guard let value = Double(word), value >= 0, value <= 100 else { throw wrong("\(word) is no percentage") }
    return Int((value * 10).rounded())
  }

  /// `250ms`, `20s`, `5min`, `2h`.
  private mutating func span() throws(TopologyError) -> Microseconds {
    let word = try next("a time like 20s")
    guard let span = Microseconds(words: word), span.raw >= 1000 || span == .zero else {
      throw wrong("\(word) is no time: 250ms, 20s, 5min, 2h")
    }
    return span
  }
}

extension Microseconds {
  /// A whole number and its unit: ms, s, min, h or d.
  init?(words text: String) {
    let digits = text.prefix { $0.isNumber }
    let units: [String: Int64] = [
      "ms": 1000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000,
    ]
    guard let number = Int64(digits), let unit = units[String(text.dropFirst(digits.count))] else {
      return nil
    }
    self.init(number * unit)
  }
}

extension World {
  /// Lays the links as the topology says, now and at the times that it names, counted from the world's beginning.
  package func apply(_ topology: Topology) {
    for change in topology.changes {
      if change.at.raw <= now {
        changeLink(change)
      } else {
        plannedLinks.append(change)
        queue.plan(.links(number: plannedLinks.count - 1), at: change.at.raw)
      }
    }
  }

  func changeLink(_ change: LinkChange) {
    guard let link = change.link else {
      for a in 0..<memberCount { for b in 0..<memberCount where a != b { set(a, b, change.state) } }
      return
    }
    set(link.from, link.to, change.state)
  }

  private func set(_ a: Int, _ b: Int, _ state: LinkState) {
    switch state {
    case .cut: cut[a] |= 1 << UInt32(b)
    case .whole:
      cut[a] &= ~(1 << UInt32(b))
      links.setLoss(nil, from: a, to: b)
      links.setBursts(nil, from: a, to: b)
    case .lossPermille(let loss): links.setLoss(loss, from: a, to: b)
    case .bursts(let bursts): links.setBursts(bursts, from: a, to: b)
    }
  }
}
