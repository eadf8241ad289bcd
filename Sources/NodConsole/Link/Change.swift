// A change to the cluster's keys that can be repeated safely. Before it is sent, the node is asked for a
// token; the change travels under it, and is applied at most once however often and wherever it is given
// again. So whatever breaks on the way (agent, time-out, this terminal), the person is left with a line to
// type.
import NodCore

struct Change {
  let link: NodeLink
  /// What is to be done, in the words of the protocol.
  let words: [String]
  /// The token of an earlier try that is being repeated.
  let givenToken: String?
  /// The command line that repeats this, without its token.
  let asTyped: String

  struct Outcome {
    let reply: RESPValue
    /// Where in the log the change stands: later changes have larger numbers (a fencing token).
    let index: Int64?

    var indexValue: RESPValue { index.map { .integer($0) } ?? RESPValue.none }
  }

  func make() throws(Trouble) -> Outcome {
    let client = try link.connect()
    let deadline = Console.now + link.patience
    var token = givenToken
    if token == nil { token = try newToken(from: client, until: deadline) }
    let reply: RESPValue
    do throws(Trouble) {
      reply = try client.call((token.map { ["NOD", "WITH", $0] } ?? []) + words, until: deadline)
    } catch {
      guard error.status == .unknown else { throw error }
      throw unknown(error.what, token)
    }
    if case .failure(let text) = reply { throw refused(text, token, by: client.path) }
    return Outcome(reply: reply, index: index(from: client, until: deadline))
  }

  /// A new token; nil when the node gives none.
  private func newToken(from client: RESPClient, until deadline: LocalTime) throws(Trouble) -> String? {
    do throws(Trouble) {
      return try client.call(["NOD", "TOKEN"], until: deadline).string
    } catch {
      guard error.status == .unknown else { throw error }
      throw Trouble(.unreachable, error.what + "; the change was not sent", "look at: nodctl status")
    }
  }

  /// The log index of the change; it is an extra, so its absence is no error.
  private func index(from client: RESPClient, until deadline: LocalTime) -> Int64? {
    do throws(Trouble) {
      return try client.call(["NOD", "INDEX"], until: deadline).integer
    } catch {
      return nil
    }
  }

  private func unknown(_ what: String, _ token: String?) -> Trouble {
    guard let token else {
      return Trouble(
        .unknown, what + ": the change may take effect, or not", "read the key before you repeat it")
    }
    return Trouble(
      .unknown, what + ": the change may take effect, or not",
      "to repeat it safely, here or at any other node:", "  " + asTyped + " --token " + token)
  }

  private func refused(_ text: String, _ token: String?, by path: String) -> Trouble {
    let words = safe(text)
    if text.hasPrefix("TIMEOUT") {
      // "not sent, no effect", or an outcome that nobody knows.
      return text.hasSuffix("no effect")
        ? Trouble(.negative, words, "is there a quorum? nodctl status") : unknown(words, token)
    }
    if text.hasPrefix("STALETOKEN") {
      return Trouble(
        .unknown, words, "whether the first try took effect can no longer be told: read the key, then decide")
    }
    if text.hasPrefix("BUSY") {
      return Trouble(.negative, words, "nothing was changed: try again in a while")
    }
    return refusal(text, by: path)
  }
}
