// Replies as JSON for programs: one value a line, fields in the node's order and under its names, units
// unchanged. Bytes that are no UTF-8 cannot stand in JSON: they become {"base64": "..."}.
import Foundation

func json(_ value: RESPValue) -> String {
  switch value {
  case .text(let bytes):
    if let string = String(validating: bytes, as: UTF8.self) { return json(string) }
    return "{\"base64\":\(json(Data(bytes).base64EncodedString()))}"
  case .integer(let number): return String(number)
  case .double(let number): return number.isFinite ? "\(number)" : "null"
  case .boolean(let isTrue): return isTrue ? "true" : "false"
  case .none: return "null"
  case .failure(let text): return "{\"error\":\(json(text))}"
  case .list(let elements), .push(let elements):
    return "[" + elements.map { json($0) }.joined(separator: ",") + "]"
  case .map(let fields): return json(fields)
  }
}

func json(_ fields: [RESPValue.Field]) -> String {
  "{" + fields.map { json($0.key) + ":" + json($0.value) }.joined(separator: ",") + "}"
}

func json(_ string: String) -> String {
  var result = "\""
  for scalar in string.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case _ where scalar.value < 0x20 || scalar.value == 0x7f:
      result += String(format: "\\u%04x", scalar.value)
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
