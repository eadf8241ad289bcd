// nod.conf written by provisioning: what differs from the defaults, each key with its meaning above it. The
// words are those of the questions, so that a file explains itself as the errors would.
import NodCore

extension Configuration {
  /// The text of a file that reads back as this configuration.
  ///
  /// - Parameter paths: as they are to stand in the file: relative ones are taken from its directory.
  package func fileText() -> String {
    var text = """
      # What this node needs to know of its board. What is not set has its default;
      # Firmware-config/nod.conf of the project lists every key.

      """
    var section = ""
    for question in Configuration.questions {
      let value = written(question.section, question.key)
      if value == question.usual || value.isEmpty { continue }
      if question.section != section {
        section = question.section
        text += "\n[\(section)]\n"
      }
      text += "# \(question.meaning) (\(question.allowed))\n\(question.key) = \(value)\n"
    }
    return text
  }

  private func written(_ section: String, _ key: String) -> String {
    switch section {
    case "node": written(node: key)
    case "paths": written(path: key)
    case "radio": written(radio: key)
    case "local": written(local: key)
    case "clock": key == "accuracy_ppm" ? "\(clock.accuracyPPM)" : "\(clock.hostLatency.raw)"
    case "log": logLevel.word
    default: "\(minimumFreeKibibytes)"
    }
  }

  private func written(node key: String) -> String {
    switch key {
    case "name": name
    case "priority": "\(priority)"
    case "battery_file": batteryFile
    default: "\(hostMilliwatts)"
    }
  }

  private func written(path key: String) -> String {
    switch key {
    case "roster": paths.roster
    case "node_key": paths.nodeKey
    case "group_key": paths.groupKey
    default: paths.state
    }
  }

  private func written(radio key: String) -> String {
    switch key {
    case "transport": radio.transport.word
    case "listen": radio.listen
    case "multicast_group": radio.multicastGroup
    case "interface": radio.interface
    case "profile": radio.profile
    case "drop_percent": "\(radio.dropPercent)"
    default: "\(radio.dropSeed)"
    }
  }

  private func written(local key: String) -> String {
    switch key {
    case "socket": local.socket
    case "mode": octalText(local.mode)
    case "tcp": local.tcpPort.map { "\($0)" } ?? "off"
    case "timeout_ms": "\(local.timeout.raw / 1000)"
    default: "\(local.clients)"
    }
  }
}
