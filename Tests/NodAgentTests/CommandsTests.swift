// Each command with its reply, as Redis gives it.
import NodCore
import Testing

@testable import NodAgent

/// What is said and what is answered, in order, on one connection.
private func expectDialogue(_ lines: [(String, String)], resp3: Bool = false) {
  var desk = Desk()
  let slot = desk.open()
  if resp3 { _ = desk.say(slot, "HELLO", "3") }
  for (words, reply) in lines {
    desk.send(slot, words + "\r\n")
    #expect(desk.receive(slot) == reply.replacing(" | ", with: "\r\n") + "\r\n", "\(words)")
  }
}

@Test func stringsAreWrittenAndReadAsInRedis() {
  expectDialogue([
    ("GET k", "$-1"), ("SET k v", "+OK"), ("GET k", "$1 | v"), ("get K", "$-1"), ("STRLEN k", ":1"),
    ("STRLEN none", ":0"), ("SET k w NX", "$-1"), ("SET k w xx", "+OK"), ("SET none w XX", "$-1"),
    ("SET k x IFEQ w", "+OK"), ("SET k y IFEQ w", "$-1"), ("SET k z GET", "$1 | x"), ("SET new z GET", "$-1"),
    ("SET k q NX GET", "$1 | z"), ("SET k \"\"", "+OK"), ("GET k", "$0 | "), ("INCR n", ":1"),
    ("INCRBY n 9", ":10"),
    ("DECR n", ":9"), ("DECRBY n 19", ":-10"),
    ("INCRBY n 1.5", "-ERR value is not an integer or out of range"),
    ("SET s text", "+OK"), ("INCR s", "-ERR value is not an integer or out of range"),
    ("SET n 9223372036854775807", "+OK"),
    ("INCR n", "-ERR increment, decrement or expire time would overflow"),
    ("DECRBY n -9223372036854775808", "-ERR decrement would overflow"), ("TYPE k", "+string"),
    ("TYPE none", "+none"), ("EXISTS k k none", ":2"), ("DELEX k IFEQ no", ":0"), ("DELEX s IFEQ text", ":1"),
    ("DEL k n none", ":2"), ("DBSIZE", ":1"), ("DELEX new", ":1"), ("DBSIZE", ":0"),
  ])
}

@Test func expiryIsSetShownAndTakenAway() {
  expectDialogue([
    ("SET k v EX 100", "+OK"), ("TTL k", ":100"), ("PERSIST k", ":1"), ("PERSIST k", ":0"), ("TTL k", ":-1"),
    ("PTTL none", ":-2"), ("PEXPIRE k 5000", ":1"), ("EXPIRE none 5", ":0"), ("SET k w KEEPTTL", "+OK"),
    ("TTL k", ":5"), ("SET k w", "+OK"), ("TTL k", ":-1"), ("EXPIRE k 0", ":1"), ("GET k", "$-1"),
    ("SET k v PX 0", "-ERR invalid expire time in 'SET' command"),
    ("SET k v EX -1", "-ERR invalid expire time in 'SET' command"),
    ("SET k v EX 99999999999999999", "-ERR expire time is too far away in 'SET' command"),
    ("SET k v PX x", "-ERR value is not an integer or out of range"),
    ("SET k v EX 1 PX 1", "-ERR syntax error"),
    ("SET k v EX", "-ERR syntax error"), ("SET k v EX 1 KEEPTTL", "-ERR syntax error"),
    ("SET k v NX XX", "-ERR syntax error"), ("SET k v IFEQ", "-ERR syntax error"),
    ("SET k v BOLD", "-ERR syntax error"),
    ("SET k v EXAT 5", "-ERR expiry counts in cluster time: say how long (EX, PX), not until when"),
    ("EXPIRE k 5 NX", "-ERR syntax error"), ("DBSIZE", ":0"),
  ])
}

@Test func aWrongNumberOfArgumentsIsToldAsInRedis() {
  for words in [
    "get", "set k", "incr", "incrby n", "echo", "select", "ttl", "dbsize 1", "nod", "keys", "subscribe",
  ] {
    let name = words.split(separator: " ")[0]
    expectDialogue([(words, "-ERR wrong number of arguments for '\(name)' command")])
  }
}

@Test func everyCommandOfTheTableIsAnsweredAndFindsItself() {
  var count = 0
  for command in Command.inOrder {
    count += 1
    #expect(Command(named: command.row.name.bytes) == command)
    var desk = Desk()
    let slot = desk.open()
    let words = [command.row.name.description] + (1..<max(2, abs(command.row.arity))).map { "\($0)" }
    desk.send(slot, request(words))
    #expect(desk.receive(slot).isEmpty == false, "\(words)")
    #expect(desk.clients.fate(slot) == (command == .quit ? .close : .stay))
  }
  #expect(count == Command.count && count == Command.allCases.count)
}

@Test func theConnectionTellsAboutItself() {
  expectDialogue([
    ("PING", "+PONG"), ("PING hi", "$2 | hi"), ("ECHO hi", "$2 | hi"), ("CLIENT ID", ":1"),
    ("CLIENT GETNAME", "$-1"),
    ("CLIENT SETNAME me", "+OK"), ("CLIENT GETNAME", "$2 | me"), ("CLIENT SETINFO LIB-NAME x", "+OK"),
    (
      "CLIENT SETNAME \"a b\"",
      "-ERR Client names cannot contain spaces, newlines or special characters, or be long"
    ),
    ("CLIENT KILL x", "-ERR unknown subcommand or wrong number of arguments for 'CLIENT'"),
    ("SELECT 0", "+OK"),
    ("SELECT 1", "-ERR DB index is out of range: there is only database 0"),
    ("AUTH secret", "-ERR AUTH is not supported: who may connect is decided by the mode of the socket file"),
    ("HELLO 4", "-NOPROTO unsupported protocol version"),
    (
      "HELLO 3 AUTH a b",
      "-ERR AUTH is not supported: who may connect is decided by the mode of the socket file"
    ),
    ("HELLO x", "-ERR Protocol version is not an integer or out of range"),
    ("CONFIG GET maxmemory", "*0"), ("CONFIG GET save", "*2 | $4 | save | $0 | "),
    ("CONFIG SET a b", "-ERR the configuration is a file: edit nod.conf and restart nodd"),
    ("COMMAND COUNT", ":35"), ("RESET", "+RESET"), ("CLIENT GETNAME", "$-1"), ("QUIT", "+OK"),
  ])
}

@Test func helloChoosesTheProtocol() {
  var desk = Desk()
  let slot = desk.open()
  #expect(desk.say(slot, "HELLO").hasPrefix("*14\r\n$6\r\nserver\r\n$3\r\nnod\r\n"))
  #expect(desk.say(slot, "GET", "none") == "$-1\r\n")
  let hello = desk.say(slot, "HELLO", "3", "SETNAME", "me")
  #expect(hello.hasPrefix("%7\r\n$6\r\nserver\r\n$3\r\nnod\r\n"))
  #expect(hello.contains("$5\r\nproto\r\n:3\r\n"))
  #expect(desk.say(slot, "GET", "none") == "_\r\n")
  #expect(desk.say(slot, "CLIENT", "GETNAME") == "$2\r\nme\r\n")
  #expect(desk.say(slot, "CONFIG", "GET", "x") == "%0\r\n")
  #expect(desk.say(slot, "NOD", "STATUS") == "%1\r\n$4\r\nrole\r\n$6\r\nleader\r\n")
  #expect(desk.say(slot, "HELLO", "2").hasPrefix("*14\r\n"))
}

@Test func scanVisitsEveryKeyOnceAndKeysMatchesPatterns() {
  var desk = Desk()
  let slot = desk.open()
  for number in 0..<500 { _ = desk.say(slot, "SET", "key:\(number)", "v") }
  var seen: [String] = []
  var cursor = "0"
  var calls = 0
  repeat {
    let parts = desk.say(slot, "SCAN", cursor, "COUNT", "37", "MATCH", "key:*").split(separator: "\r\n")
    cursor = String(parts[2])
    seen += parts.filter { $0.hasPrefix("key:") }.map(String.init)
    calls += 1
  } while cursor != "0" && calls < 100
  #expect(calls > 5 && calls < 100)
  #expect(seen.count == 500 && Set(seen).count == 500)
  #expect(desk.say(slot, "KEYS", "key:4[89]?").hasPrefix("*20\r\n"))
  #expect(desk.say(slot, "SCAN", "0", "TYPE", "list").hasSuffix("*0\r\n"))
  #expect(desk.say(slot, "SCAN", "x") == "-ERR invalid cursor\r\n")
  #expect(desk.say(slot, "SCAN", "0", "COUNT", "0") == "-ERR syntax error\r\n")
  #expect(desk.say(slot, "SCAN", "0", "COUNT", "1000000").hasPrefix("*2\r\n$"))
}

@Test func subscribersHearOfChangesInTheFormOfKeyspaceNotifications() {
  for isRESP3 in [false, true] {
    var desk = Desk()
    let listener = desk.open()
    let writer = desk.open()
    if isRESP3 { _ = desk.say(listener, "HELLO", "3") }
    let kind = isRESP3 ? ">" : "*"
    #expect(
      desk.say(listener, "SUBSCRIBE", "__keyspace@0__:valve", "nod:changes")
        == "\(kind)3\r\n$9\r\nsubscribe\r\n$20\r\n__keyspace@0__:valve\r\n:1\r\n"
        + "\(kind)3\r\n$9\r\nsubscribe\r\n$11\r\nnod:changes\r\n:2\r\n")
    #expect(desk.say(listener, "PSUBSCRIBE", "__keyevent@0__:d*").hasSuffix(":3\r\n"))
    #expect(desk.say(writer, "SET", "valve", "open") == "+OK\r\n")
    #expect(
      desk.receive(listener)
        == "\(kind)3\r\n$7\r\nmessage\r\n$20\r\n__keyspace@0__:valve\r\n$3\r\nset\r\n"
        + "\(kind)3\r\n$7\r\nmessage\r\n$11\r\nnod:changes\r\n$11\r\n1 set valve\r\n")
    #expect(desk.say(writer, "DEL", "valve") == ":1\r\n")
    #expect(
      desk.receive(listener).contains(
        "\(kind)4\r\n$8\r\npmessage\r\n$17\r\n__keyevent@0__:d*\r\n"
          + "$18\r\n__keyevent@0__:del\r\n$5\r\nvalve\r\n"
      ))
    #expect(desk.say(listener, "GET", "k").hasPrefix(isRESP3 ? "_" : "-ERR Can't execute 'GET'"))
    #expect(desk.say(listener, "PING") == (isRESP3 ? "+PONG\r\n" : "*2\r\n$4\r\npong\r\n$0\r\n\r\n"))
    #expect(desk.say(listener, "UNSUBSCRIBE", "nod:changes").hasSuffix(":2\r\n"))
    #expect(desk.say(listener, "UNSUBSCRIBE").hasSuffix(":1\r\n"))
    #expect(desk.say(listener, "PUNSUBSCRIBE").hasSuffix(":0\r\n"))
    #expect(desk.say(listener, "UNSUBSCRIBE").contains(isRESP3 ? "_\r\n:0" : "$-1\r\n:0"))
    #expect(desk.say(writer, "SET", "valve", "shut") == "+OK\r\n")
    #expect(desk.receive(listener) == "")
    #expect(desk.say(listener, "GET", "valve") == "$4\r\nshut\r\n")
  }
}

@Test func subscriptionsAreBoundedAndGoWithTheirConnection() {
  var limits = LocalLimits()
  limits.subscriptions = 2
  var desk = Desk(limits)
  let slot = desk.open()
  let long = String(repeating: "c", count: limits.channelBytes + 1)
  #expect(desk.say(slot, "SUBSCRIBE", long) == "-ERR channel or pattern longer than 192 bytes\r\n")
  _ = desk.say(slot, "SUBSCRIBE", "a", "b", "a")
  #expect(
    desk.say(slot, "SUBSCRIBE", "c") == "-ERR too many subscriptions: 2 are allowed over all clients\r\n")
  desk.clients.close(slot, port: &desk.cluster)
  let next = desk.open()
  #expect(desk.say(next, "SUBSCRIBE", "c").hasSuffix(":1\r\n"))
}

@Test func aTokenMakesRepeatingSafe() {
  var desk = Desk()
  let slot = desk.open()
  let token = String(desk.say(slot, "NOD", "TOKEN").split(separator: "\r\n")[1])
  #expect(desk.say(slot, "NOD", "WITH", token, "INCR", "n") == ":1\r\n")
  #expect(desk.say(slot, "NOD", "WITH", token, "INCR", "n") == ":1\r\n")
  #expect(desk.say(slot, "GET", "n") == "$1\r\n1\r\n")
  #expect(desk.say(slot, "NOD", "VERSION", "n") == ":1\r\n")
  #expect(desk.say(slot, "NOD", "VERSION", "none") == "$-1\r\n")
  #expect(desk.say(slot, "NOD", "WITH", token, "GET", "n") == "-ERR NOD WITH takes a command that writes\r\n")
  #expect(desk.say(slot, "NOD", "WITH", "abc", "INCR", "n").hasPrefix("-ERR invalid token"))
  #expect(
    desk.say(slot, "NOD", "WITH", token, "SET", "n") == "-ERR wrong number of arguments for 'NOD' command\r\n"
  )
  #expect(desk.say(slot, "NOD", "READ", "n") == "$1\r\n1\r\n")
  #expect(desk.say(slot, "NOD", "READ", "none") == "$-1\r\n")
  #expect(desk.say(slot, "NOD", "LOG", "5", "3") == "*2\r\n:5\r\n:3\r\n")
  #expect(desk.say(slot, "NOD", "LOG") == "*2\r\n:0\r\n:10\r\n")
  #expect(desk.say(slot, "NOD", "LINKS") == "*0\r\n")
  #expect(desk.say(slot, "NOD", "TRACE", "7", "3") == "*2\r\n:7\r\n:3\r\n")
  #expect(desk.say(slot, "NOD", "TRACE") == "*2\r\n:0\r\n:100\r\n")
  #expect(desk.say(slot, "NOD", "TRACE", "-1").hasPrefix("-ERR value is not an integer"))
  #expect(desk.say(slot, "NOD", "WHAT").hasPrefix("-ERR unknown subcommand"))
  #expect(desk.say(slot, "NOD", "HELP").hasPrefix("*15\r\n"))
}

@Test func infoIsTheAgentsTextAndTheInterfacesOwn() {
  var desk = Desk()
  let slot = desk.open()
  let all = desk.say(slot, "INFO")
  #expect(all.contains("# Node\r\nrole:leader\r\n# Clients\r\nconnected_clients:1\r\n"))
  let length = Int(all.dropFirst().prefix { $0 != "\r\n" })
  #expect(length == all.utf8.count - "$\(length ?? 0)\r\n\r\n".utf8.count)
  #expect(desk.say(slot, "INFO", "clients").contains("\r\n# Clients\r\n"))
  #expect(!desk.say(slot, "INFO", "clients").contains("# Node"))
}
