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
    let questions = Configuration.questions
    for question in questions where question.section != Configuration.anyHook {
      write(question, written(question.section, question.key), in: question.section, &section, &text)
    }
    for hook in hooks {
      for question in questions where question.section == Configuration.anyHook {
        write(question, hook.written(question.key), in: Configuration.hookPrefix + hook.name, &section, &text)
      }
    }
    return text
  }

  private func write(
    _ question: ConfigurationReader.Question, _ value: String, in wanted: String, _ section: inout String,
    _ text: inout String
  ) {
    if value == question.usual || value.isEmpty { return }
    if wanted != section {
      section = wanted
      text += "\n[\(section)]\n"
    }
    text += "# \(question.meaning) (\(question.allowed))\n\(question.key) = \(value)\n"
  }

  private func written(_ section: String, _ key: String) -> String {
    switch section {
    case "node": written(node: key)
    case "paths": written(path: key)
    case "radio": written(radio: key)
    case "local": written(local: key)
    case "clock": key == "accuracy_ppm" ? "\(clock.accuracyPPM)" : "\(clock.hostLatency.raw)"
    case "log": logLevel.word
    case "metrics": metrics?.text ?? "off"
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
    case "hook": radio.hook
    case "hook_lead_ms": "\(radio.hookLead.raw / 1000)"
    case "hook_timeout_ms": "\(radio.hookTimeout.raw / 1000)"
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

extension HookSettings {
  fileprivate func written(_ key: String) -> String {
    switch key {
    case "on": kind.word
    case "pattern": pattern
    case "run": program
    default: "\(timeout.raw / 1000)"
    }
  }
}
