// A frame in one word, for where there is no room for more: the most that is in it.

enum FrameLabel {
  /// Kinds of sections, what says most first, and how they are called when spoken.
  private static let order: [(section: String, label: String)] = [
    ("prepare", "prepare"), ("promise", "promise"), ("canvass", "canvass"), ("support", "support"),
    ("snapshotChunk", "snapshot"), ("entries", "entries"), ("commands", "forward"), ("snapshotPull", "pull"),
    ("pull", "pull"), ("readGrant", "grant"), ("readRequest", "read"), ("newerStart", "newer start"),
    ("plea", "plea"),
    ("alive", "alive"), ("votes", "votes"), ("greeting", "greeting"),
  ]

  static func of(_ frame: Trace.Frame) -> String {
    let found = order.first { frame.says.contains($0.section) }?.label
    if frame.speech == "drive" {
      guard let found, found != "votes", found != "alive", found != "greeting" else { return "beacon" }
      return found == "entries" ? "accept" : found
    }
    return found ?? (frame.speech.isEmpty ? "frame" : frame.speech)
  }
}
