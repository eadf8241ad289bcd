// The entry that libFuzzer calls, and the choice of one of the targets below: all of them are in one binary, so that
// they are built once. `tools/fuzz` builds and runs them; NOD_FUZZ names the target.
import NodCore

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// One way in for bytes from outside.
protocol Target: AnyObject {
  /// Takes one input. Whatever it is, nothing may stop the process, grow, or be believed that nobody sealed.
  func take(_ bytes: Bytes)
  /// How far it came, told at the end.
  var tally: String { get }
}

private func chosenTarget() -> any Target {
  let name = getenv("NOD_FUZZ").map { String(cString: $0) } ?? ""
  switch name {
  case "receiver": return ReceiverTarget()
  case "frames": return FramesTarget()
  case "socket": return SocketTarget()
  case "journal": return JournalTarget()
  default: fatalError("NOD_FUZZ must be receiver, frames, socket or journal")
  }
}

nonisolated(unsafe) private let target = chosenTarget()

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  target.take(Bytes(start: data, count: size))
  return 0
}

// The package manager names an executable's `main` after its module, so libFuzzer's own is not linked.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

@_cdecl("nod_fuzz_main")
public func start(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
  _ = target
  atexit { print("tally: \(target.tally)") }
  var count = count
  var arguments = arguments
  return withUnsafeMutablePointer(to: &count) { count in
    withUnsafeMutablePointer(to: &arguments) { arguments in
      runDriver(count, UnsafeMutableRawPointer(arguments), testOneInput)
    }
  }
}

/// Says what was found and ends the process, so that the input is kept.
func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
  if !holds { fatalError(what()) }
}

/// Choices drawn from an input, zeros when it is used up.
struct Choices {
  private var input: ByteReader
  init(_ bytes: Bytes) { input = ByteReader(bytes) }

  var isAtEnd: Bool { input.remaining == 0 }
  mutating func byte() -> UInt8 { input.remaining > 0 ? input.u8() : 0 }
  mutating func number() -> Int { Int(byte()) | Int(byte()) << 8 }
  mutating func bytes(_ count: Int) -> Bytes { input.bytes(min(count, input.remaining)) }
  mutating func rest() -> Bytes { input.bytes(input.remaining) }

  /// Changes `bytes` as the input says: overwritten, cut, prolonged; how many bytes it has then. `room` is the buffer.
  mutating func mutate(_ bytes: UnsafeMutableRawBufferPointer, count: Int) -> Int {
    var count = count
    var changes = Int(byte() & 7)
    while changes > 0 && count > 0 {
      changes -= 1
      let how = byte()
      let at = number() % count
      switch how % 6 {
      case 0: bytes[at] = byte()
      case 1: bytes[at] ^= 1 << (byte() & 7)
      case 2: count = at
      case 3:
        let more = self.bytes(min(Int(byte() & 31), bytes.count - count))
        for i in 0..<more.count { bytes[count + i] = more[i] }
        count += more.count
      case 4: bytes[at] = [0, 0x7f, 0x80, 0xff][Int(byte() & 3)]
      default:
        let from = number() % count
        let length = min(Int(byte() & 31), count - max(at, from))
        for i in 0..<length { bytes[at + i] = bytes[from + i] }
      }
    }
    return count
  }
}
