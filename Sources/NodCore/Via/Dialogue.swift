// A question of one member to another and its answer, cut into parts that fit the room which frames have to spare
// (NOD VIA). The same state at all three who may hold it: who asks, who answers, and one who hears both and passes on.

/// What a member can be asked.
package enum ViaQuestion: UInt8, Sendable {
  case status = 0
  case peers = 1
  case log = 2
}

/// Which question this is: alike in every frame that belongs to it.
package struct DialogueName: Hashable, Sendable {
  package var asker: NodeID
  package var target: NodeID
  /// Of the asker's questions, one after the other.
  package var number: UInt8

  func write(to out: inout ByteWriter) {
    out.u8(asker.raw)
    out.u8(target.raw)
    out.u8(number)
  }
}

/// Invariant: bit k of `held` says that part k lies in `bytes`; every part is `partBytes` long, but the last.
/// `public`, since Embedded Swift finds the deinit of any other type within its own module only.
public struct Dialogue: ~Copyable {
  /// Parts of an answer at most: as many as a bitmap of 32 tells.
  static let partLimit = 32
  /// Windows after which an answer, or what was to be passed on, is forgotten if its asker is not heard.
  static let lifeWindows: UInt32 = 4

  package private(set) var name = DialogueName(asker: NodeID(0), target: NodeID(0), number: 0)
  package private(set) var question: UInt8 = 0
  package private(set) var argument: UInt64 = 0
  package private(set) var isOpen = false
  /// Parts that the asker is known to have, and those that are here.
  package private(set) var had: UInt32 = 0
  package private(set) var held: UInt32 = 0
  /// Parts that were said since the asker was last heard: each is said once for each time that it asks.
  var said: UInt32 = 0
  /// Bytes of the whole answer; 0: not known yet.
  package private(set) var total = 0
  var sinceWindow: UInt32 = 0
  /// When the question was last heard, and when it, or anything of its answer, was last heard of others.
  var heardWindow: UInt32 = 0
  var echoWindow: UInt32 = 0
  /// When this node last passed the question on.
  var passedWindow: UInt32 = 0
  private let bytes: UnsafeMutableRawBufferPointer
  private let partBytes: Int

  init(partBytes: Int) {
    self.partBytes = partBytes
    bytes = .allocate(byteCount: partBytes * Dialogue.partLimit, alignment: 8)
  }
  deinit { bytes.deallocate() }

  mutating func begin(_ name: DialogueName, _ question: UInt8, _ argument: UInt64, in window: UInt32) {
    self.name = name
    self.question = question
    self.argument = argument
    isOpen = true
    had = 0
    held = 0
    said = 0
    total = 0
    sinceWindow = window
    heardWindow = window
    echoWindow = 0
    passedWindow = 0
  }
  mutating func end() { isOpen = false }

  /// Its asker was heard lately, so somebody still waits.
  func isLive(_ window: UInt32) -> Bool { isOpen && window &- heardWindow <= Dialogue.lifeWindows }

  mutating func asked(having parts: UInt32, in window: UInt32) {
    had |= parts
    said = 0
    heardWindow = window
  }

  // MARK: parts

  package var partCount: Int { (total + partBytes - 1) / partBytes }
  private var allParts: UInt32 { partCount >= 32 ? .max : (1 << UInt32(partCount)) - 1 }
  package var isComplete: Bool { total > 0 && held & allParts == allParts }
  /// Parts that are here, the asker lacks, and nobody has said since it asked.
  var due: UInt32 { held & ~had & ~said }

  /// The whole answer; empty while anything is missing.
  package var answer: Bytes {
    isComplete ? Bytes(start: bytes.baseAddress, count: total) : Bytes(start: nil, count: 0)
  }

  /// An own answer, whole.
  mutating func fill(_ body: (inout ByteWriter) -> Void) {
    var out = ByteWriter(bytes)
    body(&out)
    total = out.overflowed ? 0 : out.count
    held = total == 0 ? 0 : allParts
  }

  func part(_ number: Int) -> Bytes {
    Bytes(rebasing: bytes[number * partBytes..<min(total, (number + 1) * partBytes)])
  }

  /// - Returns: whether the part can belong to this answer.
  mutating func take(_ number: Int, of whole: Int, _ part: Bytes) -> Bool {
    guard whole > 0, whole <= bytes.count, total == 0 || total == whole else { return false }
    let length = min(partBytes, whole - number * partBytes)
    guard number >= 0, length > 0, part.count == length else { return false }
    total = whole
    held |= 1 << UInt32(number)
    UnsafeMutableRawBufferPointer(rebasing: bytes[number * partBytes..<number * partBytes + length])
      .copyMemory(from: part)
    return true
  }
}

extension Dialogue {
  /// Sections of a frame that are left to others.
  private static var sectionLimit: Int { Frame.sectionLimit - 2 }

  /// Layout: asker, target, number, what of it (u8 each; 1: pass it on, 2: passed on), question (u8), argument
  /// (varint), parts that the asker has (varint, a bit each).
  mutating func writeQuestion(
    _ flags: UInt8, having parts: UInt32, in window: UInt32, to writer: inout FrameWriter
  ) {
    guard writer.sections < Dialogue.sectionLimit else { return }
    let (name, question, argument) = (name, question, argument)
    let isWritten = writer.section(.ask) { out in
      name.write(to: &out)
      out.u8(flags)
      out.u8(question)
      out.varint(argument)
      out.varint(UInt64(parts))
    }
    if isWritten { passedWindow = window }
  }

  /// Layout: asker, target, number (u8 each), part (u8; bit 7: passed on), bytes of the whole answer (varint), the
  /// part's bytes to the section's end.
  mutating func writeParts(to writer: inout FrameWriter, isPassedOn: Bool) {
    var left = due
    while left != 0, writer.sections < Dialogue.sectionLimit {
      let number = left.trailingZeroBitCount
      left &= left - 1
      let (name, total, part) = (name, total, part(number))
      let isWritten = writer.section(.tell) { out in
        name.write(to: &out)
        out.u8(UInt8(number) | (isPassedOn ? 0x80 : 0))
        out.varint(UInt64(total))
        out.bytes(part)
      }
      guard isWritten else { return }
      said |= 1 << UInt32(number)
    }
  }
}

/// The three places of a node, each for one question at a time. `public` for the same reason.
public struct ViaDesk: ~Copyable {
  package internal(set) var asking: Dialogue
  package internal(set) var answering: Dialogue
  var passing: Dialogue
  /// Whose caller waits for the answer.
  package internal(set) var ticket: Ticket?
  /// A question came that the world is to answer.
  package internal(set) var needsAnswer = false
  /// There is air time to spare; the world says so before each frame.
  package var isAllowed = true
  var lastNumber: UInt8
  /// Smaller frames have no room for it beside what they are for.
  package static let smallestMTU = 96
  let isPossible: Bool
  /// Bytes of an answer at most.
  package let answerBytes: Int

  init(mtu: Int, salt: UInt64) {
    // So that a part, and what stands before it, fits beside an ordinary answer.
    let partBytes = max(16, min(96, mtu - 72))
    asking = Dialogue(partBytes: partBytes)
    answering = Dialogue(partBytes: partBytes)
    passing = Dialogue(partBytes: partBytes)
    lastNumber = UInt8(truncatingIfNeeded: salt >> 24)
    answerBytes = partBytes * Dialogue.partLimit
    isPossible = mtu >= ViaDesk.smallestMTU
  }

  func isBusy(_ window: UInt32) -> Bool {
    asking.isOpen || answering.isLive(window) || passing.isLive(window)
  }
}
