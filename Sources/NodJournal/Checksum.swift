// CRC-32C (Castagnoli 1993; the polynomial and bit order of RFC 3720, section 12.1), four bits a step:
// sixteen words of table, no start-up work. It tells accidents, not forgers: whoever can write the disk
// owns the node.
import NodCore

package struct Checksum: Sendable {
  private var register: UInt32 = 0xffff_ffff
  package init() {}

  package var value: UInt32 { ~register }

  /// O(count).
  package mutating func add(_ bytes: Bytes) {
    let table = Checksum.table
    var crc = register
    var i = 0
    while i < bytes.count {
      crc ^= UInt32(bytes[i])
      crc = crc >> 4 ^ table[Int(crc & 15)]
      crc = crc >> 4 ^ table[Int(crc & 15)]
      i += 1
    }
    register = crc
  }

  package mutating func add(_ word: UInt64) {
    var bytes = word.littleEndian
    withUnsafeBytes(of: &bytes) { add($0) }
  }

  private static let table: InlineArray<16, UInt32> = [
    0x0000_0000, 0x105e_c76f, 0x20bd_8ede, 0x30e3_49b1, 0x417b_1dbc, 0x5125_dad3, 0x61c6_9362, 0x7198_540d,
    0x82f6_3b78, 0x92a8_fc17, 0xa24b_b5a6, 0xb215_72c9, 0xc38d_26c4, 0xd3d3_e1ab, 0xe330_a81a, 0xf36e_6f75,
  ]
}
