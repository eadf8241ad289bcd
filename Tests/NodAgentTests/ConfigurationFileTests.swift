// nod.conf: what is read, how what is wrong is said, and that the shipped file and the parser know the same
// keys.
import Foundation
import NodAgent
import NodCore
import Testing

/// The errors of a nod.conf with this text, with the directory taken off the file's name.
private func errors(_ text: String) -> [String] {
  let scratch = ScratchDirectory()
  let path = scratch.write("nod.conf", text)
  do {
    _ = try Configuration.read(path: path)
    return []
  } catch {
    return error.all.map { $0.description.replacingOccurrences(of: scratch.path + "/", with: "") }
  }
}

private func read(_ text: String) throws -> Configuration {
  try ScratchDirectory.reading("nod.conf", text) { try Configuration.read(path: $0) }
}

@Suite struct ConfigurationReadingTests {
  @Test func aNameIsEnough() throws {
    let read = try read("[node]\nname = north\n")
    var usual = Configuration(name: "north")
    usual.file = read.file
    let directory = read.file.dropLast("nod.conf".count)
    usual.paths.roster = directory + "roster"
    usual.paths.nodeKey = directory + "node.key"
    usual.paths.groupKey = directory + "group.key"
    #expect(read == usual)
  }

  @Test func everyKeyIsRead() throws {
    let read = try read(
      """
      [node]
      name = n1
      battery_file = /sys/class/power_supply/BAT0/capacity
      host_milliwatts = 600
      [paths]
      roster = /r
      node_key = k
      group_key = sub/g
      state = /s
      [radio]
      transport = multicast
      multicast_group = [ff02::4e6f]:7100
      interface = wlan0
      profile = lora-sf7-eu868
      drop_percent = 30
      drop_seed = 4294967295
      hook = /h/radio
      hook_lead_ms = 250
      hook_timeout_ms = 4000
      [local]
      socket = s.sock
      mode = 0600
      tcp = 6379
      timeout_ms = 2500
      clients = 8
      [clock]
      accuracy_ppm = 2700
      host_latency_us = 5000
      [log]
      level = debug
      [disk]
      min_free_kb = 64
      [metrics]
      listen = [::1]:9464
      [hook.valve]
      on = key
      pattern = valve/*
      run = /h/valve
      timeout_ms = 1500
      [hook.lead]
      on = role
      run = /h/lead
      """)
    let directory = read.file.dropLast("nod.conf".count)
    #expect(read.name == "n1")
    #expect(read.batteryFile == "/sys/class/power_supply/BAT0/capacity")
    #expect(read.hostMilliwatts == 600)
    #expect(read.paths.roster == "/r")
    #expect(read.paths.nodeKey == directory + "k")
    #expect(read.paths.groupKey == directory + "sub/g")
    #expect(read.paths.state == "/s")
    #expect(read.radio.transport == .multicast)
    #expect(read.radio.multicastGroup == "[ff02::4e6f]:7100")
    #expect(read.radio.interface == "wlan0")
    #expect(read.radio.profile == "lora-sf7-eu868")
    #expect(read.radio.dropPercent == 30)
    #expect(read.radio.dropSeed == .max)
    #expect(read.local.socket == directory + "s.sock")
    #expect(read.local.mode == 0o600)
    #expect(read.local.tcpPort == 6379)
    #expect(read.local.timeout == .milliseconds(2500))
    #expect(read.local.clients == 8)
    #expect(read.clock.accuracyPPM == 2700)
    #expect(read.clock.hostLatency == Microseconds(5000))
    #expect(read.logLevel == .debug)
    #expect(read.minimumFreeKibibytes == 64)
    #expect(read.radio.hook == "/h/radio")
    #expect(read.radio.hookLead == .milliseconds(250))
    #expect(read.radio.hookTimeout == .milliseconds(4000))
    #expect(read.metrics == LoopbackAddress(isV6: true, port: 9464))
    #expect(read.hooks.map(\.name) == ["valve", "lead"])
    #expect(read.hooks.map(\.kind) == [.key, .role])
    #expect(read.hooks.map(\.pattern) == ["valve/*", ""])
    #expect(read.hooks.map(\.program) == ["/h/valve", "/h/lead"])
    #expect(read.hooks.map(\.timeout) == [.milliseconds(1500), .seconds(10)])
  }

  @Test func spellingIsForgivingWhereItCannotMislead() throws {
    let read = try read(
      "\u{feff}; a comment\r\n\n  [node] ; us\r\n\t name=north  ; our name\r\n[log]\nlevel: info\n")
    #expect(read.name == "north")
    #expect(read.logLevel == .info)
  }

  @Test func whatIsWrittenReadsBack() throws {
    var configuration = Configuration(name: "n2")
    configuration.batteryFile = "/run/battery"
    configuration.hostMilliwatts = 1200
    configuration.paths.roster = "/etc/nod/roster"
    configuration.paths.nodeKey = "/k"
    configuration.paths.groupKey = "/g"
    configuration.paths.state = "/s"
    configuration.radio.listen = "0.0.0.0:7102"
    configuration.radio.profile = "./radio.conf"
    configuration.radio.dropPercent = 30
    configuration.radio.dropSeed = 9
    configuration.local.socket = "/run/n2.sock"
    configuration.local.mode = 0o640
    configuration.local.tcpPort = 7379
    configuration.local.timeout = .milliseconds(400)
    configuration.local.clients = 2
    configuration.clock.accuracyPPM = 20
    configuration.clock.hostLatency = .zero
    configuration.logLevel = .info
    configuration.minimumFreeKibibytes = 2048
    configuration.radio.hook = "/h/radio"
    configuration.radio.hookLead = .seconds(2)
    configuration.radio.hookTimeout = .seconds(3)
    configuration.metrics = LoopbackAddress(isV6: false, port: 9464)
    for (name, kind) in [("lead", HookKind.role), ("valve", .key)] {
      var hook = HookSettings(name: name)
      hook.kind = kind
      hook.pattern = kind == .key ? "valve/*" : ""
      hook.program = "/h/" + name
      hook.timeout = .seconds(2)
      configuration.hooks.append(hook)
    }
    var read = try read(configuration.fileText())
    read.file = configuration.file
    #expect(read == configuration)

    configuration.radio.listen = ""
    configuration.radio.transport = .multicast
    configuration.radio.multicastGroup = "239.1.2.3:7100"
    configuration.radio.interface = "lo"
    read = try NodAgentTests.read(configuration.fileText())
    read.file = configuration.file
    #expect(read == configuration)
  }

  @Test func defaultsAreNotWritten() {
    let text = Configuration(name: "north").fileText()
    #expect(
      text.contains("# this node's name in the roster (1 to 32 letters, digits, - _ .)\nname = north\n"))
    #expect(!text.contains("drop_percent"))
  }
}

@Suite struct ConfigurationErrorTests {
  @Test func anErrorNamesFileLineKeyWhatWasFoundAndWhatIsAllowed() {
    #expect(
      errors("[node]\nname = n\n[radio]\ndrop_percent = 130\n") == [
        "nod.conf:4: [radio] drop_percent = 130: allowed is 0 to 100 (percent of received frames thrown away)"
      ])
  }

  @Test(arguments: [
    (
      "name =",
      "nod.conf:2: [node] name = : allowed is 1 to 32 letters, digits, - _ . (this node's name in the roster)"
    ),
    (
      "name = a b",
      """
      nod.conf:2: [node] name = a b: allowed is 1 to 32 letters, digits, - _ . (this node's name in the \
      roster)
      """
    ),
    (
      "name = n\n[log]\nlevel = loud",
      """
      nod.conf:4: [log] level = loud: allowed is error, warn, info or debug (the least important lines \
      that are written to standard error)
      """
    ),
    (
      "name = n\n[local]\nmode = 0999",
      """
      nod.conf:4: [local] mode = 0999: allowed is 0600 to 0777, in octal (who may connect to the socket, \
      as for chmod)
      """
    ),
    (
      "name = n\n[local]\ntcp = on",
      """
      nod.conf:4: [local] tcp = on: allowed is off, or 1 to 65535 (a port on the loopback interface for \
      programs on this board)
      """
    ),
    (
      "name = n\n[local]\nclients = +5",
      "nod.conf:4: [local] clients = +5: allowed is 1 to 1024 (connections at once)"
    ),
    (
      "name = n\n[local]\nclients = 99999999999999999999",
      "nod.conf:4: [local] clients = 99999999999999999999: allowed is 1 to 1024 (connections at once)"
    ),
    (
      "name = n\n[radio]\nlisten = here",
      """
      nod.conf:4: [radio] listen = here: allowed is host:port like 10.0.0.7:7100, or [fd00::7]:7100 \
      (where datagrams come in; usually this node's address in the roster)
      """
    ),
    (
      "name = n\n[radio]\ninterface = lo",
      """
      nod.conf:4: [radio] interface = lo: has no effect with transport = unicast: take it out, or set \
      transport = multicast
      """
    ),
    (
      "name = n\n[radio]\ntransport = multicast",
      """
      nod.conf:3: [radio] multicast_group: is missing; transport = multicast needs a group like \
      239.78.79.68:7100
      """
    ),
    (
      "name = n\n[clock]\naccuracy = 5",
      "nod.conf:4: [clock] accuracy = 5: unknown key; [clock] has accuracy_ppm and host_latency_us"
    ),
    (
      "name = n\n[raido]\nprofile = x",
      """
      nod.conf:3: [raido]: unknown section; there are node, paths, radio, local, clock, log, disk, metrics \
      and hook.NAME
      """
    ),
    (
      "name = n\n[metrics]\nlisten = 0.0.0.0:9464",
      """
      nod.conf:4: [metrics] listen = 0.0.0.0:9464: allowed is off, or 127.0.0.1:PORT or [::1]:PORT with PORT \
      from 1 to 65535 (where figures are to be had by HTTP in Prometheus's form)
      """
    ),
    (
      "name = n\n[radio]\nhook = rfkill",
      "nod.conf:4: [radio] hook = rfkill: allowed is a path from the root: no shell looks for it"
    ),
    (
      "name = n\n[hook.valve]\non = key\nrun = /h",
      "nod.conf:3: [hook.valve] pattern: is missing; on = key needs one, like valve/*"
    ),
    (
      "name = n\n[hook.valve]\non = role\npattern = *\nrun = /h",
      "nod.conf:5: [hook.valve] pattern = *: has no effect with on = role: take it out, or set on = key"
    ),
    (
      "name = n\n[hook.valve]\non = role",
      """
      nod.conf:3: [hook.valve] run: is missing; allowed is 1 to 180 bytes (the program that is run, an absolute \
      path)
      """
    ),
    (
      "name = n\n[hook.a b]\non = role\nrun = /h",
      "nod.conf:3: [hook.a b]: the name of a hook is 1 to 32 letters, digits, - _ ."
    ),
    ("name = n\nname = m", "nod.conf:3: [node] name = m: given twice: line 2 says n"),
    (
      "name = n\n[log]\n[node]",
      "nod.conf:4: [node]: the section began in line 1 already; put its keys together"
    ),
    (
      "name = n\nnonsense",
      "nod.conf:3: \"nonsense\": not understood: a line is [section], key = value, or a comment after # or ;"
    ),
    (
      "name = n\n[log",
      "nod.conf:3: \"[log\": not understood: a line is [section], key = value, or a comment after # or ;"
    ),
    (
      "name = n\n[log] level = info",
      """
      nod.conf:3: \"level = info\": not understood: a line is [section], key = value, or a comment after \
      # or ;
      """
    ),
  ])
  func oneFaultIsOneError(text: String, error: String) {
    #expect(errors("[node]\n" + text + "\n") == [error])
  }

  @Test func thereIsABoundForHooks() {
    let text = (1...17).map { "[hook.h\($0)]\non = role\nrun = /h\n" }.joined()
    #expect(errors("[node]\nname = n\n" + text) == ["nod.conf:51: [hook.h17]: there may be 16 hooks"])
  }

  @Test func aMissingKeyIsSaid() {
    #expect(
      errors("[log]\nlevel = info\n") == [
        """
        nod.conf: [node] name: is missing; allowed is 1 to 32 letters, digits, - _ . (this node's name \
        in the roster)
        """
      ])
  }

  @Test func aValueBeforeTheFirstSectionIsSaid() {
    #expect(
      errors("level = info\n[node]\nname = n\n") == [
        "nod.conf:1: level = info: stands before the first [section]"
      ])
  }

  @Test func everythingWrongIsSaidAtOnceInTheOrderOfTheLines() {
    let found = errors(
      """
      [node]\nnam = n\n[radio]\ndrop_percent = x\nwhat is this\nprofile = loopback\n[log]\nlevel = \
      3\n[nothing]\na = b\n
      """
    )
    #expect(
      found.map { $0.prefix { $0 != " " } } == [
        "nod.conf:1:", "nod.conf:2:", "nod.conf:4:", "nod.conf:5:", "nod.conf:8:", "nod.conf:9:",
      ])
  }

  @Test func aFileThatIsNotThereIsSaidOnce() {
    do {
      _ = try Configuration.read(path: "/nowhere/nod.conf")
      Issue.record("read")
    } catch {
      #expect(error.description == "/nowhere/nod.conf: cannot be read: No such file or directory")
    }
  }

  @Test func aDirectoryIsNoFile() {
    do {
      _ = try Configuration.read(path: "/tmp")
      Issue.record("read")
    } catch {
      #expect(error.description == "/tmp: cannot be read: Is a directory")
    }
  }

  @Test func whatIsNoTextIsRefused() {
    let scratch = ScratchDirectory()
    let path = scratch.write("nod.conf", Data("[node]\nname = n\u{0}orth\n".utf8))
    do {
      _ = try Configuration.read(path: path)
      Issue.record("read")
    } catch {
      #expect(error.description.contains("nod.conf:2: the line has a zero byte in it"))
    }
  }

  @Test func aLineIsAtMost197Bytes() throws {
    let value = String(repeating: "x", count: 180)
    let longest = "profile = /" + value + String(repeating: "x", count: 197 - 11 - 180)
    #expect(try read("[node]\nname = n\n[radio]\n\(longest)\n").radio.profile.utf8.count == 187)
    #expect(
      errors("[node]\nname = n\n[radio]\n\(longest)x\n") == ["nod.conf:4: the line is longer than 197 bytes"])
    let endless = String(repeating: "y", count: 100_000)
    #expect(
      errors("[node]\nname = n\n\(endless)\n[log]\nlevel = info") == [
        "nod.conf:3: the line is longer than 197 bytes"
      ])
  }

  @Test func aFileOfTooManyLinesIsNotReadToItsEnd() {
    let found = errors("[node]\nname = n\n" + String(repeating: "# more\n", count: 10_000))
    #expect(found == ["nod.conf:4096: more than 4096 lines: this cannot be the right file"])
  }

  @Test func randomBytesAreErrorsAndNeverMore() {
    var state: UInt64 = 1
    for _ in 0..<100 {
      var data = Data("[node]\nname = n\n".utf8)
      for _ in 0..<400 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let byte = UInt8(truncatingIfNeeded: state >> 56)
        data.append(byte % 5 == 0 ? 10 : byte)
      }
      let scratch = ScratchDirectory()
      let path = scratch.write("nod.conf", data)
      #expect(throws: ConfigurationErrors.self) { try Configuration.read(path: path) }
    }
  }
}

@Suite struct ConfigurationShippedFileTests {
  private static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Firmware-config/nod.conf").path

  private struct Entry {
    var section: String
    var key: String
    var value: String
    var comment: String
    var isCommentedOut: Bool
  }

  /// The shipped file's keys: set ones, and those that are commented out as "#key = value".
  private func entries() throws -> [Entry] {
    var entries: [Entry] = []
    var section = ""
    var comment = ""
    for line in try String(contentsOfFile: Self.path, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    {
      if line.hasPrefix("[") || line.hasPrefix("#[") {
        section = String(line.drop { $0 == "#" }.dropFirst().dropLast())
      }
      if line.isEmpty { comment = "" }
      if line.hasPrefix("# ") { comment += line.dropFirst(1) }
      let isCommentedOut = line.hasPrefix("#") && !line.hasPrefix("# ")
      let parts = line.drop { $0 == "#" }.split(separator: "=", maxSplits: 1)
      guard !line.hasPrefix("# "), !line.hasPrefix("["), parts.count == 2 else { continue }
      entries.append(
        Entry(
          section: section, key: parts[0].trimmingCharacters(in: .whitespaces),
          value: parts[1].trimmingCharacters(in: .whitespaces), comment: comment,
          isCommentedOut: isCommentedOut))
    }
    return entries
  }

  @Test func theShippedFileIsAcceptedAsItIs() throws {
    let read = try Configuration.read(path: Self.path)
    #expect(read.name == "north")
  }

  @Test func everyKeyOfTheParserIsInTheFileInTheSameOrderAndNoOther() throws {
    let shipped = try entries().map { "\($0.section).\($0.key)" }
    #expect(shipped == Configuration.questions.map { "\($0.section).\($0.key)" })
  }

  @Test func theFileShowsTheDefaultsAndSaysThem() throws {
    for (entry, question) in zip(try entries(), Configuration.questions) {
      // Of hooks the whole section is commented out.
      let isOptional = question.usual != nil || entry.section == "hook.NAME"
      #expect(entry.isCommentedOut == isOptional, "\(entry.key)")
      let usual = question.usual ?? ""
      if usual.isEmpty { continue }
      #expect(entry.value == usual, "\(entry.key)")
      #expect(question.section == "paths" || entry.comment.contains("Default"), "\(entry.key)")
    }
  }

  @Test func theFileNamesTheRanges() throws {
    for (entry, question) in zip(try entries(), Configuration.questions) {
      // "0 to 100", or "off, or 1 to 65535".
      guard let range = question.allowed.firstMatch(of: /\d+ to \d+/) else { continue }
      if question.section == "paths" || question.allowed.contains("path of") { continue }
      if entry.key == "interface" || entry.key == "profile" { continue }
      #expect(entry.comment.contains(range.0), "\(entry.key): \(range.0)")
    }
  }

  @Test func theExamplesOfTheFileAreAccepted() throws {
    var bySection: [String: [Entry]] = [:]
    for entry in try entries() { bySection[entry.section, default: []].append(entry) }
    for transport in ["unicast", "multicast"] {
      var text = ""
      for (section, entries) in bySection {
        text += "[\(section)]\n"
        for entry in entries {
          if entry.key == "transport" { continue }
          let isForMulticast = entry.key == "multicast_group" || entry.key == "interface"
          if isForMulticast && transport == "unicast" || entry.key == "listen" && transport == "multicast" {
            continue
          }
          text += "\(entry.key) = \(entry.value)\n"
        }
        if section == "radio" { text += "transport = \(transport)\n" }
      }
      #expect(throws: Never.self) { try read(text) }
    }
  }
}
