// A node's two secrets as files: its own key, and the cluster's key sealed to it. What others can read is
// no secret: such a file is refused, with the command that mends it. What the bytes mean is NodSecurity's
// business.
import CBoard
import NodCore

package struct NodeKeyFile: Equatable, Sendable {
  package static let secretBytes = 32

  /// X25519.
  package var secret: [UInt8]

  package init(secret: [UInt8]) { self.secret = secret }

  package static func read(path: String) throws(ConfigurationErrors) -> NodeKeyFile {
    try refuseReadableByOthers(path)
    var reader = ConfigurationReader(path: path)
    let file = NodeKeyFile(
      secret: reader.hex(
        "key", "secret", byteCount: secretBytes, isSecret: true, meaning: "this node's secret key, X25519"))
    let errors = reader.finish()
    if !errors.isEmpty { throw errors }
    return file
  }

  package func fileText() -> String {
    """
    # This node's secret key. Mode 0600; never copied to another board, in no back-up.
    [key]
    secret = \(hexText(secret))

    """
  }
}

package struct GroupKeyFile: Equatable, Sendable {
  /// A key of 32 bytes in a sealed box of 48 more.
  package static let sealedBytes = 80

  package var epoch: UInt32
  package var sealed: [UInt8]

  package init(epoch: UInt32, sealed: [UInt8]) {
    self.epoch = epoch
    self.sealed = sealed
  }

  package static func read(path: String) throws(ConfigurationErrors) -> GroupKeyFile {
    try refuseReadableByOthers(path)
    var reader = ConfigurationReader(path: path)
    let file = GroupKeyFile(
      epoch: UInt32(
        reader.number("key", "epoch", 1...4_294_967_295, usual: nil, meaning: "counts the cluster's keys")),
      sealed: reader.hex(
        "key", "sealed", byteCount: sealedBytes, isSecret: true,
        meaning: "the cluster's key, sealed to this node's public key"))
    let errors = reader.finish()
    if !errors.isEmpty { throw errors }
    return file
  }

  package func fileText() -> String {
    """
    # The cluster's key of one epoch, sealed to this node: worth nothing without node.key. Mode 0600.
    [key]
    epoch = \(epoch)
    sealed = \(hexText(sealed))

    """
  }
}

/// Bits of a file's mode that let anybody but its owner at it.
private let othersBits: Int32 = 0o077

private func refuseReadableByOthers(_ path: String) throws(ConfigurationErrors) {
  let mode = path.withCString { board_file_mode($0) }
  var problem = ""
  if mode < 0 {
    problem = "cannot be read: \(BoardFailure.systemText(-mode))"
  } else if mode & othersBits != 0 {
    problem = "others can read this key (mode \(octalText(UInt32(mode)))); type: chmod 600 \(path)"
  } else {
    return
  }
  throw ConfigurationErrors([ConfigurationError(file: path, problem: problem)])
}
