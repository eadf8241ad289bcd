// nodctl decode: the frames in a capture file, as people read them.
import ArgumentParser
import Foundation
import NodConsole

struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read the frames in a capture (pcap or pcapng), with a member's keys or without.",
    discussion: """
      Without --keys, what stands in clear: version, type, sender, key epoch, counter, start salt. With the keys of \
      any member of the cluster, what each frame says. Salts are gathered from the whole capture first, so that frames \
      are read that came before the one that tells theirs.

      Examples:
        tcpdump -i wlan0 -w field.pcap udp
        nodctl decode field.pcap --keys farm/gate
        nodctl decode field.pcap --port 7200 --json

      Exit codes: 0 all was read; 1 with keys, no frame could be opened; 2 the file is damaged: what stands before is \
      printed.
      """)

  @Argument(help: ArgumentHelp("The capture.", valueName: "file.pcap")) var file: String

  @Option(
    help: ArgumentHelp(
      "A member's directory, with nod.conf, roster, node.key and group.key.", valueName: "dir"))
  var keys: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Only datagrams from or to these UDP ports. (default: all that look like frames, and ports 7100 to 7131)",
      valueName: "port"))
  var port: [Int] = []

  @Flag(help: "Print JSON, one object a datagram.") var json = false

  func validate() throws {
    for each in port where !(1...65535).contains(each) {
      throw ValidationError("--port \(each): allowed is 1 to 65535.")
    }
  }

  func run() throws {
    let opener = try keys.map { try FrameOpener(directory: $0) }
    let capture = CaptureFile(try bytes())
    var finder = DatagramFinder(capture.view)
    let frames = CapturedFrame.all(in: capture, ports: port.isEmpty ? nil : Swift.Set(port), finder: &finder)
    if let opener { for frame in frames { opener.learn(frame, capture.view) } }
    let decoded = frames.map { DecodedFrame($0, opener?.open($0, capture.view), opener) }
    if json { for frame in decoded { print(frame.json) } } else { show(decoded, capture, opener) }
    for type in finder.unknownLinkTypes.sorted() {
      Console.complain(
        "nodctl: \(file): packets of link type \(type) were left out: not Ethernet, Linux cooked, IP or loopback"
      )
    }
    if finder.fragments > 0 {
      Console.complain("nodctl: \(file): \(finder.fragments) fragments of IP packets were left out")
    }
    if let flaw = capture.flaw { throw Trouble(.usage, "\(file): at byte \(flaw.offset): \(flaw.text)") }
    if opener != nil, !decoded.isEmpty, !decoded.contains(where: \.isOpen) { try finish(.negative) }
  }

  private func bytes() throws -> [UInt8] {
    do { return [UInt8](try Data(contentsOf: URL(fileURLWithPath: file))) } catch {
      throw Trouble(.usage, "\(file) cannot be read: \(systemReason(error))")
    }
  }

  /// A line a frame: copies to the other members of a unicast cluster are told on the line of the first.
  private func show(_ decoded: [DecodedFrame], _ capture: CaptureFile, _ opener: FrameOpener?) {
    let start = capture.packets.first?.nanoseconds ?? 0
    var receivers: [Int: [String]] = [:]
    for each in decoded {
      let d = each.frame.datagram
      receivers[each.frame.copyOf ?? each.frame.packet.number, default: []].append(
        Datagram.end(d.destination, d.destinationPort))
    }
    var count = 0
    for each in decoded where each.frame.copyOf == nil {
      count += 1
      print(
        each.line(
          since: start, name: { opener?.name($0) ?? "slot \($0)" },
          to: receivers[each.frame.packet.number] ?? []))
    }
    var summary = "\(capture.packets.count) packets, \(decoded.count) datagrams with \(count) frames"
    if opener != nil {
      let closed = decoded.count { $0.frame.copyOf == nil && !$0.isOpen }
      summary += ", \(count - closed) opened"
    }
    print(summary)
  }
}
