// Where the bytes of keys and values lie: blocks one behind the other, each led by its owner's number and its
// length, and slid together when the end is reached. Which bytes lie where is nobody's business but this
// file's.

/// Blocks `0 ..< end`, contiguous, each living or free.
///
/// Invariant: every block belongs to one owner, who knows its offset, or is free. An owner may use less than
/// its block holds; a compaction gives the rest back, so what owners use in all decides what still fits.
struct BlockArena: ~Copyable {
  /// Precedes every block.
  private struct Head {
    /// The record that the block belongs to.
    var owner: UInt32
    /// In words of eight bytes, the head included.
    var words: UInt32
  }
  private static let free = UInt32.max
  static let headBytes = MemoryLayout<Head>.size

  private let store: UnsafeMutableRawPointer
  let byteCount: Int
  private(set) var end = 0
  /// How often blocks were slid together.
  private(set) var compactions = 0

  init(byteCount: Int) {
    self.byteCount = byteCount & ~7
    store = .allocate(byteCount: max(8, byteCount), alignment: 8)
  }
  deinit { store.deallocate() }

  /// What a block of `payload` bytes takes.
  static func size(_ payload: Int) -> Int { headBytes + (payload + 7) & ~7 }

  private func head(_ offset: Int) -> UnsafeMutablePointer<Head> {
    (store + offset).assumingMemoryBound(to: Head.self)
  }
  /// Payload bytes that the block can take.
  func capacity(_ block: Int) -> Int { Int(head(block).pointee.words) * 8 - Self.headBytes }
  func payload(_ block: Int) -> UnsafeMutableRawPointer { store + block + Self.headBytes }

  /// A new block, or nil when the end is reached: compact, then ask again.
  mutating func allocate(_ payload: Int, owner: UInt32) -> Int? {
    let size = Self.size(payload)
    guard size <= byteCount - end else { return nil }
    let block = end
    head(block).initialize(to: Head(owner: owner, words: UInt32(size / 8)))
    end += size
    return block
  }

  mutating func release(_ block: Int) {
    precondition(head(block).pointee.owner != Self.free, "a block is released once")
    head(block).pointee.owner = Self.free
    let size = Int(head(block).pointee.words) * 8
    if block + size == end { end = block }
  }

  /// Slides living blocks to the front, in their order, each cut to what its owner uses.
  ///
  /// - Parameters:
  ///   - used: payload bytes that an owner uses.
  ///   - moved: told the new place of each owner's block.
  mutating func compact(used: (_ owner: UInt32) -> Int, moved: (_ owner: UInt32, _ block: Int) -> Void) {
    var from = 0
    var to = 0
    while from < end {  // every block has a length of eight at least
      let found = head(from).pointee
      if found.owner != Self.free {
        let size = Self.size(used(found.owner))
        if from != to { (store + to).copyMemory(from: store + from, byteCount: size) }
        head(to).pointee.words = UInt32(size / 8)
        moved(found.owner, to)
        to += size
      }
      from += Int(found.words) * 8
    }
    end = to
    compactions += 1
  }

  mutating func removeAll() { end = 0 }
}
