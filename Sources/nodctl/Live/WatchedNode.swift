// A node that is looked at again and again: its connection stays open while it works, and is opened anew when not.
import NodConsole
import NodCore

final class WatchedNode {
  let link: NodeLink
  private(set) var status: RESPValue?
  private(set) var peers = RESPValue.none
  private(set) var links = RESPValue.none
  private(set) var log = RESPValue.none
  /// Why it does not answer; nil when it does.
  private(set) var trouble: String?
  /// Decided entries a second, between the last two looks.
  private(set) var rate: Double?
  private var client: RESPClient?
  private var last: (decided: Int64, at: LocalTime)?

  init(_ link: NodeLink) { self.link = link }

  func look() {
    do throws(Trouble) {
      if self.client == nil { self.client = try link.connect() }
      guard let client else { return }
      status = try link.answer(from: client, ["NOD", "STATUS"])
      peers = try link.answer(from: client, ["NOD", "PEERS"])
      log = try link.answer(from: client, ["NOD", "LOG"])
      do throws(Trouble) { links = try link.answer(from: client, ["NOD", "LINKS"]) } catch {
        guard error.status != .unknown else { throw error }
      }
      trouble = nil
      noteRate()
    } catch {
      client = nil
      status = nil
      last = nil
      rate = nil
      trouble = error.what
    }
  }

  private func noteRate() {
    guard let decided = status?["decided_index"]?.integer else { return }
    let now = Console.now
    if let last, now > last.at { rate = Double(decided - last.decided) / (Double((now - last.at).raw) / 1e6) }
    last = (decided, now)
  }
}
