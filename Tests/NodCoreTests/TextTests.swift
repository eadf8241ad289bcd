// Text for people is put together without the standard library's inlining, and compared byte by byte; what comes out is
// the same.
import NodCore
import Testing

@Test func interpolatedTextIsWhatSwiftWouldMakeOfIt() {
  let name = "n1"
  let literal: StaticString = "leads"
  let numbers = "\(Int64.min) \(UInt64.max) \(-7) \(UInt32.max) \(Int32.min) \(UInt16(9)) \(UInt8(0))"
  #expect("\(name) \(literal)".utf8.elementsEqual("n1 leads".utf8))
  #expect(
    numbers.utf8.elementsEqual("-9223372036854775808 18446744073709551615 -7 4294967295 -2147483648 9 0".utf8)
  )
}

@Test func textIsComparedByteByByte() {
  let long = "a name that is too long to be stored within a String itself"
  #expect(long.isSame(as: "a name that is too long to be stored " + "within a String itself"))
  #expect(!"n1".isSame(as: "n2") && !"n1".isSame(as: "n") && "".isSame(as: ""))
  // The same to a reader of Unicode, other bytes in a file.
  #expect(!"\u{e9}".isSame(as: "e\u{301}"))
  #expect("hook.role".begins(with: "hook.") && "x".begins(with: "") && !"hook".begins(with: "hook."))
  #expect("wifi.conf".ends(with: ".conf") && !"conf".ends(with: ".conf"))
}
