// One line of a trace, as docs/performance.md ("Every event") has it: of the simulator, or of one agent.

struct TraceLine {
  enum Kind: String {
    case cluster, power, radio, role, sent, heard, lost, missed, rejected, synced, decided, accepted, vote
    case submitted, answered, disk, pause, links
    /// Of a later version: kept as a note at its place.
    case other
  }

  var kind = Kind.other
  /// The kind as it stands there.
  var word = ""
  var at: Int64 = 0
  var node: Int?
  var sequence: Int64?
  /// The time is that of a node's own clock since it was switched on: no grid was known yet.
  var isBootTime = false
  var window: Int64?
  var frame: Int64 = -1
  var from = -1
  var member = -1
  var bytes: Int64 = 0
  var air: Int64 = 0
  var speech = ""
  var cycle: Int64 = 0
  var says: [String] = []
  var words = ""
  var role = ""
  var ballot = ""
  var why = ""
  /// Of power, radio, and a disk that is fit again.
  var isOn: Bool?
  var index: Int64 = 0
  var ticket: Int64 = -1
  /// Whole periods that a caller waited; nil: the node no longer knew.
  var windows: Int64?
  // Of the line `cluster` only.
  var members: [String] = []
  var period: Int64 = 0
  var profile = ""

  /// nil, and what is wrong, when the bytes are no line of a trace.
  static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<TraceLine, Flaw> {
    var line = TraceLine()
    var hasTime = false
    var scanner = JSONScanner(bytes)
    scanner.object { scanner, key in
      if scanner.isNull() { return }
      if key == "t" { hasTime = true }
      line.take(key, &scanner)
    }
    if scanner.failed || !scanner.isAtEnd {
      return .failure(Flaw("no JSON object from column \(scanner.offset + 1) on"))
    }
    if line.word.isEmpty { return .failure(Flaw("an event without \"kind\"")) }
    if !hasTime && line.kind != .cluster {
      return .failure(Flaw("an event without \"t\", its time in microseconds"))
    }
    return line.flaw.map { .failure($0) } ?? .success(line)
  }

  struct Flaw: Error {
    let text: String
    init(_ text: String) { self.text = text }
  }

  private mutating func take(_ key: String, _ scanner: inout JSONScanner) {
    switch key {
    case "t": at = scanner.integer()
    case "node": node = Int(scanner.integer())
    case "kind":
      word = scanner.string()
      kind = Kind(rawValue: word) ?? .other
    case "seq": sequence = scanner.integer()
    case "clock": isBootTime = scanner.string() == "boot"
    case "window": window = scanner.integer()
    case "frame": frame = scanner.integer()
    case "from": from = Int(scanner.integer())
    case "member": member = Int(scanner.integer())
    case "bytes": bytes = scanner.integer()
    case "air_us": air = scanner.integer()
    case "speech": speech = scanner.string()
    case "cycle": cycle = scanner.integer()
    case "says": scanner.array { self.says.append($0.string()) }
    case "words": words = scanner.string()
    case "role": role = scanner.string()
    case "ballot": ballot = scanner.string()
    case "why": why = scanner.string()
    case "on", "fit": isOn = scanner.boolean()
    case "index": index = scanner.integer()
    case "ticket": ticket = scanner.integer()
    case "windows": windows = scanner.integer()
    case "members": scanner.array { self.members.append($0.string()) }
    case "period_us": period = scanner.integer()
    case "profile": profile = scanner.string()
    default: scanner.skip()
    }
  }

  /// What the rest of the report relies on: slots of members, and numbers that can be added up.
  private var flaw: Flaw? {
    if let node, !Trace.slots.contains(node) {
      return Flaw("\"node\": \(node) is no slot: allowed is 0 to 30")
    }
    let isOfFrame = [.sent, .heard, .lost].contains(kind) || kind == .missed && frame >= 0
    if isOfFrame && node == nil { return Flaw("\"\(word)\" without \"node\"") }
    if isOfFrame && frame < 0 { return Flaw("\"\(word)\" without \"frame\", its number") }
    if isOfFrame && kind != .sent && !Trace.slots.contains(from) {
      return Flaw("\"\(word)\" without \"from\", the slot of who sent it")
    }
    let numbers = [at, frame, bytes, air, index, ticket, windows ?? 0, period, cycle, window ?? 0]
    if numbers.contains(where: { $0 > Trace.largest || $0 < -Trace.largest }) {
      return Flaw("a number beyond \(Trace.largest)")
    }
    return nil
  }
}
