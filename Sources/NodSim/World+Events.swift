// Everything that happens in a world, one event at a time: for drawing, and for whoever wants to know why. The form on
// disk, one JSON object a line, is specified in docs/performance.md.
import NodCore
import NodStation

package struct WorldEvent: Sendable {
  package enum Kind: Sendable {
    case power(isOn: Bool)
    case radio(isOn: Bool)
    case role(StaticString, ballot: Ballot)
    /// A frame begins: its number, sealed bytes, air time, in which part and cycle of the window, and what it says.
    case sent(
      frame: Int, bytes: Int, air: Microseconds, speech: Speech, cycle: Int, says: FrameContent)
    /// A frame has arrived whole.
    case heard(frame: Int, from: Int, bytes: Int, says: SectionKinds)
    /// It arrived, and its receiver could make nothing of it.
    case rejected(from: Int, bytes: Int, Rejection)
    /// The link loses it.
    case lost(frame: Int, from: Int)
    /// It arrived, and was not read: the receiver was off, dark or transmitting itself, or two frames collided.
    case missed(frame: Int, from: Int, Hearing)
    case synced
    case decided(LogIndex)
    /// The own log ends here.
    case accepted(LogIndex)
    /// It is known here that `member` has accepted so much, on disk.
    case vote(member: Int, LogIndex)
    case submitted(ticket: UInt64)
    case answered(ticket: UInt64, windows: Int)
    /// The disk takes writes again, or not.
    case disk(isFit: Bool)
    /// It stood still for so long.
    case pause(Microseconds)
    case linksChanged
  }
  package var at: Int64
  /// nil: of no member.
  package var member: Int?
  /// The window that the member is in, by its own count; nil: it has no power.
  package var window: UInt32?
  package var kind: Kind
}

extension World {
  func tell(_ member: Int?, _ kind: @autoclosure () -> WorldEvent.Kind) {
    guard let events else { return }
    let window = member.flatMap { i in node(i) { $0.timeline.window } }
    events(WorldEvent(at: now, member: member, window: window, kind: kind()))
  }

  /// What changed in a member since it was last looked at.
  func tellChanges(_ i: Int) {
    guard events != nil, let station = members[i].station else { return }
    let role = station.pointee.node.role.name
    let ballot = station.pointee.node.acceptor.accepted
    let name = String(describing: role)
    if members[i].toldRole != name {
      members[i].toldRole = name
      tell(i, .role(role, ballot: ballot))
    }
    tellLog(i)
    let isFit = !station.pointee.node.isUnfit
    if isFit != members[i].toldFit {
      members[i].toldFit = isFit
      tell(i, .disk(isFit: isFit))
    }
    let commit = station.pointee.node.acceptor.commit
    if commit != members[i].toldCommit {
      members[i].toldCommit = commit
      tell(i, .decided(commit))
    }
  }
}

extension World {
  /// How far the own log and the votes have come.
  private func tellLog(_ i: Int) {
    let (last, ballot) = node(i) { ($0.acceptor.last, $0.votes.ballot) } ?? (.zero, .zero)
    if last != members[i].toldLast {
      members[i].toldLast = last
      tell(i, .accepted(last))
    }
    if ballot != members[i].toldVotes.ballot || members[i].toldVotes.positions.isEmpty {
      members[i].toldVotes = (ballot, [LogIndex](repeating: .zero, count: members.count))
    }
    for j in 0..<members.count {
      let index = node(i) { $0.votes[NodeID(UInt8(j))] } ?? .zero
      guard index > members[i].toldVotes.positions[j] else { continue }
      members[i].toldVotes.positions[j] = index
      tell(i, .vote(member: j, index))
    }
  }
}

/// A frame's content for people: the kinds of its sections by name, and the whole in words.
package struct FrameContent: Sendable {
  package var sections: [String] = []
  package var words = ""

  /// nil: a frame that nobody could open.
  init(_ frame: Frame?, _ settings: ClusterSettings) {
    guard let frame else { return }
    words = FrameWords(frame, settings).text
    sections = FrameWords.sections(of: frame)
  }
}

/// A string of JSON: keys and values that people chose stand in it.
private func jsonText(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"", "\\": result += "\\\(scalar)"
    case _ where scalar.value < 0x20 || scalar.value == 0x7f:
      let hex = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

extension WorldEvent {
  /// The event as one JSON object, without the line's end.
  package var json: String {
    var text = "{\"t\":\(at)"
    if let member { text += ",\"node\":\(member)" }
    if let window { text += ",\"window\":\(window)" }
    switch kind {
    case .power(let isOn): text += ",\"kind\":\"power\",\"on\":\(isOn)"
    case .radio(let isOn): text += ",\"kind\":\"radio\",\"on\":\(isOn)"
    case .role(let name, let ballot):
      text += ",\"kind\":\"role\",\"role\":\"\(name)\",\"ballot\":\"\(ballot.round).\(ballot.node.raw)\""
    case .sent(let frame, let bytes, let air, let speech, let cycle, let says):
      text += ",\"kind\":\"sent\",\"frame\":\(frame),\"bytes\":\(bytes),\"air_us\":\(air.raw),"
      text += "\"speech\":\"\(speech)\",\"cycle\":\(cycle)"
      text += ",\"says\":[\(says.sections.map { "\"\($0)\"" }.joined(separator: ","))]"
      text += ",\"words\":\(jsonText(says.words))"
    case .heard(let frame, let from, let bytes, let says):
      text += ",\"kind\":\"heard\",\"frame\":\(frame),\"from\":\(from),\"bytes\":\(bytes),"
      text += "\"says\":\(WorldEvent.list(says))"
    case .rejected(let from, let bytes, let why):
      text += ",\"kind\":\"rejected\",\"from\":\(from),\"bytes\":\(bytes),\"why\":\"\(why.name)\""
    case .lost(let frame, let from): text += ",\"kind\":\"lost\",\"frame\":\(frame),\"from\":\(from)"
    case .missed(let frame, let from, let why):
      text += ",\"kind\":\"missed\",\"frame\":\(frame),\"from\":\(from),\"why\":\"\(why.rawValue)\""
    case .synced: text += ",\"kind\":\"synced\""
    case .decided(let index): text += ",\"kind\":\"decided\",\"index\":\(index.raw)"
    case .accepted(let index): text += ",\"kind\":\"accepted\",\"index\":\(index.raw)"
    case .vote(let member, let index):
      text += ",\"kind\":\"vote\",\"member\":\(member),\"index\":\(index.raw)"
    case .submitted(let ticket): text += ",\"kind\":\"submitted\",\"ticket\":\(ticket)"
    case .answered(let ticket, let windows):
      text += ",\"kind\":\"answered\",\"ticket\":\(ticket),\"windows\":\(windows)"
    case .disk(let isFit): text += ",\"kind\":\"disk\",\"fit\":\(isFit)"
    case .pause(let span): text += ",\"kind\":\"pause\",\"us\":\(span.raw)"
    case .linksChanged: text += ",\"kind\":\"links\""
    }
    return text + "}"
  }

  private static func list(_ says: SectionKinds) -> String {
    var names: [String] = []
    says.each { names.append("\"\($0.name)\"") }
    return "[" + names.joined(separator: ",") + "]"
  }
}
