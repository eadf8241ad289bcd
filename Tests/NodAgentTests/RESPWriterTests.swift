// Replies in both versions of the protocol, byte for byte.
import NodCore
import Testing

@testable import NodAgent

@Test func eachReplyHasItsFormInBothVersions() {
  let write: (inout ReplyWriter) -> Void = { reply in
    reply.simple("OK")
    reply.error("ERR no")
    reply.integer(Int64.min)
    reply.integer(UInt64.max)
    reply.bulk("a\r\nb")
    reply.null()
    reply.boolean(true)
    reply.array(0)
    reply.map(2)
    reply.set(1)
    reply.push(3)
  }
  let common = "+OK\r\n-ERR no\r\n:-9223372036854775808\r\n:9223372036854775807\r\n$4\r\na\r\nb\r\n"
  withReply {
    write(&$0)
  } check: {
    #expect($0 == common + "$-1\r\n:1\r\n*0\r\n*4\r\n*1\r\n*3\r\n")
  }
  withReply(isRESP3: true) {
    write(&$0)
  } check: {
    #expect($0 == common + "_\r\n#t\r\n*0\r\n%2\r\n~1\r\n>3\r\n")
  }
}

@Test func anAggregateMayBeCountedAfterItsElements() {
  let write: (inout ReplyWriter) -> Void = { reply in
    let outer = reply.mark()
    reply.bulk("inner")
    let inner = reply.mark()
    for number in 0..<12 { reply.integer(Int64(number)) }
    reply.closeArray(inner, elements: 12)
    reply.closeMap(outer, pairs: 1)
    let text = reply.mark()
    reply.text("a:")
    reply.number(UInt64(5))
    reply.closeText(text)
  }
  let numbers = (0..<12).map { ":\($0)\r\n" }.joined()
  withReply {
    write(&$0)
  } check: {
    #expect($0 == "*2\r\n$5\r\ninner\r\n*12\r\n\(numbers)$3\r\na:5\r\n")
  }
  withReply(isRESP3: true) {
    write(&$0)
  } check: {
    #expect($0 == "%1\r\n$5\r\ninner\r\n*12\r\n\(numbers)=7\r\ntxt:a:5\r\n")
  }
}

@Test func whatDoesNotFitIsNeverHalfWritten() {
  for room in 0..<30 {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
    defer { memory.deallocate() }
    var writer = ReplyWriter(memory, isRESP3: false)
    let mark = writer.mark()
    writer.bulk("0123456789")
    writer.closeArray(mark, elements: 1)
    let whole = "*1\r\n$10\r\n0123456789\r\n"
    #expect(writer.overflowed == (room < whole.utf8.count))
    if writer.overflowed { writer.rewind(to: 0) }
    #expect(String(decoding: writer.written, as: UTF8.self) == (room < whole.utf8.count ? "" : whole))
  }
}

@Test func aClientsBytesCannotEndAnErrorLine() {
  let name = Array("x\r\n+OK".utf8)
  withReply { reply in
    name.withUnsafeBytes { reply.unknownCommand($0) }
  } check: {
    #expect($0 == "-ERR unknown command 'x..+OK'; COMMAND LIST and NOD HELP show what there is\r\n")
  }
}
