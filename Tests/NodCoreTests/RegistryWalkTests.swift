// The walk over keys in the order of their last write: it finds each key's newest write, whatever happens
// between its portions.
import NodCore
import Testing

@Suite struct RegistryWalkTests {
  /// A registry and the writes that it has seen.
  private struct Written: ~Copyable {
    var registry = Registry(limits: RegistryLimits())
    var index: UInt64 = 0

    mutating func apply(_ command: RegistryCommand) {
      index += 1
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 8)
      defer { buffer.deallocate() }
      var writer = ByteWriter(buffer)
      command.write(to: &writer)
      let token = CommandToken(
        id: CommandID(node: NodeID(0), incarnation: 1, sequence: UInt32(index)), issuedAt: LogIndex(index - 1)
      )
      _ = registry.apply(
        writer.written, token: token, at: LogIndex(index), time: ClusterTime(milliseconds: index))
    }
    mutating func set(_ key: String) {
      var key = key
      key.withUTF8 {
        apply(
          .set(key: Bytes($0), value: Bytes($0), condition: .always, expiry: .none, returnsOldValue: false))
      }
    }
  }

  private func all(_ bytes: Bytes) -> Bool { true }

  /// Every key after `from`, by one walk each.
  private func walked(_ written: borrowing Written, from: UInt64, portion: Int) -> [String] {
    var keys: [String] = []
    var position = LogIndex(from)
    while true {  // ends when a walk finds nothing
      var walk = written.registry.walk(after: position)
      while !written.registry.advance(&walk, records: portion, where: all) {}
      guard let key = written.registry.found(by: walk).key else { return keys }
      keys.append(String(decoding: key.key, as: UTF8.self))
      position = key.modifiedAt
    }
  }

  @Test(arguments: [1, 3, 1000]) func keysComeInTheOrderOfTheirLastWrite(portion: Int) {
    var written = Written()
    for key in ["a", "b", "c", "a", "d", "b"] { written.set(key) }
    #expect(walked(written, from: 0, portion: portion) == ["c", "a", "d", "b"])
    #expect(walked(written, from: 4, portion: portion) == ["d", "b"])
    #expect(walked(written, from: 6, portion: portion).isEmpty)
  }

  @Test func aKeyThatIsWrittenAgainWhileTheWalkGoesOnIsOutdated() {
    var written = Written()
    for key in ["a", "b"] { written.set(key) }
    var walk = written.registry.walk(after: .zero)
    #expect(!written.registry.advance(&walk, records: 1, where: all))
    written.set("a")
    while !written.registry.advance(&walk, records: 1, where: all) {}
    let found = written.registry.found(by: walk)
    #expect(found.key == nil)
    #expect(found.isOutdated)
    #expect(walked(written, from: 0, portion: 1) == ["b", "a"])
  }

  @Test func onlyKeysThatFitAreFound() {
    var written = Written()
    for key in ["valve/1", "lamp/1", "valve/2"] { written.set(key) }
    var walk = written.registry.walk(after: .zero)
    let isOver = written.registry.advance(&walk, records: 10) { $0[0] == UInt8(ascii: "l") }
    #expect(isOver)
    let found = written.registry.found(by: walk).key.map { String(decoding: $0.key, as: UTF8.self) }
    #expect(found == "lamp/1")
  }
}
