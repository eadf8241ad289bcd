// Any reply as text for people: a map as aligned `name  value` lines, a list of maps as a table whose
// headings are the maps' keys, so that a field which a newer node adds appears by itself. What a node stores
// may hold any bytes: nothing that could steer a terminal is printed as it is.

/// The lines for a whole reply.
func reportLines(_ value: RESPValue, _ style: Style) -> [String] {
  switch value {
  case .map(let fields): return fieldLines(fields, style)
  case .list(let elements) where !elements.isEmpty && elements.allSatisfy(isMap):
    return tableLines(elements, style)
  case .list(let elements): return elements.map(plainText)
  default: return [plainText(value)]
  }
}

private func fieldLines(_ fields: [RESPValue.Field], _ style: Style, indent: String = "") -> [String] {
  let width = fields.filter { !isNested($0.value) }.map { Units.label($0.key).count }.max() ?? 0
  var lines: [String] = []
  for field in fields {
    let label = safe(Units.label(field.key))
    switch field.value {
    case .map(let inner) where !inner.isEmpty:
      lines.append(indent + style.heading(label))
      lines += fieldLines(inner, style, indent: indent + "  ")
    case .list(let rows) where !rows.isEmpty && rows.allSatisfy(isMap):
      lines.append(indent + style.heading(label))
      lines += tableLines(rows, style).map { indent + "  " + $0 }
    default:
      let value = fieldText(field.key, field.value)
      lines.append(indent + style.faint(pad(label, width, false)) + "  " + value)
    }
  }
  return lines
}

private func tableLines(_ rows: [RESPValue], _ style: Style) -> [String] {
  var keys: [String] = []
  for case .map(let fields) in rows {
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
  case .list(let elements): return !elements.isEmpty && elements.allSatisfy(isMap)
  default: return false
  }
}

/// A field's value with the unit that its name carries.
func fieldText(_ field: String, _ value: RESPValue) -> String {
  switch value {
  case .integer(let number): return Units.value(Double(number), of: field) ?? String(number)
  case .double(let number): return Units.value(number, of: field) ?? Units.trimmed(number)
  default: return plainText(value)
  }
}

/// One line for any value, safe to show.
func plainText(_ value: RESPValue) -> String { safe(scalarText(value)) }

/// One line for any value, as it is; what a map's key is read with.
func scalarText(_ value: RESPValue) -> String {
  switch value {
  case .text(let bytes): return String(decoding: bytes, as: UTF8.self)
  case .integer(let number): return String(number)
  case .double(let number): return Units.trimmed(number)
  case .boolean(let isTrue): return isTrue ? "yes" : "no"
  case .none: return "-"
  case .failure(let text): return text
  case .list(let elements), .push(let elements): return elements.map(scalarText).joined(separator: ", ")
  case .map(let fields): return fields.map { "\($0.key)=\(scalarText($0.value))" }.joined(separator: " ")
  }
}

/// The text with control characters written as \n, \t or \x1b.
func safe(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case _
    where scalar.properties.generalCategory == .control
      || scalar.properties.generalCategory == .format:
      result += "\\x" + String(scalar.value, radix: 16)
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
