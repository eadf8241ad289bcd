// A captured frame as a line for people, or as one JSON object.
import Foundation
import NodConsole
import NodCore
import NodSecurity
import NodSim

struct DecodedFrame {
  let frame: CapturedFrame
  /// nil: there were no keys.
  let verdict: FrameOpener.Verdict?
  private var sections: [String] = []
  private var words = ""
  private var prelude: Prelude?
  private var flaw: String?

  /// - Parameter opener: names members, and knows how many there are; nil without keys.
  init(_ frame: CapturedFrame, _ verdict: FrameOpener.Verdict?, _ opener: FrameOpener?) {
    self.frame = frame
    self.verdict = verdict
    guard case .opened(let body)? = verdict, case .success(let header) = frame.header, let opener else {
      return
    }
    body.withUnsafeBytes { raw in
      do throws(FrameError) {
        let decoded = try Frame(decoding: Bytes(raw), from: header.sender)
        prelude = decoded.prelude
        sections = FrameWords.sections(of: decoded)
        // What an entry may hold at most: a frame's own bound is the tighter one here.
        words =
          FrameWords(
            decoded, memberCount: opener.memberCount, payloadLimit: 1024, name: { opener.name($0) }
          ).text
      } catch {
        flaw = "opens, but is malformed: \(error)"
      }
    }
  }

  var isOpen: Bool { prelude != nil }
  /// Why it was not read; nil when it was, or when there were no keys and its header is in order.
  var reason: String? {
    if let flaw { return flaw }
    if case .closed(let why)? = verdict { return why }
    if case .failure(let error) = frame.header { return error.text }
    return nil
  }

  /// "  1.250381  n2         #118  beacon b1.1 decided 7 ..."
  func line(since start: Int64, name: (Int) -> String, to receivers: [String]) -> String {
    let time = String(format: "%11.6f", Double(frame.packet.nanoseconds - start) / 1e9)
    let source = Datagram.end(frame.datagram.source, frame.datagram.sourcePort)
    guard case .success(let header) = frame.header else {
      return
        "\(time)  \(source) > \(receivers.joined(separator: " "))  \(frame.datagram.count) bytes: \(reason ?? "")"
    }
    let salt = header.salt.map { " salt \(DecodedFrame.hex($0))" } ?? ""
    if verdict == nil {
      return "\(time)  \(source) > \(receivers.joined(separator: " "))  v\(FrameHeader.version)"
        + " \(header.salt == nil ? "ordinary" : "salted")  sender \(header.sender.raw)  epoch \(header.epoch)"
        + "  counter \(header.counter) \(salt)  \(frame.datagram.count) bytes"
    }
    let who = pad(name(Int(header.sender.raw)), 8, false)
    let number = pad("#\(header.counter)", 7, true)
    let content = reason.map { "(\($0))" } ?? safe(words)
    return "\(time)  \(who) \(number)  \(content)\(salt.isEmpty ? "" : "  with its\(salt)")"
  }

  var json: String {
    let d = frame.datagram
    var fields = [
      "\"packet\":\(frame.packet.number)", "\"offset\":\(d.offset)",
      "\"time_ns\":\(frame.packet.nanoseconds)",
      "\"source\":\(jsonText(Datagram.end(d.source, d.sourcePort)))",
      "\"destination\":\(jsonText(Datagram.end(d.destination, d.destinationPort)))",
      "\"length\":\(d.count)",
      "\"copy_of\":\(frame.copyOf.map { "\($0)" } ?? "null")",
    ]
    if case .success(let header) = frame.header {
      fields += [
        "\"version\":\(FrameHeader.version)", "\"type\":\(header.salt == nil ? 0 : 1)",
        "\"sender\":\(header.sender.raw)", "\"epoch\":\(header.epoch)", "\"counter\":\(header.counter)",
        "\"salt\":\(header.salt.map { jsonText(DecodedFrame.hex($0)) } ?? "null")",
      ]
    }
    if verdict != nil { fields.append("\"opened\":\(isOpen)") }
    if let prelude {
      fields += [
        "\"window\":\(prelude.window)", "\"promised\":\(jsonText(text(prelude.promised)))",
        "\"accepted\":\(jsonText(text(prelude.accepted)))",
        "\"decided\":\(prelude.decided.raw)",
        "\"says\":[\(sections.map { jsonText($0) }.joined(separator: ","))]",
        "\"words\":\(jsonText(words))",
      ]
    }
    fields.append("\"why\":\(reason.map { jsonText($0) } ?? "null")")
    return "{" + fields.joined(separator: ",") + "}"
  }

  /// All sixteen digits, as Wireshark shows them.
  private static func hex(_ salt: UInt64) -> String {
    let digits = String(salt, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private func text(_ ballot: Ballot) -> String { "\(ballot.round).\(ballot.node.raw)" }
}
