// Any reply as text for people: a map as aligned `name  value` lines, a list of maps as a table whose
// headings are the maps' keys, so that a field which a newer node adds appears by itself. What a node stores
// may hold any bytes: nothing that could steer a terminal is printed as it is.

/// The lines for a whole reply.
package func reportLines(_ value: RESPValue, _ style: Style) -> [String] {
  switch value {
  case .map(let fields): return fieldLines(fields, style)
  case .list(let elements) where !elements.isEmpty && elements.allSatisfy { isMap($0) }:
    return tableLines(elements, style)
  case .list(let elements): return elements.map { plainText($0) }
  default: return [plainText(value)]
  }
}

private func fieldLines(_ fields: [RESPValue.Field], _ style: Style, indent: String = "") -> [String] {
  var widest = 0
  for field in fields where !isNested(field.value) { widest = max(widest, width(of: Units.label(field.key))) }
  var lines: [String] = []
  for field in fields {
    let label = safe(Units.label(field.key))
    switch field.value {
    case .map(let inner) where !inner.isEmpty:
      lines.append(indent + style.heading(label))
      lines += fieldLines(inner, style, indent: indent + "  ")
    case .list(let rows) where !rows.isEmpty && rows.allSatisfy { isMap($0) }:
      lines.append(indent + style.heading(label))
      lines += tableLines(rows, style).map { indent + "  " + $0 }
    default:
      let value = fieldText(field.key, field.value)
      lines.append(indent + style.faint(pad(label, widest, false)) + "  " + value)
    }
  }
  return lines
}

private func tableLines(_ rows: [RESPValue], _ style: Style) -> [String] {
  var keys: [String] = []
  for row in rows {
    guard case .map(let fields) = row else { continue }
    for field in fields where !keys.contains(field.key) { keys.append(field.key) }
  }
  var table = Table(headings: keys.map { safe(Units.label($0)) })
  for row in rows { table.add(keys.map { key in row[key].map { fieldText(key, $0) } ?? "-" }) }
  return table.lines(style)
}

private func isMap(_ value: RESPValue) -> Bool {
  if case .map = value { return true }
  return false
}

private func isNested(_ value: RESPValue) -> Bool {
  switch value {
  case .map(let fields): return !fields.isEmpty
  case .list(let elements): return !elements.isEmpty && elements.allSatisfy { isMap($0) }
  default: return false
  }
}

/// A field's value with the unit that its name carries.
package func fieldText(_ field: String, _ value: RESPValue) -> String {
  switch value {
  case .integer(let number): return Units.value(Double(number), of: field) ?? String(number)
  case .decimal(let text):
    guard let number = Digits.value(text) else { return safe(text) }
    return Units.value(number, of: field) ?? Units.trimmed(number)
  default: return plainText(value)
  }
}

/// One line for any value, safe to show.
package func plainText(_ value: RESPValue) -> String { safe(scalarText(value)) }

/// One line for any value, as it is; what a map's key is read with.
package func scalarText(_ value: RESPValue) -> String {
  switch value {
  case .text(let bytes): return String(decoding: bytes, as: UTF8.self)
  case .integer(let number): return String(number)
  case .decimal(let text): return text
  case .boolean(let isTrue): return isTrue ? "yes" : "no"
  case .none: return "-"
  case .failure(let text): return text
  case .list(let elements), .push(let elements): return joined(elements.map { scalarText($0) }, ", ")
  case .map(let fields): return joined(fields.map { $0.key + "=" + scalarText($0.value) }, " ")
  }
}

package func joined(_ parts: [String], _ separator: String) -> String {
  var text = ""
  for (i, part) in parts.enumerated() {
    if i > 0 { text += separator }
    text += part
  }
  return text
}

/// The text with control characters written as \n, \t or \x1b, and those that turn the direction of writing
/// or cannot be seen alike.
package func safe(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar.value {
    case 0x0a: result += "\\n"
    case 0x0d: result += "\\r"
    case 0x09: result += "\\t"
    case 0..<0x20, 0x7f...0x9f, 0xad, 0x600...0x605, 0x61c, 0x6dd, 0x70f, 0x8e2, 0x180e, 0x200b...0x200f,
      0x202a...0x202e, 0x2060...0x206f, 0xfeff, 0xfff9...0xfffb, 0x110bd, 0x110cd, 0x13430...0x1345f,
      0x1bca0...0x1bca3, 0x1d173...0x1d17a, 0xe0000...0xe007f:
      result += "\\x"
      result += String(scalar.value, radix: 16)
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
