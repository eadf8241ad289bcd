// A change to the cluster's keys that can be repeated safely. Before it is sent, the node is asked for a
// token; the change travels under it, and is applied at most once however often and wherever it is given
// again. So whatever breaks on the way (agent, time-out, this terminal), the person is left with a line to
// type.
import ArgumentParser
import Foundation

struct Change {
  let options: NodeOptions
  /// What is to be done, in the words of the protocol.
  let words: [[UInt8]]
  /// The token of an earlier try that is being repeated.
  let givenToken: String?
  /// The command line that repeats this, without its token.
  let asTyped: String

  struct Outcome {
    let reply: RESPValue
    /// Where in the log the change stands: later changes have larger numbers (a fencing token).
    let index: Int64?
  }

  func make() throws -> Outcome {
    let client = try options.connect()
    let deadline = ContinuousClock.now + options.patience
    let token = try givenToken ?? newToken(from: client, until: deadline)
    let prefix = token.map { ["NOD", "WITH", $0].map { Array($0.utf8) } } ?? []
    let reply: RESPValue
    do {
      reply = try client.call(prefix + words, until: deadline)
    } catch let trouble as Trouble where trouble.status == .unknown {
      throw unknown(trouble.what, token)
    }
    if case .failure(let text) = reply { throw refused(text, token, by: client.path) }
    return Outcome(reply: reply, index: index(from: client, until: deadline))
  }

  /// A new token; nil when the node gives none.
  private func newToken(from client: RESPClient, until deadline: ContinuousClock.Instant) throws -> String? {
    do {
      return try client.call(["NOD", "TOKEN"].map { Array($0.utf8) }, until: deadline).string
    } catch let trouble as Trouble where trouble.status == .unknown {
      throw Trouble(.unreachable, trouble.what + "; the change was not sent", "look at: nodctl status")
    }
  }

  /// The log index of the change; it is an extra, so its absence is no error.
  private func index(from client: RESPClient, until deadline: ContinuousClock.Instant) -> Int64? {
    guard
      case .integer(let index)? = try? client.call(["NOD", "INDEX"].map { Array($0.utf8) }, until: deadline)
    else { return nil }
    return index
  }

  private func unknown(_ what: String, _ token: String?) -> Trouble {
    guard let token else {
      return Trouble(
        .unknown, what + ": the change may take effect, or not", "read the key before you repeat it")
    }
    return Trouble(
      .unknown, what + ": the change may take effect, or not",
      "to repeat it safely, here or at any other node:", "  \(asTyped) --token \(token)")
  }

  private func refused(_ text: String, _ token: String?, by path: String) -> Trouble {
    let words = safe(text)
    switch text.prefix(while: { $0 != " " }) {
    case "TIMEOUT" where text.contains("no effect"):
      return Trouble(.negative, words, "is there a quorum? nodctl status")
    case "TIMEOUT": return unknown(words, token)
    case "STALETOKEN":
      return Trouble(
        .unknown, words, "whether the first try took effect can no longer be told: read the key, then decide")
    case "BUSY": return Trouble(.negative, words, "nothing was changed: try again in a while")
    default: return refusal(text, by: path)
    }
  }
}

/// What a change may be given besides itself.
struct ChangeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Repeat an earlier try safely: the token that it was reported with.", valueName: "token"))
  var token: String?
}
