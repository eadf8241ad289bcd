// Sets of member slots: as wide as the simulator needs, and on the air as they always were for clusters of a roster.
import NodCore
import Testing

@Suite struct NodeSetTests {
  @Test func everySlotIsToldApart() {
    var set = NodeSet()
    for slot in 0..<NodeSet.capacity where slot % 3 == 0 { set.insert(NodeID(UInt8(slot))) }
    for slot in 0..<NodeSet.capacity { #expect(set.contains(NodeID(UInt8(slot))) == (slot % 3 == 0)) }
    #expect(set.count == NodeSet.capacity / 3)
    set.remove(NodeID(189))
    #expect(!set.contains(NodeID(189)) && set.count == NodeSet.capacity / 3 - 1)
  }

  @Test func slotsBeyondTheWidestAreNeverInIt() {
    var set = NodeSet(firstSlots: NodeSet.capacity)
    set.insert(NodeID(200))
    #expect(!set.contains(NodeID(200)) && set.count == NodeSet.capacity)
  }

  @Test(arguments: [0, 1, 31, 63, 64, 65, 128, 188, 192])
  func theFirstSlotsAreAsManyAsAskedFor(count: Int) {
    let set = NodeSet(firstSlots: count)
    #expect(set.count == count)
    #expect(
      set.isSubset(of: NodeSet(firstSlots: 192)) && (count == 0 || set.contains(NodeID(UInt8(count - 1)))))
    #expect(count == 0 || !set.isSubset(of: NodeSet(firstSlots: count - 1)))
  }

  @Test func varintsAreReadAndWrittenAlikeAtEveryLengthAndAtTheEndOfTheRoom() {
    for shift in 0..<64 {
      for value in [UInt64(1) << UInt64(shift), (UInt64(1) << UInt64(shift)) - 1] {
        let roomy = written(room: 64) { $0.varint(value) }
        let exact = written(room: roomy.count) { $0.varint(value) }
        #expect(roomy == exact && roomy.count == ByteWriter.varintSize(value))
        roomy.withUnsafeBytes {
          var input = ByteReader($0)
          #expect(input.varint() == value && input.isAtEnd && !input.failed)
        }
      }
    }
  }
}
