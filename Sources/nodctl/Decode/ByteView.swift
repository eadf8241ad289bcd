// Numbers at places in a file's bytes, either end first. Every access says whether the place exists: captures come from
// anywhere.

struct ByteView {
  let bytes: [UInt8]

  func has(_ offset: Int, _ count: Int) -> Bool { offset >= 0 && count >= 0 && count <= bytes.count - offset }

  func u8(_ offset: Int) -> Int? { has(offset, 1) ? Int(bytes[offset]) : nil }

  func u16(_ offset: Int, bigEnd: Bool = true) -> Int? {
    guard has(offset, 2) else { return nil }
    let (a, b) = (Int(bytes[offset]), Int(bytes[offset + 1]))
    return bigEnd ? a << 8 | b : b << 8 | a
  }

  func u32(_ offset: Int, bigEnd: Bool = true) -> Int? {
    guard let a = u16(offset, bigEnd: bigEnd), let b = u16(offset + 2, bigEnd: bigEnd) else { return nil }
    return bigEnd ? a << 16 | b : b << 16 | a
  }
}
