// Random numbers of the kernel. Keys and salts come from here: without them the agent must not run, so a
// failure ends it.
import CBoard

package enum Randomness {
  package static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
    guard let start = buffer.baseAddress, buffer.count > 0 else { return }
    precondition(board_random(start, buffer.count) == 0, "the kernel gives no random bytes")
  }

  package static func u64() -> UInt64 {
    var value: UInt64 = 0
    withUnsafeMutableBytes(of: &value) { fill($0) }
    return value
  }
}
