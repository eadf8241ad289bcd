// What a simulated world came to, for a person as a table of its nodes and a few lines, for a program as one object.
import Foundation
import NodConsole
import NodSim

struct OwnWorldReport {
  let figures: RunFigures
  let batteryJoules: Double
  let seed: UInt64

  func show(json: Bool, hasHost: Bool) {
    if json { print(object) } else { table(hasHost) }
  }

  private func table(_ hasHost: Bool) {
    let style = Style()
    var headings = ["node", "frames", "bytes", "radio on", "transmits", "listens", "sleeps", "radio energy"]
    headings += hasHost ? ["board energy", "battery", "of the radio alone"] : ["battery (radio alone)"]
    var table = Table(headings: headings)
    for (i, m) in figures.members.enumerated() {
      var row = [
        "n\(i)" + (m.isLeader ? " leads" : ""), "\(m.frames)", "\(m.bytes)",
        digits(m.radioOnShare * 100, 3) + " %",
        seconds(m.transmitting), seconds(m.receiving), seconds(m.sleeping), digits(m.radioJoules, 3) + " J",
      ]
      if hasHost {
        row.append(digits(m.hostJoules, 0) + " J")
        row.append(days(m, withHost: true))
      }
      row.append(days(m, withHost: false))
      table.add(row)
    }
    for line in table.lines(style) { print(line) }
    print("")
    print(
      "\(digits(figures.seconds / 3600, 2)) hours, \(figures.windows) windows, \(figures.events) events, seed \(seed)"
    )
    print(
      "\(figures.decided) entries decided, \(figures.acknowledged) of \(figures.submitted) commands answered"
        + (figures.unknown > 0 ? ", \(figures.unknown) with unknown outcome" : "")
        + (figures.duplicates > 0
          ? "; \(figures.duplicates) stood twice in the log, the second without effect" : ""))
    if figures.acknowledged > 0 {
      print("answered within \(figures.periodsP50 + 1) periods (median), \(figures.periodsP99 + 1) (99 %)")
    }
    let violation = figures.violation.map { style.bad("\($0)") } ?? style.good("none")
    print("times somebody began to lead: \(figures.leaders); violations: \(violation)")
    if hasHost { print("Board energy is that of a board that cannot suspend: it dwarfs the radio's.") }
  }

  private func seconds(_ microseconds: Int64) -> String { digits(Double(microseconds) / 1e6, 2) + " s" }
  private func days(_ m: MemberFigures, withHost: Bool) -> String {
    let days = figures.days(of: m, batteryJoules: batteryJoules, withHost: withHost)
    if !days.isFinite { return "-" }
    return days > 730 ? digits(days / 365.25, 1) + " years" : digits(days, 1) + " days"
  }

  private var object: String {
    let members = figures.members.enumerated().map { i, m in
      "{\"node\":\(i),\"leads\":\(m.isLeader),\"frames\":\(m.frames),\"bytes\":\(m.bytes),"
        + "\"radio_on\":\(digits(m.radioOnShare, 6)),\"tx_us\":\(m.transmitting),\"rx_us\":\(m.receiving),"
        + "\"sleep_us\":\(m.sleeping),\"radio_wakes\":\(m.radioWakes),\"radio_j\":\(digits(m.radioJoules, 6)),"
        + "\"host_j\":\(digits(m.hostJoules, 3)),\"days\":\(number(m, true)),"
        + "\"days_radio_alone\":\(number(m, false))}"
    }
    let violation = figures.violation.map { "\"\($0.rule)\"" } ?? "null"
    return "{\"seed\":\(seed),\"seconds\":\(digits(figures.seconds, 0)),\"windows\":\(figures.windows),"
      + "\"events\":\(figures.events),\"decided\":\(figures.decided),\"submitted\":\(figures.submitted),"
      + "\"acknowledged\":\(figures.acknowledged),\"unknown\":\(figures.unknown),"
      + "\"periods_p50\":\(figures.periodsP50),\"periods_p99\":\(figures.periodsP99),"
      + "\"leaders\":\(figures.leaders),\"violation\":\(violation),"
      + "\"fingerprint\":\"\(String(figures.fingerprint, radix: 16))\","
      + "\"members\":[\(members.joined(separator: ","))]}"
  }
  private func number(_ m: MemberFigures, _ withHost: Bool) -> String {
    let days = figures.days(of: m, batteryJoules: batteryJoules, withHost: withHost)
    return days.isFinite ? digits(days, 2) : "null"
  }
}
