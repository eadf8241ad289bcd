// Seeing a member that only the radio reaches: a question rides in frames with room to spare, is repeated in every
// window until it is answered or its caller gives up, and is passed on by one who hears both, once a window. Nothing of
// it is ever a reason to send what consensus would not pay for: it comes last in a frame, and draws on no reserve.
//
//   asker     request slot: ask ------> leader     beacon: ask (passed on) -----> target
//             <------ tell (passed on)             <------- tell      in its answer slot
//
// The asker drives all of it: parts are said once for each time that it asks, those that it says it has are not.

/// Why a question was not taken.
package enum ViaRefusal: UInt8, Sendable {
  case busy
  case unknownMember
  case isThisNode
  case framesTooSmall
}

extension Node {
  private static var wantsRelay: UInt8 { 1 }
  private static var isPassedOn: UInt8 { 2 }
  /// Windows without any answer after which others are asked to pass the question on.
  private static var patienceForAnswers: UInt32 { 2 }

  // MARK: who asks

  package mutating func ask(
    _ target: NodeID, _ question: ViaQuestion, _ argument: UInt64, ticket: Ticket, now: LocalTime
  ) -> ViaRefusal? {
    guard settings.isMember(target) else { return .unknownMember }
    guard target != id else { return .isThisNode }
    guard via.isPossible else { return .framesTooSmall }
    guard !via.asking.isOpen else { return .busy }
    via.lastNumber &+= 1
    let name = DialogueName(asker: id, target: target, number: via.lastNumber)
    via.asking.begin(name, question.rawValue, argument, in: timeline.window)
    via.ticket = ticket
    plan(now)
    return nil
  }

  /// Its answer is here, whole.
  package var isTold: Bool { via.asking.isOpen && via.asking.isComplete }

  /// The caller has its answer, or waits no longer.
  ///
  /// - Returns: whether it was this one's.
  package mutating func endAsking(_ ticket: Ticket) -> Bool {
    guard via.ticket == ticket, via.asking.isOpen else { return false }
    via.asking.end()
    return true
  }

  /// Windows since the question was put, the first one counted.
  package var windowsAsked: UInt32 { timeline.window &- via.asking.sinceWindow &+ 1 }

  /// A leader that has nothing to wait for listens before its beacon only.
  var asksBeforeBeacon: Bool {
    guard let leader, !isLeader, !isDeaf else { return false }
    return isAsking || via.passing.isLive(timeline.window) && via.passing.name.target == leader
  }
  private var isAsking: Bool { via.asking.isOpen && !via.asking.isComplete }

  // MARK: when to speak and to listen

  /// Somebody asks, answers or is to be passed on: everybody concerned stays for the answers.
  package var isInDialogue: Bool { via.isBusy(timeline.window) }

  /// Whether a frame of this node's own slot would bring any of it further.
  var hasWordsForOthers: Bool {
    guard leader != nil, !timeline.isLeaderless, via.isBusy(timeline.window) else { return false }
    if isAsking && via.asking.echoWindow != timeline.window { return true }
    if via.answering.isLive(timeline.window) && via.answering.due != 0 { return true }
    return passesQuestion || via.passing.isLive(timeline.window) && via.passing.due != 0
  }

  private var passesQuestion: Bool {
    via.passing.isLive(timeline.window) && timeline.window &- via.passing.heardWindow <= 1
      && via.passing.passedWindow != timeline.window && via.passing.echoWindow != timeline.window
  }

  // MARK: say

  /// Last of all: what fits.
  mutating func writeVia(to writer: inout FrameWriter, isAnswer: Bool) {
    let window = timeline.window
    guard via.isAllowed, via.isBusy(window) else { return }
    if isAsking && saysQuestion(isAnswer) {
      let waited = window &- via.asking.sinceWindow >= Node.patienceForAnswers
      let target = via.asking.name.target
      let isDirect = (isLeader || target == leader) && hears(target) && !waited
      let parts = via.asking.held
      via.asking.writeQuestion(isDirect ? 0 : Node.wantsRelay, having: parts, in: window, to: &writer)
    }
    if passesQuestion {
      let parts = via.passing.had | via.passing.held
      via.passing.writeQuestion(Node.isPassedOn, having: parts, in: window, to: &writer)
    }
    if via.answering.isLive(window) { via.answering.writeParts(to: &writer, isPassedOn: false) }
    if via.passing.isLive(window) { via.passing.writeParts(to: &writer, isPassedOn: true) }
  }

  /// A leader says it once in a window; others before the beacon, and again in their slot if nothing came of that.
  private func saysQuestion(_ isAnswer: Bool) -> Bool {
    if isLeader { return via.asking.passedWindow != timeline.window }
    return !isAnswer || via.asking.echoWindow != timeline.window
  }

  // MARK: hear

  private func readName(_ input: inout ByteReader) -> DialogueName? {
    let name = DialogueName(asker: NodeID(input.u8()), target: NodeID(input.u8()), number: input.u8())
    guard settings.isMember(name.asker), settings.isMember(name.target), name.asker != name.target else {
      return nil
    }
    return name
  }

  mutating func heardAsk(_ bytes: Bytes, from sender: NodeID) {
    var input = ByteReader(bytes)
    let name = readName(&input)
    let flags = input.u8()
    let question = input.u8()
    let argument = input.varint()
    let parts = UInt32(input.varint(atMost: UInt64(UInt32.max)))
    let isPassedOn = flags & Node.isPassedOn != 0
    guard let name, !input.failed, input.isAtEnd, isPassedOn == (sender != name.asker) else {
      counters.malformedFrames += 1
      return
    }
    let window = timeline.window
    if name.asker == id {
      if via.asking.isOpen && via.asking.name == name { via.asking.echoWindow = window }
    } else if name.target == id {
      heardQuestion(name, question, argument, having: parts)
    } else if isPassedOn {
      // Somebody else does it, unless the target is known not to hear that one.
      if via.passing.isOpen && via.passing.name == name && !lacks(name.target, sender) {
        via.passing.echoWindow = window
      }
    } else if flags & Node.wantsRelay != 0 && hears(name.target) {
      if !(via.passing.isOpen && via.passing.name == name) {
        guard !via.passing.isLive(window) else { return }
        via.passing.begin(name, question, argument, in: window)
      }
      via.passing.asked(having: parts, in: window)
    }
  }

  private mutating func heardQuestion(
    _ name: DialogueName, _ question: UInt8, _ argument: UInt64, having parts: UInt32
  ) {
    guard ViaQuestion(rawValue: question) != nil else { return }
    if !(via.answering.isOpen && via.answering.name == name) {
      guard !via.answering.isLive(timeline.window) else { return }
      via.answering.begin(name, question, argument, in: timeline.window)
      via.needsAnswer = true
    }
    via.answering.asked(having: parts, in: timeline.window)
  }

  /// The world answers the question that came.
  package mutating func answerQuestion(_ body: (inout ByteWriter) -> Void) {
    via.needsAnswer = false
    via.answering.fill(body)
  }

  mutating func heardTell(_ bytes: Bytes, from sender: NodeID) {
    var input = ByteReader(bytes)
    let name = readName(&input)
    let mark = input.u8()
    let number = Int(mark & 0x7f)
    let total = Int(input.varint(atMost: 1 << 16))
    let isPassedOn = mark & 0x80 != 0
    guard let name, !input.failed, number < Dialogue.partLimit, isPassedOn == (sender != name.target) else {
      counters.malformedFrames += 1
      return
    }
    let part = input.bytes(input.remaining)
    var fits = true
    if name.asker == id {
      guard isAsking, via.asking.name == name else { return }
      fits = via.asking.take(number, of: total, part)
      if fits { via.asking.echoWindow = timeline.window }
    } else if via.passing.isLive(timeline.window), via.passing.name == name {
      if isPassedOn {
        via.passing.said |= 1 << UInt32(number)
      } else {
        fits = via.passing.take(number, of: total, part)
      }
    }
    if !fits { counters.malformedFrames += 1 }
  }
}
