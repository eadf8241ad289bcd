// nod.conf: what one node needs to know of its board. What all members must agree on stands in the roster
// instead. Every key with its unit, range and default is asked for in `ask`, and nowhere else;
// Firmware-config/nod.conf shows them to people and is held against these questions by a test.
import NodCore

package struct Configuration: Equatable, Sendable {
  package enum Transport: UInt8, CaseIterable, Sendable {
    case unicast = 0
    case multicast

    package var word: String { self == .unicast ? "unicast" : "multicast" }
  }

  package struct Paths: Equatable, Sendable {
    package var roster = "roster"
    package var nodeKey = "node.key"
    package var groupKey = "group.key"
    package var state = "/var/lib/nod"
    package init() {}
  }

  package struct RadioSettings: Equatable, Sendable {
    package var transport = Transport.unicast
    /// Empty: this node's address in the roster.
    package var listen = ""
    package var multicastGroup = ""
    /// Empty: the kernel chooses.
    package var interface = ""
    /// A built-in profile's name, or the path of a profile file as it stands in nod.conf.
    package var profile = "loopback"
    package var dropPercent = 0
    /// 0: drawn at each start.
    package var dropSeed: UInt32 = 0
    /// The program that turns the radio itself on and off; empty: nobody does.
    package var hook = ""
    /// How long before a window it is turned on.
    package var hookLead = Microseconds.milliseconds(500)
    package var hookTimeout = HookLimits.usualTimeout
    package init() {}
  }

  package struct LocalSettings: Equatable, Sendable {
    package var socket = "/run/nod/nod.sock"
    package var mode: UInt32 = 0o660
    /// nil: no TCP.
    package var tcpPort: UInt16?
    package var timeout = Microseconds.seconds(10)
    package var clients = 64
    package init() {}
  }

  package struct ClockSettings: Equatable, Sendable {
    package var accuracyPPM = 50
    package var hostLatency = Microseconds(1000)
    package init() {}
  }

  /// The file that it was read from.
  package var file = "nod.conf"
  package var name: String
  /// Who leads rather: see `NodeParameters.priority`.
  package var priority = Limits.highestPriority
  /// Holds the battery's charge in percent, as the kernel writes it; empty: nobody knows.
  package var batteryFile = ""
  /// What the board draws while it is awake, the radio not counted; 0: nobody knows.
  package var hostMilliwatts: Int64 = 0
  package var paths = Paths()
  package var radio = RadioSettings()
  package var local = LocalSettings()
  package var clock = ClockSettings()
  package var logLevel = LogLevel.warn
  /// With less free than this the node is as with a full disk; 0: nobody looks.
  package var minimumFreeKibibytes = 1024
  /// Where metrics are to be had by HTTP; nil: nowhere.
  package var metrics: LoopbackAddress?
  package var hooks: [HookSettings] = []

  /// The path of the profile file, if the profile is one.
  package var profileFile: String? {
    guard ProfileCatalogue.isFile(radio.profile) else { return nil }
    return radio.profile.utf8.first == UInt8(ascii: "/")
      ? radio.profile : directoryPart(of: file) + radio.profile
  }

  /// The defaults.
  package init(name: String) { self.name = name }

  /// Reads a file, or says everything that is wrong with it.
  package static func read(path: String) throws(ConfigurationErrors) -> Configuration {
    var reader = ConfigurationReader(path: path)
    let configuration = ask(&reader)
    let errors = reader.finish()
    if !errors.isEmpty { throw errors }
    return configuration
  }

  /// Everything that nod.conf can say.
  package static var questions: [ConfigurationReader.Question] {
    var reader = ConfigurationReader(emptyNamed: "nod.conf")
    _ = ask(&reader)
    return reader.questions
  }

  /// The same, for these sections of hooks.
  package static func questions(hooks sections: [String]) -> [ConfigurationReader.Question] {
    var reader = ConfigurationReader(emptyNamed: "nod.conf")
    for section in sections { _ = askHook(&reader, section) }
    return questions.filter { $0.section != anyHook } + reader.questions
  }
}

extension Configuration {
  /// The questions, in the order of the shipped file.
  static func ask(_ reader: inout ConfigurationReader) -> Configuration {
    let usual = Configuration(name: "")
    var read = usual
    read.file = reader.file
    read.name = reader.name("node", "name", usual: nil, meaning: "this node's name in the roster")
    read.priority = Int(
      reader.number(
        "node", "priority", 0...Int64(Limits.highestPriority), usual: Int64(usual.priority),
        meaning: "who leads rather: each step below ten waits a window more before it stands for leader"))
    read.batteryFile = reader.text(
      "node", "battery_file", atMost: pathLimit, usual: usual.batteryFile,
      meaning: "the file that holds the battery's charge in percent; without it nobody knows")
    read.hostMilliwatts = reader.number(
      "node", "host_milliwatts", 0...1_000_000, usual: usual.hostMilliwatts,
      meaning: "what the board draws while it is awake, without the radio, in milliwatts; 0: nobody knows")
    askPaths(&reader, usual.paths, &read.paths)
    askRadio(&reader, usual.radio, &read.radio)
    askLocal(&reader, usual.local, &read.local)
    read.clock.accuracyPPM = Int(
      reader.number(
        "clock", "accuracy_ppm", 1...10_000, usual: Int64(usual.clock.accuracyPPM),
        meaning: "how far the board's clock may be off, in millionths"))
    read.clock.hostLatency = Microseconds(
      reader.number(
        "clock", "host_latency_us", 0...1_000_000, usual: usual.clock.hostLatency.raw,
        meaning: "microseconds from the moment asked for until this board is awake and listens"))
    read.logLevel =
      LogLevel.allCases[
        reader.word(
          "log", "level", LogLevel.allCases.map { $0.word }, usual: Int(usual.logLevel.rawValue),
          meaning: "the least important lines that are written to standard error")]
    read.minimumFreeKibibytes = Int(
      reader.number(
        "disk", "min_free_kb", 0...1_048_576, usual: Int64(usual.minimumFreeKibibytes),
        meaning: "KiB that stay free on the file system of the state directory; 0: nobody looks"))
    read.metrics = reader.loopback(
      "metrics", "listen", meaning: "where figures are to be had by HTTP in Prometheus's form")
    askHooks(&reader, &read)
    return read
  }

  private static func askHooks(_ reader: inout ConfigurationReader, _ read: inout Configuration) {
    reader.repeatedSection = anyHook
    let sections = reader.sections(beginning: hookPrefix)
    for section in reader.isEmpty ? [anyHook] : sections { read.hooks.append(askHook(&reader, section)) }
    if sections.count > HookLimits.hooks {
      reader.refuse(sections[HookLimits.hooks], "", "there may be \(HookLimits.hooks) hooks")
    }
  }

  private static func askPaths(_ reader: inout ConfigurationReader, _ usual: Paths, _ read: inout Paths) {
    read.roster = reader.path(
      "paths", "roster", usual: usual.roster, meaning: "the roster, alike on every member")
    read.nodeKey = reader.path(
      "paths", "node_key", usual: usual.nodeKey, meaning: "this node's secret key, readable by nobody else")
    read.groupKey = reader.path(
      "paths", "group_key", usual: usual.groupKey, meaning: "the cluster's key, sealed to this node")
    read.state = reader.path(
      "paths", "state", usual: usual.state, meaning: "the directory of what this node must not forget")
  }

  private static func askRadio(
    _ reader: inout ConfigurationReader, _ usual: RadioSettings, _ read: inout RadioSettings
  ) {
    let transport = reader.word(
      "radio", "transport", Transport.allCases.map { $0.word },
      meaning: "a datagram to each member, or one to a group")
    read.transport = Transport.allCases[transport]
    read.listen = reader.address(
      "radio", "listen", usual: "",
      meaning: "where datagrams come in; usually this node's address in the roster")
    read.multicastGroup = reader.address(
      "radio", "multicast_group", isMulticast: true, usual: "", meaning: "the group of transport = multicast")
    read.interface = reader.text(
      "radio", "interface", atMost: 15, usual: usual.interface,
      meaning: "the network interface of the group, like wlan0; usually the kernel's choice")
    read.profile = reader.text(
      "radio", "profile", atMost: pathLimit, usual: usual.profile,
      meaning: "the radio's figures: a built-in name, or a profile file")
    read.dropPercent = Int(
      reader.number(
        "radio", "drop_percent", 0...100, usual: Int64(usual.dropPercent),
        meaning: "percent of received frames thrown away"))
    read.dropSeed = UInt32(
      reader.number(
        "radio", "drop_seed", 0...4_294_967_295, usual: Int64(usual.dropSeed),
        meaning: "which frames are thrown away; 0 draws anew at each start"))
    askRadioHook(&reader, usual, &read)
    checkTransport(&reader, read)
    if !read.profile.isEmpty && !ProfileCatalogue.isFile(read.profile)
      && ProfileCatalogue.builtIn(read.profile) == nil
    {
      let names = listed(ProfileCatalogue.builtInNames, last: "and")
      reader.refuse(
        "radio", "profile", "unknown profile; built in are \(names); a file's name has a / or ends with .conf"
      )
    }
  }

  private static func askRadioHook(
    _ reader: inout ConfigurationReader, _ usual: RadioSettings, _ read: inout RadioSettings
  ) {
    read.hook = program(
      &reader, "radio", "hook", usual: usual.hook, meaning: "the program that turns the radio on and off")
    read.hookLead = .milliseconds(
      reader.number(
        "radio", "hook_lead_ms", 0...60_000, usual: usual.hookLead.raw / 1000,
        meaning: "milliseconds before a window at which the hook turns the radio on"))
    read.hookTimeout = .milliseconds(
      reader.number(
        "radio", "hook_timeout_ms", 100...600_000, usual: usual.hookTimeout.raw / 1000,
        meaning: "milliseconds after which the hook is ended"))
  }

  /// A key that the transport does not use would be believed to work.
  private static func checkTransport(_ reader: inout ConfigurationReader, _ read: RadioSettings) {
    switch read.transport {
    case .unicast:
      for key in ["multicast_group", "interface"] where reader.has("radio", key) {
        reader.refuse(
          "radio", key, "has no effect with transport = unicast: take it out, or set transport = multicast")
      }
    case .multicast:
      if !reader.has("radio", "multicast_group") {
        reader.refuse(
          "radio", "multicast_group", "is missing; transport = multicast needs a group like 239.78.79.68:7100"
        )
      }
      if reader.has("radio", "listen") {
        reader.refuse(
          "radio", "listen", "has no effect with transport = multicast: the group's port is listened to")
      }
    }
  }

  private static func askLocal(
    _ reader: inout ConfigurationReader, _ usual: LocalSettings, _ read: inout LocalSettings
  ) {
    read.socket = reader.path(
      "local", "socket", atMost: socketPathLimit, usual: usual.socket,
      meaning: "the Unix socket for programs on this board")
    read.mode = reader.permissions(
      "local", "mode", usual: usual.mode, meaning: "who may connect to the socket, as for chmod")
    read.tcpPort = reader.numberOrWord(
      "local", "tcp", 1...65_535, word: "off",
      meaning: "a port on the loopback interface for programs on this board"
    ).map { UInt16($0) }
    let timeout = reader.number(
      "local", "timeout_ms", 100...600_000, usual: usual.timeout.raw / 1000,
      meaning:
        "milliseconds that a caller waits for the cluster before it is told that the outcome is unknown")
    read.timeout = .milliseconds(timeout)
    read.clients = Int(
      reader.number(
        "local", "clients", 1...1024, usual: Int64(usual.clients), meaning: "connections at once"))
  }
}
