// Changes for whoever wants to hear of them, in the form of Redis's keyspace notifications:
//   __keyspace@0__:KEY    -> the event        what happens to a key
//   __keyevent@0__:EVENT  -> the key          where something happens
//   nod:changes           -> "INDEX EVENT KEY", with the log index: both, and when
// Every change is told as it is applied at this node. A subscriber who does not read is cut: a gap would be a
// lie.
import NodCore

extension Clients {
  /// Subscribing twice is once. What a request that failed half-way has subscribed to stays.
  mutating func subscribe(_ slot: Int, arePatterns: Bool, _ writer: inout ReplyWriter) throws(RequestError) {
    for at in 1..<arguments.count {
      let name = arguments[at]
      switch subscriptions.add(name, isPattern: arePatterns, connection: slot) {
      case .added: connections[slot].subscriptionCount += 1
      case .alreadyThere: break
      case .full: throw .tooManySubscriptions(limit: limits.subscriptions)
      case .nameTooLong: throw .channelTooLong(limit: limits.channelBytes)
      }
      writer.push(3)
      writer.bulk(arePatterns ? "psubscribe" : "subscribe")
      writer.bulk(name)
      writer.integer(Int64(connections[slot].subscriptionCount))
    }
  }

  /// Without names, all of this kind.
  mutating func unsubscribe(_ slot: Int, arePatterns: Bool, _ writer: inout ReplyWriter) {
    if arguments.count > 1 {
      for at in 1..<arguments.count {
        if subscriptions.remove(arguments[at], isPattern: arePatterns, connection: slot) {
          connections[slot].subscriptionCount -= 1
        }
        confirmEnd(slot, arePatterns, arguments[at], &writer)
      }
      return
    }
    var wereThere = false
    while let (index, name) = subscriptions.last(of: slot, isPattern: arePatterns) {
      wereThere = true
      connections[slot].subscriptionCount -= 1
      confirmEnd(slot, arePatterns, name, &writer)
      subscriptions.remove(at: index)
    }
    if !wereThere { confirmEnd(slot, arePatterns, nil, &writer) }
  }
  private func confirmEnd(_ slot: Int, _ isPattern: Bool, _ name: Bytes?, _ writer: inout ReplyWriter) {
    writer.push(3)
    writer.bulk(isPattern ? "punsubscribe" : "unsubscribe")
    if let name { writer.bulk(name) } else { writer.null() }
    writer.integer(Int64(connections[slot].subscriptionCount))
  }

  /// A key was changed by the entry at `index`: tells the subscribers.
  package mutating func publish(_ change: ChangeEvent, key: Bytes, index: LogIndex) {
    guard subscriptions.count > 0 else { return }
    let event = change.name.bytes
    var channel = ByteWriter(scratch)
    channel.bytes(("__keyspace@0__:" as StaticString).bytes)
    channel.bytes(key)
    if !channel.overflowed { deliver(channel.written) { $0.bulk(event) } }
    channel.rewind(to: 0)
    channel.bytes(("__keyevent@0__:" as StaticString).bytes)
    channel.bytes(event)
    if !channel.overflowed { deliver(channel.written) { $0.bulk(key) } }
    deliver(("nod:changes" as StaticString).bytes) { writer in
      let mark = writer.mark()
      writer.number(index.raw)
      writer.text(" ")
      writer.raw(event)
      writer.text(" ")
      writer.raw(key)
      writer.closeBulk(mark)
    }
  }

  private mutating func deliver(_ channel: Bytes, _ payload: (inout ReplyWriter) -> Void) {
    for index in 0..<subscriptions.count where subscriptions.matches(index, channel) {
      let slot = subscriptions.connection(index)
      guard connections[slot].phase == .open else { continue }
      _ = connections[slot].output.makeRoom(limits.replyReserve)
      var writer = ReplyWriter(connections[slot].output.room, isRESP3: connections[slot].isRESP3)
      if subscriptions.isPattern(index) {
        writer.push(4)
        writer.bulk("pmessage")
        writer.bulk(subscriptions.name(index))
      } else {
        writer.push(3)
        writer.bulk("message")
      }
      writer.bulk(channel)
      payload(&writer)
      if writer.overflowed {
        connections[slot].phase = .dropped
        counters.droppedUnread += 1
      } else {
        connections[slot].output.fill(writer.count)
        counters.messagesPublished += 1
      }
      noteUnflushed(slot)
    }
  }
}
