// A provisioned directory as nodctl sees it: the place of the node's socket. Only that is read, so that a
// nod.conf with an error elsewhere does not hide a node that runs.
import Foundation
import NodAgent

func nodeSocketPath(directory: String) throws -> String {
  let path = directory + "/nod.conf"
  guard FileManager.default.isReadableFile(atPath: path) else {
    throw Trouble(
      .usage, "--node \(directory): there is no readable nod.conf in it",
      "--node takes a directory that nodctl provision has made, such as farm/gate")
  }
  var reader = ConfigurationReader(path: path)
  return reader.path(
    "local", "socket", usual: NodeOptions.usualSocket, meaning: "the Unix socket for programs on this board")
}
