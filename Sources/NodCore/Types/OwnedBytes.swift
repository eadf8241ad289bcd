// Memory taken once and given back with its owner. Public, and the only deinit of what holds it: Embedded
// Swift finds
// the deinit of another module's type only when that type is public, and not at all through generics.

public struct OwnedBytes: ~Copyable {
  package let all: UnsafeMutableRawBufferPointer
  package init(count: Int) { all = .allocate(byteCount: count, alignment: 16) }
  deinit { all.deallocate() }
}
