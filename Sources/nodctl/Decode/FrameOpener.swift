// Opens captured frames with the keys of any member. An agent hears frames as they come; a capture may begin in the
// middle of a start, whose salt stands only in some of its frames. So salts are gathered from the whole capture
// first, each proven by a frame that opens under it, and then every frame is tried with those of its sender.
import NodAgent
import NodCore
import NodSecurity

final class FrameOpener {
  enum Verdict {
    case opened([UInt8])
    /// Why not, as a person reads it.
    case closed(String)
  }

  private struct Start {
    var salt: UInt64
    /// Packets in which the salt was told.
    var first: Int
    var last: Int
    func distance(_ packet: Int) -> Int {
      packet < first ? first - packet : packet > last ? packet - last : 0
    }
  }
  private struct KeyName: Hashable {
    var sender: UInt8
    var salt: UInt64
  }

  /// Salts of one sender that are tried for a frame that tells none.
  private static let tries = 32
  /// Frame keys kept; a capture of forged salts must not fill the memory.
  private static let keyLimit = 4096

  private let names: [String]
  private let epoch: UInt32
  private var secret: EpochSecret
  private var keys: [KeyName: [UInt8]] = [:]
  private var starts: [UInt8: [Start]] = [:]

  /// - Parameter directory: one that `nodctl provision` made, with nod.conf, roster, node.key and group.key.
  convenience init(directory: String) throws {
    let files: NodeFiles
    do throws(ConfigurationErrors) {
      files = try NodeFiles.read(configurationPath: directory + "/nod.conf")
    } catch {
      throw Trouble(
        .usage, "--keys \(directory): " + error.all.map { $0.description }.joined(separator: "\n"),
        "--keys takes a directory that nodctl provision has made, such as farm/gate")
    }
    var key: [UInt8]
    do throws(SecurityError) {
      key = try EpochKey.opened(files.groupKey.sealed, by: try Identity(secret: files.nodeKey.secret))
    } catch {
      throw Trouble(
        .usage,
        "\(files.configuration.paths.groupKey) does not open with \(files.configuration.paths.nodeKey)")
    }
    defer { key.wipe() }
    self.init(
      epoch: files.groupKey.epoch, key: key, rosterHash: RosterHash.of(files.roster.canonicalBytes),
      names: files.roster.members.map(\.name))
  }

  init(epoch: UInt32, key: [UInt8], rosterHash: [UInt8], names: [String]) {
    self.names = names
    self.epoch = epoch
    var made: EpochSecret?
    key.withUnsafeBytes { key in
      rosterHash.withUnsafeBytes { made = EpochSecret(epoch: epoch, key: Bytes(key), rosterHash: Bytes($0)) }
    }
    secret = made.take()!
  }

  func name(_ slot: Int) -> String { names.indices.contains(slot) ? names[slot] : "slot \(slot)" }
  var memberCount: Int { names.count }

  /// The first pass: notes the salt of a frame that tells one, if it opens under it.
  func learn(_ frame: CapturedFrame, _ view: ByteView) {
    guard case .success(let header) = frame.header, let salt = header.salt, isOurs(header) else { return }
    let sender = header.sender.raw
    let number = frame.packet.number
    if let i = starts[sender]?.firstIndex(where: { $0.salt == salt }) {
      starts[sender]![i].last = number
      return
    }
    guard open(header, salt, datagram(frame, view)) != nil else { return }
    starts[sender, default: []].append(Start(salt: salt, first: number, last: number))
  }

  /// The second pass.
  func open(_ frame: CapturedFrame, _ view: ByteView) -> Verdict {
    let header: FrameHeader
    switch frame.header {
    case .success(let found): header = found
    case .failure(let error): return .closed(error.text)
    }
    let slot = Int(header.sender.raw)
    guard slot < names.count else {
      return .closed("not of this cluster: it has \(names.count) members, and no slot \(slot)")
    }
    guard header.epoch == UInt8(truncatingIfNeeded: epoch) else {
      return .closed("sealed in key epoch \(header.epoch) (low 8 bits): these keys are of epoch \(epoch)")
    }
    let bytes = datagram(frame, view)
    let known = starts[header.sender.raw] ?? []
    if let salt = header.salt {
      if let body = open(header, salt, bytes) { return .opened(body) }
      let isKnown = known.contains { $0.salt == salt }
      return .closed(
        isKnown
          ? "bad tag: changed on its way"
          : "bad tag: not of this cluster (other keys or another roster), or changed")
    }
    for start in known.sorted(by: { $0.distance(frame.packet.number) < $1.distance(frame.packet.number) })
      .prefix(Self.tries)
    {
      if let body = open(header, start.salt, bytes) { return .opened(body) }
    }
    if known.isEmpty {
      return .closed("unknown salt: no frame in this capture tells with which start salt \(name(slot)) seals")
    }
    return .closed(
      "bad tag: changed on its way, or of a start of \(name(slot)) whose salt is not in this capture")
  }

  // MARK: -

  private func isOurs(_ header: FrameHeader) -> Bool {
    Int(header.sender.raw) < names.count && header.epoch == UInt8(truncatingIfNeeded: epoch)
  }

  private func datagram(_ frame: CapturedFrame, _ view: ByteView) -> [UInt8] {
    Array(view.bytes[frame.datagram.offset..<frame.datagram.offset + frame.datagram.count])
  }

  /// - Parameter datagram: the header was read from it, so that there is room for a tag.
  private func open(_ header: FrameHeader, _ salt: UInt64, _ datagram: [UInt8]) -> [UInt8]? {
    let key = frameKey(header.sender, salt)
    let nonce = Nonce(sender: header.sender, epoch: epoch, counter: header.counter)
    var body = [UInt8](repeating: 0, count: datagram.count)
    let count = datagram.withUnsafeBytes { sealed in
      key.withUnsafeBytes { key in
        body.withUnsafeMutableBytes { plain in
          SealedFrame.open(
            header, Bytes(sealed), key: key.baseAddress.unsafelyUnwrapped, nonce: nonce, into: plain)
        }
      }
    }
    return count.map { Array(body[..<$0]) }
  }

  private func frameKey(_ sender: NodeID, _ salt: UInt64) -> [UInt8] {
    let name = KeyName(sender: sender.raw, salt: salt)
    if let known = keys[name] { return known }
    var key = [UInt8](repeating: 0, count: EpochSecret.keyByteCount)
    key.withUnsafeMutableBytes {
      secret.deriveFrameKey(sender: sender, salt: salt, into: $0.baseAddress.unsafelyUnwrapped)
    }
    if keys.count >= Self.keyLimit { keys.removeAll() }
    keys[name] = key
    return key
  }
}
