// Replies as JSON for programs: one value a line, fields in the node's order and under its names, units
// unchanged. Bytes that are no UTF-8 cannot stand in JSON: they become {"base64": "..."}.

package func jsonText(_ value: RESPValue) -> String {
  switch value {
  case .text(let bytes):
    if let string = String(validating: bytes, as: UTF8.self) { return jsonText(string) }
    return "{\"base64\":\"" + base64(bytes) + "\"}"
  case .integer(let number): return String(number)
  case .decimal(let text): return Digits.value(text) == nil ? "null" : text
  case .boolean(let isTrue): return isTrue ? "true" : "false"
  case .none: return "null"
  case .failure(let text): return "{\"error\":" + jsonText(text) + "}"
  case .list(let elements), .push(let elements): return list("[", elements.map { jsonText($0) }, "]")
  case .map(let fields): return jsonText(fields)
  }
}

package func jsonText(_ fields: [RESPValue.Field]) -> String {
  list("{", fields.map { jsonText($0.key) + ":" + jsonText($0.value) }, "}")
}

package func jsonText(_ string: String) -> String {
  var result = "\""
  for scalar in string.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case _ where scalar.value < 0x20 || scalar.value == 0x7f:
      result += scalar.value < 0x10 ? "\\u000" : "\\u00"
      result += String(scalar.value, radix: 16)
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

private func list(_ open: String, _ parts: [String], _ close: String) -> String {
  var text = open
  for (i, part) in parts.enumerated() {
    if i > 0 { text += "," }
    text += part
  }
  return text + close
}

private func base64(_ bytes: [UInt8]) -> String {
  let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  var at = 0
  while at < bytes.count {
    let rest = min(3, bytes.count - at)
    var group: UInt32 = 0
    for i in 0..<3 { group = group << 8 | (i < rest ? UInt32(bytes[at + i]) : 0) }
    for i in 0..<4 {
      let digit = Int(group >> UInt32(18 - 6 * i)) & 63
      text.append(i <= rest ? digits[digit] : UInt8(ascii: "="))
    }
    at += 3
  }
  return String(decoding: text, as: UTF8.self)
}
