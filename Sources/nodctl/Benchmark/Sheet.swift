// A table of figures with the limit beside each: for people in columns, for programs one JSON object a row.
import Foundation
import NodConsole
import NodSim

struct Sheet {
  let name: String
  let title: String
  let headings: [String]
  private var rows: [[String]] = []

  init(name: String, title: String, headings: [String]) {
    self.name = name
    self.title = title
    self.headings = headings
  }

  mutating func add(_ cells: [String]) { rows.append(cells) }

  func show(json: Bool) {
    if json {
      for row in rows {
        let fields = zip(headings, row).map { "\"\($0)\":" + Sheet.value($1) }
        print("{\"table\":\"\(name)\"," + fields.joined(separator: ",") + "}")
      }
      return
    }
    let style = Style()
    var table = Table(headings: headings)
    for row in rows { table.add(row) }
    print(title)
    for line in table.lines(style) { print(line) }
    print("")
  }

  /// A number as it is, anything else as text; a cell that says that there is none is null.
  private static func value(_ cell: String) -> String {
    if cell == "-" { return "null" }
    if let number = Double(cell), number.isFinite { return cell }
    return "\"" + cell + "\""
  }
}

/// So many digits behind the point.
func digits(_ number: Double, _ count: Int) -> String { String(format: "%.\(count)f", number) }

/// CPU seconds of this process: what a figure per core is measured in, whoever else uses the machine.
func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
