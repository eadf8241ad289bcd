// Everything that happens in a world, one event at a time: for drawing, and for whoever wants to know why. The form on
// disk, one JSON object a line, is specified in docs/performance.md.
import NodCore
import NodStation

package struct WorldEvent: Sendable {
  package enum Kind: Sendable {
    case power(isOn: Bool)
    case radio(isOn: Bool)
    case role(StaticString, ballot: Ballot)
    /// A frame begins: its number, sealed bytes, air time, in which part of which window and cycle, and what it says.
    case sent(
      frame: Int, bytes: Int, air: Microseconds, speech: Speech, window: UInt32, cycle: Int,
      says: FrameContent)
    /// A frame has arrived whole.
    case heard(frame: Int, from: Int)
    /// The link loses it.
    case lost(frame: Int, from: Int)
    /// It arrived, and was not read: the receiver was off, dark or transmitting itself, or two frames collided.
    case missed(frame: Int, from: Int, Hearing)
    case synced
    case decided(LogIndex)
    case submitted(ticket: UInt64)
    case answered(ticket: UInt64, windows: Int)
    case diskTrouble
    case linksChanged
  }
  package var at: Int64
  /// nil: of no member.
  package var member: Int?
  package var kind: Kind
}

extension World {
  func tell(_ member: Int?, _ kind: @autoclosure () -> WorldEvent.Kind) {
    guard let events else { return }
    events(WorldEvent(at: now, member: member, kind: kind()))
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
    let commit = station.pointee.node.acceptor.commit
    if commit != members[i].toldCommit {
      members[i].toldCommit = commit
      tell(i, .decided(commit))
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
    switch kind {
    case .power(let isOn): text += ",\"kind\":\"power\",\"on\":\(isOn)"
    case .radio(let isOn): text += ",\"kind\":\"radio\",\"on\":\(isOn)"
    case .role(let name, let ballot):
      text += ",\"kind\":\"role\",\"role\":\"\(name)\",\"ballot\":\"\(ballot.round).\(ballot.node.raw)\""
    case .sent(let frame, let bytes, let air, let speech, let window, let cycle, let says):
      text += ",\"kind\":\"sent\",\"frame\":\(frame),\"bytes\":\(bytes),\"air_us\":\(air.raw),"
      text += "\"speech\":\"\(speech)\",\"window\":\(window),\"cycle\":\(cycle)"
      text += ",\"says\":[\(says.sections.map { "\"\($0)\"" }.joined(separator: ","))]"
      text += ",\"words\":\(jsonText(says.words))"
    case .heard(let frame, let from): text += ",\"kind\":\"heard\",\"frame\":\(frame),\"from\":\(from)"
    case .lost(let frame, let from): text += ",\"kind\":\"lost\",\"frame\":\(frame),\"from\":\(from)"
    case .missed(let frame, let from, let why):
      text += ",\"kind\":\"missed\",\"frame\":\(frame),\"from\":\(from),\"why\":\"\(why.rawValue)\""
    case .synced: text += ",\"kind\":\"synced\""
    case .decided(let index): text += ",\"kind\":\"decided\",\"index\":\(index.raw)"
    case .submitted(let ticket): text += ",\"kind\":\"submitted\",\"ticket\":\(ticket)"
    case .answered(let ticket, let windows):
      text += ",\"kind\":\"answered\",\"ticket\":\(ticket),\"windows\":\(windows)"
    case .diskTrouble: text += ",\"kind\":\"disk\""
    case .linksChanged: text += ",\"kind\":\"links\""
    }
    return text + "}"
  }
}
