// nodctl set: gives a key a value, on conditions if wanted, and says where in the log that stands.
import ArgumentParser

extension Nodctl {
  struct Set: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a key a value.",
      discussion: """
        Prints the log index of the change: a number that grows with every change in the cluster, fit as a \
        fencing token. Exits with 1 when a condition was not met, with 5 when no answer came in time: then \
        the command prints itself with a token, and repeating that line is safe at any node.

        Examples:
          nodctl set valve/3 open
          nodctl set lock/modem gate --nx --ttl-ms 60000
          nodctl set schedule night --if-equal day
        """)

    @Argument(help: "The key.")
    var key: String

    @Argument(help: "Its new value.")
    var value: String

    @OptionGroup var node: NodeOptions
    @OptionGroup var change: ChangeOptions

    @Flag(help: "Only if the key is absent.")
    var nx = false

    @Flag(help: "Only if the key is there.")
    var xx = false

    @Option(
      help: ArgumentHelp("The key vanishes after this time, in cluster time.", valueName: "milliseconds"))
    var ttlMs: UInt64?

    @Option(help: ArgumentHelp("Only if the key has this value now.", valueName: "value"))
    var ifEqual: String?

    func validate() throws {
      let conditions = [nx ? "--nx" : nil, xx ? "--xx" : nil, ifEqual == nil ? nil : "--if-equal"].compactMap
      { $0 }
      if conditions.count > 1 {
        throw ValidationError("\(conditions.joined(separator: " and ")) exclude each other: give one.")
      }
      if ttlMs == 0 { throw ValidationError("--ttl-ms 0: allowed is 1 or more; to remove a key: nodctl del") }
    }

    func run() throws {
      let outcome = try Change(
        options: node, words: words.map { Array($0.utf8) }, givenToken: change.token, asTyped: asTyped
      ).make()
      let isDone = outcome.reply != .none
      if node.json {
        print(
          nodctl.json([
            .init(key: "key", value: .text(key)), .init(key: "done", value: .boolean(isDone)),
            .init(key: "index", value: isDone ? outcome.index.map(RESPValue.integer) ?? .none : .none),
          ]))
      } else if isDone {
        print(outcome.index.map { "done, at log index \($0)" } ?? "done")
      } else {
        complain("nodctl: not set: \(condition)")
      }
      if !isDone { throw finish(.negative) }
    }

    private var condition: String {
      if nx { return "\(safe(key)) exists" }
      if xx { return "\(safe(key)) does not exist" }
      if let ifEqual { return "\(safe(key)) is not '\(safe(ifEqual))'" }
      return "the node gives no reason"
    }

    private var words: [String] {
      var words = ["SET", key, value]
      if nx { words.append("NX") }
      if xx { words.append("XX") }
      if let ifEqual { words += ["IFEQ", ifEqual] }
      if let ttlMs { words += ["PX", String(ttlMs)] }
      return words
    }

    private var asTyped: String {
      var line = "nodctl set \(quoted(key)) \(quoted(value))\(node.asTyped)"
      if nx { line += " --nx" }
      if xx { line += " --xx" }
      if let ifEqual { line += " --if-equal \(quoted(ifEqual))" }
      if let ttlMs { line += " --ttl-ms \(ttlMs)" }
      return line
    }
  }
}
