// The command line of the small nodctl: options are taken out of it by name, what is left are the operands.
// The workstation's nodctl reads its own with swift-argument-parser; the options are the same.
import NodConsole
import NodCore

struct Arguments {
  private var left: [String]
  /// What stood behind `--`: operands, whatever they look like.
  private let operands: [String]

  init(_ words: [String]) {
    let end = words.firstIndex(of: "--") ?? words.count
    left = Array(words[..<end])
    operands = end < words.count ? Array(words[(end + 1)...]) : []
  }

  mutating func flag(_ name: String) -> Bool {
    guard let at = left.firstIndex(of: name) else { return false }
    left.remove(at: at)
    return true
  }

  /// The value of `--name VALUE` or `--name=VALUE`; nil when it is not there.
  mutating func value(_ name: String) throws(Trouble) -> String? {
    for at in left.indices {
      if left[at] == name {
        guard at + 1 < left.count else { throw Trouble(.usage, name + " needs a value") }
        let value = left[at + 1]
        left.removeSubrange(at...(at + 1))
        return value
      }
      if left[at].hasPrefix(name + "=") {
        let value = left[at].utf8.dropFirst(name.utf8.count + 1)
        left.remove(at: at)
        return String(Substring(value))
      }
    }
    return nil
  }

  mutating func number(_ name: String) throws(Trouble) -> UInt64? {
    guard let text = try value(name) else { return nil }
    guard let number = UInt64(text) else {
      throw Trouble(.usage, name + " " + text + ": a whole number is needed")
    }
    return number
  }

  mutating func seconds(_ name: String) throws(Trouble) -> Microseconds? {
    guard let text = try value(name) else { return nil }
    guard let number = Digits.value(text), number >= 0, number <= NodeLink.longestPatience else {
      throw Trouble(.usage, name + " " + text + ": allowed are 0 to 86400 seconds.")
    }
    return Microseconds(Int64(number * 1e6))
  }

  /// What is left, when all options were taken out.
  func rest(_ least: Int, _ most: Int, _ what: String) throws(Trouble) -> [String] {
    for word in left where word.utf8.first == UInt8(ascii: "-") && word.utf8.count > 1 {
      throw Trouble(.usage, "unknown option " + word)
    }
    let all = left + operands
    guard all.count >= least, all.count <= most else { throw Trouble(.usage, "wanted: " + what) }
    return all
  }

  /// The options that every asking command shares.
  mutating func link() throws(Trouble) -> NodeLink {
    let socket = try value("--socket")
    let node = try value("--node")
    if socket != nil, node != nil { throw Trouble(.usage, "--socket and --node both name a node: give one.") }
    let patience = try seconds("--timeout") ?? NodeLink.usualPatience
    if patience == .zero { throw Trouble(.usage, "--timeout 0: allowed is more than 0 to 86400 seconds.") }
    let isJSON = flag("--json")
    var link = try NodeLink(socket: socket, directory: node)
    link.patience = patience
    link.isJSON = isJSON
    return link
  }
}
