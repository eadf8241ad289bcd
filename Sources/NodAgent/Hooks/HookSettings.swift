// What nod.conf says of programs that are run: [hook.NAME] for changes of role and of keys, `hook` in [radio]
// for the radio. And the bounds of all that.
import CBoard
import NodCore

/// When a program is run.
package enum HookKind: UInt8, CaseIterable, Sendable {
  case role = 0
  case key
  case radio

  package var word: String { self == .role ? "role" : self == .key ? "key" : "radio" }
  /// What a person may write: the radio's hook stands in [radio].
  static let choices = ["role", "key"]
}

package struct HookSettings: Equatable, Sendable {
  package var name: String
  package var kind = HookKind.role
  /// Which keys, of kind `key`.
  package var pattern = ""
  /// An absolute path.
  package var program = ""
  package var timeout = HookLimits.usualTimeout
  package init(name: String) { self.name = name }
}

package enum HookLimits {
  /// [hook.NAME] sections.
  package static let hooks = 16
  package static let patternBytes = 128
  package static let programBytes = 180
  package static let usualTimeout = Microseconds.seconds(10)
  /// From the request to end (SIGTERM) to the end (SIGKILL).
  static let grace = Microseconds.seconds(1)
  /// Values up to this size are in the environment as well; all are on standard input.
  static let valueBytes = 1024
  /// Variables with names and values: the key may stand there in hexadecimal, twice its bytes.
  static let environmentBytes = 8192
  /// Of what a program writes, so much is looked at, and so many lines of that get into the log.
  static let outputBytes = 4096
  static let outputLines = 20
  /// Keys that are gone and of which no hook knows yet. More of them, and hooks are told to look at everything.
  static let deletions = 64
  /// Records of the registry looked at in one turn of the loop.
  static let recordsAtOnce = 1024
  /// How long programs may go on when the agent ends.
  static let patienceAtEnd = Microseconds.seconds(5)
}

extension Configuration {
  static let hookPrefix = "hook."
  /// How the sections stand in lists of what there is.
  static let anyHook = "hook.NAME"

  /// What one [hook.NAME] can say.
  static func askHook(_ reader: inout ConfigurationReader, _ section: String) -> HookSettings {
    let name = String(decoding: section.utf8.dropFirst(hookPrefix.utf8.count), as: UTF8.self)
    var read = HookSettings(name: name)
    if !isName(name) {
      reader.refuse(section, "", "the name of a hook is 1 to \(nameLimit) letters, digits, - _ .")
    }
    let kind = reader.word(section, "on", HookKind.choices, usual: nil, meaning: "changes of what run it")
    read.kind = kind == 0 ? .role : .key
    read.pattern = reader.text(
      section, "pattern", atMost: HookLimits.patternBytes, usual: "",
      meaning: "which keys, of on = key: a glob")
    read.program = program(&reader, section, "run", usual: nil, meaning: "the program that is run")
    read.timeout = .milliseconds(
      reader.number(
        section, "timeout_ms", 100...600_000, usual: HookLimits.usualTimeout.raw / 1000,
        meaning: "milliseconds after which the program is ended"))
    if read.kind == .key && read.pattern.isEmpty && reader.has(section, "on") {
      reader.refuse(section, "pattern", "is missing; on = key needs one, like valve/*")
    }
    if read.kind == .role && reader.has(section, "pattern") {
      reader.refuse(section, "pattern", "has no effect with on = role: take it out, or set on = key")
    }
    return read
  }

  /// A program's absolute path. Whether it is there is asked when all of the board is (`hookTroubles`).
  static func program(
    _ reader: inout ConfigurationReader, _ section: String, _ key: String, usual: String?,
    meaning: StaticString
  ) -> String {
    let path = reader.text(
      section, key, atMost: HookLimits.programBytes, usual: usual, meaning: "\(meaning), an absolute path")
    if !path.isEmpty && path.utf8.first != UInt8(ascii: "/") {
      reader.refuse(section, key, "allowed is a path from the root: no shell looks for it")
    }
    return path
  }

  /// Why programs that nod.conf names cannot be run on this board: one line each.
  package var hookTroubles: [String] {
    var troubles: [String] = []
    if !radio.hook.isEmpty { note("[radio] hook", radio.hook, &troubles) }
    for hook in hooks { note("[hook.\(hook.name)] run", hook.program, &troubles) }
    return troubles
  }

  private func note(_ place: String, _ program: String, _ troubles: inout [String]) {
    guard let why = HookTrouble.text(program.withCString { board_hook_check($0) }) else { return }
    troubles.append("\(file): \(place) = \(program): \(why)")
  }
}

enum HookTrouble {
  /// A verdict of CBoard in words; nil when nothing is wrong.
  static func text(_ verdict: Int32) -> String? {
    switch verdict {
    case 0...: nil
    case BOARD_HOOK_NOT_ABSOLUTE: "no path from the root"
    case BOARD_HOOK_NOT_A_FILE: "no file"
    case BOARD_HOOK_WRITABLE: "everybody may write to it: chmod o-w"
    case BOARD_HOOK_NOT_EXECUTABLE: "not executable by this user: chmod +x"
    default: BoardFailure.systemText(0 - verdict)
    }
  }
}
