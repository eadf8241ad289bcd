// What is wrong in a file that a person wrote: where, what was found, what is allowed. All that is wrong is
// collected and shown at once; nobody likes to mend one line a run.
import NodCore

package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// The file as it was named.
  package var file: String
  /// 1..., or 0 when the file as a whole is meant.
  package var line: Int = 0
  /// Empty when no section is meant.
  package var section: String = ""
  /// Empty when no key is meant.
  package var key: String = ""
  /// The value, or without a key the whole line, as it stands in the file; nil when there is none.
  package var found: String?
  /// What is wrong, or what is allowed instead.
  package var problem: String

  /// "nod.conf:12: [radio] drop_percent = 130: allowed is 0 to 100 (percent of received frames thrown away)"
  package var description: String {
    var text = file
    if line > 0 { text += ":\(line)" }
    text += ": "
    if !section.isEmpty { text += "[\(section)]" }
    if !key.isEmpty { text += section.isEmpty ? key : " \(key)" }
    if let found { text += key.isEmpty ? found : " = \(found)" }
    if !section.isEmpty || !key.isEmpty || found != nil { text += ": " }
    return text + problem
  }
}

/// Everything that was found wrong, in the order of the lines.
package struct ConfigurationErrors: Error, CustomStringConvertible {
  package var all: [ConfigurationError]

  package init(_ all: [ConfigurationError] = []) { self.all = all }

  package var isEmpty: Bool { all.isEmpty }

  /// One line for each.
  package var description: String {
    var text = ""
    for error in all { text += text.isEmpty ? error.description : "\n" + error.description }
    return text
  }

  /// Puts errors of one file into the order of its lines; those of the whole file come first.
  mutating func sortByLine() {
    // A handful: insertion keeps the order of equals.
    for i in 1..<max(1, all.count) {
      var j = i
      while j > 0 && all[j - 1].line > all[j].line {
        all.swapAt(j - 1, j)
        j -= 1
      }
    }
  }
}
