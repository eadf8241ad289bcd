// A provisioned directory as nodctl sees it: the place of the node's socket. Only that is read, so that a
// nod.conf with an error elsewhere does not hide a node that runs.
import CBoard

package func nodeSocketPath(directory: String) throws(Trouble) -> String {
  let path = directory + "/nod.conf"
  var line = SocketLine()
  let verdict = path.withCString { path in
    withUnsafeMutablePointer(to: &line) { board_config_parse(path, $0, takeLine) }
  }
  guard verdict >= 0 else {
    throw Trouble(
      .usage, "--node " + directory + ": there is no readable nod.conf in it (" + systemText(verdict) + ")",
      "--node takes a directory that nodctl provision has made, such as farm/gate")
  }
  guard let found = line.path, !found.isEmpty else { return NodeLink.usualSocket }
  return found.utf8.first == UInt8(ascii: "/") ? found : directory + "/" + found
}

private struct SocketLine {
  var path: String?
}

/// Called by C for each line; `context` is the `SocketLine` that is being filled.
private func takeLine(
  context: UnsafeMutableRawPointer?, kind: Int32, line: Int32, section: UnsafePointer<CChar>?,
  key: UnsafePointer<CChar>?, text: UnsafePointer<CChar>?
) {
  guard let context, let section, let key, let text, kind == BOARD_CONFIG_VALUE else { return }
  guard String(cString: section) == "local", String(cString: key) == "socket" else { return }
  context.assumingMemoryBound(to: SocketLine.self).pointee.path = String(cString: text)
}
