// The local interface against what people really use: redis-cli, redis-benchmark, the Python client library,
// and sockets that misbehave.
import CBoard
import Foundation
import NodAgent
import NodCore
import Testing

/// What a program wrote and how it ended; nil when it is not installed.
private func run(_ words: [String], input: String = "") throws -> (output: String, status: Int32)? {
  let program = Process()
  program.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  program.arguments = words
  let (output, stdin) = (Pipe(), Pipe())
  program.standardOutput = output
  program.standardError = output
  program.standardInput = stdin
  try program.run()
  stdin.fileHandleForWriting.write(Data(input.utf8))
  try stdin.fileHandleForWriting.close()
  let bytes = output.fileHandleForReading.readDataToEndOfFile()
  program.waitUntilExit()
  return program.terminationStatus == 127
    ? nil : (String(decoding: bytes, as: UTF8.self), program.terminationStatus)
}
private func isInstalled(_ words: String...) -> Bool { (try? run(words))??.status == 0 }

@Suite(.serialized) struct ConnectionSocketTests {
  @Test(.enabled(if: isInstalled("redis-cli", "--version"))) func redisCLISpeaksWithUs() throws {
    let server = try ConnectionServer()
    defer { server.stop() }
    let dialogue = """
      SET valve:1 open
      GET valve:1
      SET valve:1 shut NX
      INCRBY n 5
      EXPIRE valve:1 100
      TTL valve:1
      HELLO 3
      NOD STATUS
      KEYS *:*
      COMMAND COUNT
      INFO clients
      NOSUCH
      """
    for arguments in [["-s", server.path], ["-h", "127.0.0.1", "-p", "\(server.port)"]] {
      let first = try #require(
        try run(["redis-cli"] + arguments, input: "FLUSHALL\nDEL n valve:1\n" + dialogue))
      let lines = first.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      #expect(lines.contains("OK") && lines.contains("open") && lines.contains("100"))
      #expect(first.output.contains("role") && first.output.contains("valve:1"))
      #expect(first.output.contains("connected_clients:1"))
      #expect(first.output.contains("ERR unknown command 'NOSUCH'"))
    }
    let resp3 = try #require(try run(["redis-cli", "-3", "-s", server.path, "NOD", "STATUS"]))
    #expect(resp3.output.contains("role") && resp3.output.contains("leader"))
    let large = try #require(
      try run(["redis-cli", "-s", server.path, "SET", "k", String(repeating: "v", count: 100_000)]))
    #expect(large.output.contains("ERR Protocol error: 100000 bytes announced"), "\(large.output)")
    let scan = try #require(try run(["redis-cli", "-s", server.path, "--scan", "--pattern", "valve*"]))
    #expect(scan.output == "valve:1\n")
  }

  @Test(.enabled(if: isInstalled("redis-benchmark", "--version"))) func redisBenchmarkFindsNoError() throws {
    let server = try ConnectionServer()
    defer { server.stop() }
    for depth in ["1", "16"] {
      let words = [
        "redis-benchmark", "-s", server.path, "-c", "50", "-n", "20000", "-P", depth, "-r", "1000",
      ]
      let report = try #require(try run(words + ["-t", "ping,set,get,incr", "--csv"]))
      #expect(report.status == 0)
      #expect(!report.output.lowercased().contains("error"), "\(report.output)")
      #expect(report.output.contains("\"SET\"") && report.output.contains("\"GET\""), "\(report.output)")
    }
  }

  @Test(.enabled(if: isInstalled("python3", "-c", "import redis")))
  func theRedisLibraryForPythonSpeaksWithUs() throws {
    let server = try ConnectionServer()
    defer { server.stop() }
    for version in ["2", "3"] {
      let script = """
        import redis, threading
        r = redis.Redis(unix_socket_path='\(server.path)', protocol=\(version), decode_responses=True)
        assert r.ping() and r.set('a', '1') and r.get('a') == '1' and r.get('none') is None
        assert r.set('a', '2', nx=True) is None and r.set('a', '2', get=True) == '1'
        assert r.incrby('n\(version)', 5) == 5 and r.decr('n\(version)') == 4
        assert r.expire('a', 100) and r.ttl('a') == 100 and r.persist('a') and r.ttl('a') == -1
        assert r.exists('a', 'none') == 1 and r.type('a') == 'string' and r.strlen('a') == 1
        for i in range(200): r.set('s:%d' % i, i, px=100000)
        assert sorted(r.scan_iter('s:*')) == sorted('s:%d' % i for i in range(200))
        assert len(r.keys('s:1?')) == 10
        pipe = r.pipeline(transaction=False)
        for i in range(500): pipe.set('p', i); pipe.get('p')
        assert pipe.execute() == [x for i in range(500) for x in (True, str(i))]
        assert r.info()['role'] == 'leader' and r.info('clients')['connected_clients'] >= 1
        assert r.config_get('save') == {'save': ''} and r.config_get('x') == {}
        assert 'get' in r.command() and r.command_count() == 35
        assert r.client_setname('me') and r.client_getname() == 'me' and r.client_id() > 0
        assert r.execute_command('NOD', 'STATUS') in (['role', 'leader'], {'role': 'leader'})
        token = r.execute_command('NOD', 'TOKEN')
        assert r.execute_command('NOD', 'WITH', token, 'INCR', 'once\(version)') == 1
        assert r.execute_command('NOD', 'WITH', token, 'INCR', 'once\(version)') == 1
        try: r.execute_command('AUTH', 'x'); assert False
        except redis.ResponseError as e: assert 'mode of the socket file' in str(e)
        s = r.pubsub(); s.subscribe('__keyspace@0__:a'); s.psubscribe('__keyevent@0__:*')
        def next_message():
            while True:
                m = s.get_message(timeout=5)
                assert m is not None
                if m['type'].endswith('message'): return (m['channel'], m['data'])
        while not (s.get_message(timeout=5) or {}).get('type') == 'psubscribe': pass
        r.set('a', 'x')
        assert next_message() == ('__keyspace@0__:a', 'set')
        assert next_message() == ('__keyevent@0__:set', 'a')
        r.delete('a')
        assert next_message() == ('__keyspace@0__:a', 'del')
        s.unsubscribe(); s.punsubscribe(); s.close()
        big = redis.Redis(unix_socket_path='\(server.path)', protocol=\(version))
        try: big.set('k', 'v' * 10000); assert False
        except redis.ResponseError as e: assert 'value of 10000 bytes' in str(e)
        assert big.ping()
        print('all is well')
        """
      let said = try #require(try run(["python3", "-c", script]))
      #expect(said.output.hasSuffix("all is well\n"), "RESP\(version): \(said.output)")
    }
  }

  @Test func aThousandClientsTooManyAreToldAndTheOthersServed() throws {
    var limits = LocalLimits()
    limits.connections = 20
    let server = try ConnectionServer(limits)
    defer { server.stop() }
    let clients = (0..<20).compactMap { _ in PlainClient(path: server.path) }
    #expect(clients.count == 20)
    for client in clients {
      client.send(Array("PING\r\n".utf8))
      #expect(client.receive() == "+PONG\r\n")
    }
    for _ in 0..<1_000 {
      let refused = try #require(PlainClient(path: server.path))
      #expect(refused.receive() == "-ERR max number of clients reached\r\n")
      #expect(refused.receive() == nil)
    }
    for client in clients {
      client.send(Array("PING\r\n".utf8))
      #expect(client.receive() == "+PONG\r\n")
    }
  }

  @Test func aThousandClientsAtOnceAreServed() throws {
    var limits = LocalLimits()
    limits.connections = 1_000
    let server = try ConnectionServer(limits)
    defer { server.stop() }
    var clients: [PlainClient] = []
    while clients.count < 1_000 {
      let deadline = ContinuousClock.now + .seconds(10)
      // The backlog may be full for a moment.
      while true {
        if let client = PlainClient(path: server.path) {
          clients.append(client)
          break
        }
        try #require(ContinuousClock.now < deadline)
      }
    }
    for (number, client) in clients.enumerated() { client.send(request("SET", "k:\(number)", "\(number)")) }
    for client in clients { #expect(client.receive() == "+OK\r\n") }
    for (number, client) in clients.enumerated() { client.send(request("GET", "k:\(number)")) }
    for (number, client) in clients.enumerated() {
      #expect(client.receive() == "$\("\(number)".utf8.count)\r\n\(number)\r\n")
    }
  }

  @Test func aClientThatNeverReadsIsCutAndOthersDoNotNotice() throws {
    var limits = LocalLimits()
    limits.outputPatience = .milliseconds(200)
    let server = try ConnectionServer(limits)
    defer { server.stop() }
    let other = try #require(PlainClient(path: server.path))
    other.send(request("SET", "k", String(repeating: "v", count: 4_000)))
    #expect(other.receive() == "+OK\r\n")
    let deaf = try #require(PlainClient(path: server.path))
    let gets = (0..<1_000).flatMap { _ in request("GET", "k") }
    var taken = 0
    while taken < 1_000, deaf.send(gets) { taken += 1 }
    #expect(taken < 1_000)
    other.send(Array("PING\r\n".utf8))
    #expect(other.receive() == "+PONG\r\n")
  }

  @Test func aGigabyteAnnouncedIsAnsweredAndCut() throws {
    let server = try ConnectionServer()
    defer { server.stop() }
    let client = try #require(PlainClient(path: server.path))
    client.send(Array("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1073741824\r\n".utf8))
    #expect(client.receive(until: "\r\n").hasPrefix("-ERR Protocol error: 1073741824 bytes announced"))
    #expect(client.receive() == nil)
  }

  @Test func whatWasSentBeforeTheEndIsAnswered() throws {
    let server = try ConnectionServer()
    defer { server.stop() }
    let client = try #require(PlainClient(path: server.path))
    client.send(request("SET", "k", "v") + request("GET", "k"))
    shutdown(client.descriptor, Int32(SHUT_WR))
    #expect(client.receive(until: "v\r\n") == "+OK\r\n$1\r\nv\r\n")
    #expect(client.receive() == nil)
  }

  @Test func theSocketFileHasItsModeAndGoesWithTheServer() throws {
    let server = try ConnectionServer(mode: 0o640)
    var found = stat()
    #expect(stat(server.path, &found) == 0)
    #expect(found.st_mode & 0o7777 == 0o640 && found.st_mode & S_IFMT == S_IFSOCK)
    server.stop()
    #expect(stat(server.path, &found) != 0)
  }

  @Test func aStaleSocketFileIsReplacedAndALivingOneIsNot() throws {
    let path = "/tmp/nod-\(getpid())-stale.sock"
    unlink(path)
    defer { unlink(path) }
    let first = board_listen_unix(path, 0o600)
    #expect(first >= 0)
    #expect(board_listen_unix(path, 0o600) == -EADDRINUSE)
    // The process has died, its file is left.
    board_socket_close(first)
    let second = board_listen_unix(path, 0o600)
    #expect(second >= 0)
    board_socket_close(second)
    unlink(path)
    try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
    #expect(board_listen_unix(path, 0o600) == BOARD_SOCKET_NOT_A_SOCKET)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    #expect(board_listen_unix(String(repeating: "x", count: 200), 0o600) == -ENAMETOOLONG)
  }
}
