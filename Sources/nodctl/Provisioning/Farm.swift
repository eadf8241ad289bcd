// A cluster as a person describes it before it has keys: the file given to `nodctl provision`. It is a roster
// without identity and public keys, and may hold the sections of nod.conf beside it, which then are alike on
// every node. The keys and their ranges are the agent's own (Roster, Configuration); what it finds wrong is
// told with the lines of this file.
import Foundation
import NodAgent
import NodConsole
import NodCore

struct Farm {
  /// Public keys and identity are yet to be made.
  var roster: Roster
  /// What all nodes have alike; names and paths are yet to be put in.
  var node: Configuration

  /// Where a node's state directory is, unless the file says otherwise: in the node's own directory.
  static let usualState = "state"

  /// Keys of nod.conf that provisioning sets itself, one value for each node.
  private static func isNodesOwn(_ question: ConfigurationReader.Question) -> Bool {
    switch (question.section, question.key) {
    case ("node", _), ("radio", "listen"): true
    case ("paths", let key): key != "state"
    default: false
    }
  }

  /// What a farm may say of its nodes, its hooks included.
  private static func nodeQuestions(_ reader: ConfigurationReader) -> [ConfigurationReader.Question] {
    Configuration.questions(hooks: reader.sections(beginning: "hook.")).filter { !isNodesOwn($0) }
  }

  static func read(path: String) throws(ConfigurationErrors) -> Farm {
    var reader = ConfigurationReader(path: path)
    let clusterText = text(of: Roster.questions.filter { $0.section == "cluster" && $0.key != "id" }, &reader)
    let nodeText = text(of: nodeQuestions(reader), &reader)
    let members = askMembers(&reader)
    let usual = Roster(
      name: "", identity: [UInt8](repeating: 0, count: Roster.identityBytes), members: members)
    let rosterText =
      clusterText.replacingOccurrences(
        of: "[cluster]\n", with: "[cluster]\nid = \(hexText(usual.identity))\n")
      + memberText(members)
    let roster = checked(rosterText, &reader) { (path) throws(ConfigurationErrors) in
      try Roster.read(path: path)
    }
    let node = checked("[node]\nname = any\n" + nodeText, &reader) { (path) throws(ConfigurationErrors) in
      try Configuration.read(path: path)
    }
    // As they are to stand in each node's file; the agent's reader has made them relative to the text it was
    // given.
    let state = reader.text("paths", "state", atMost: pathLimit, usual: usualState, meaning: "")
    let socket = reader.text(
      "local", "socket", atMost: pathLimit, usual: NodeLink.usualSocket, meaning: "")
    if !state.hasPrefix("/"), state.contains("/") || state.hasPrefix(".") {
      reader.refuse("paths", "state", "allowed is a name in the node's directory, or a path from the root")
    }
    let errors = reader.finish()
    guard errors.isEmpty, let roster, var node else { throw errors }
    node.paths.state = state
    node.local.socket = socket
    return Farm(roster: roster, node: node)
  }

  /// The given ones of these keys, as INI text of their sections.
  private static func text(
    of questions: [ConfigurationReader.Question], _ reader: inout ConfigurationReader
  ) -> String {
    var text = ""
    var section = ""
    for question in questions {
      let value = reader.text(
        question.section, question.key, atMost: pathLimit, usual: question.usual, meaning: question.meaning)
      guard reader.has(question.section, question.key), !value.isEmpty else { continue }
      if section != question.section { text += "\n[\(question.section)]\n" }
      section = question.section
      text += "\(question.key) = \(value)\n"
    }
    return text
  }

  private static func askMembers(_ reader: inout ConfigurationReader) -> [Roster.Member] {
    var members: [Roster.Member] = []
    for slot in 0..<UInt8(NodeID.limit) where slot == 0 || reader.hasSection("member.\(slot)") {
      let section = "member.\(slot)"
      members.append(
        Roster.Member(
          slot: NodeID(slot),
          name: reader.name(section, "name", usual: nil, meaning: "the member's name"),
          publicKey: [UInt8](repeating: slot, count: Roster.publicKeyBytes),
          address: reader.address(
            section, "address", usual: nil, meaning: "where the member's datagrams are sent to")
        ))
    }
    return members
  }

  private static func memberText(_ members: [Roster.Member]) -> String {
    members.map { member in
      "\n[member.\(member.slot.raw)]\npublic_key = \(hexText(member.publicKey))\n"
        + (member.name.isEmpty ? "" : "name = \(member.name)\n")
        + (member.address.isEmpty ? "" : "address = \(member.address)\n")
    }.joined()
  }

  /// Lets the agent's own reader judge a text; what it refuses is noted at the same key of the person's file.
  private static func checked<Value>(
    _ text: String, _ reader: inout ConfigurationReader,
    _ read: (String) throws(ConfigurationErrors) -> Value
  ) -> Value? {
    let path = NSTemporaryDirectory() + "nodctl-\(UInt64.random(in: 0 ... .max)).ini"
    defer { unlink(path) }
    guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
      reader.refuse("", "", "cannot be checked: nothing can be written to \(NSTemporaryDirectory())")
      return nil
    }
    do throws(ConfigurationErrors) {
      return try read(path)
    } catch {
      // What is missing was found missing before.
      for fault in error.all where !fault.problem.hasPrefix("is missing; allowed") {
        reader.refuse(fault.section, fault.key, fault.problem)
      }
      return nil
    }
  }
}

extension Farm {
  /// The name of the state directory within each provisioned directory.
  var stateName: String { node.paths.state.hasPrefix("/") ? Self.usualState : node.paths.state }

  /// A cluster on this machine: members n1, n2... on consecutive ports of the loopback interface.
  static func local(members count: Int, basePort: Int, periodMilliseconds: Int, dropPercent: Int) -> Farm {
    let members = (0..<count).map { slot in
      Roster.Member(
        slot: NodeID(UInt8(slot)), name: "n\(slot + 1)", publicKey: [],
        address: "127.0.0.1:\(basePort + slot)")
    }
    var roster = Roster(name: "local", identity: [], members: members)
    roster.period = .milliseconds(Int64(periodMilliseconds))
    var node = Configuration(name: "")
    node.paths.state = usualState
    node.local.socket = "nod.sock"
    node.radio.dropPercent = dropPercent
    return Farm(roster: roster, node: node)
  }
}
