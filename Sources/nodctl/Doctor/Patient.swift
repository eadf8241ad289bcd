// One node as the doctor sees it: its files when a directory was given, and what its agent answers when it runs.
import CBoard
import Foundation
import NodAgent
import NodConsole
import NodCore
import NodSecurity

struct Patient {
  /// As it was named: the directory or the socket.
  let place: String
  var directory: String?
  var files: NodeFiles?
  /// The cluster's key, where the files could be opened; it is compared, and never shown.
  private(set) var epochKey: [UInt8]?
  var findings: [Finding] = []
  var status: RESPValue?
  var peers: [RESPValue] = []
  var links: [RESPValue] = []
  /// The board's clock when the status was asked for, and how long the answer took: microseconds.
  var askedAt: Int64 = 0
  var tookTime: Int64 = 0

  /// The member's own name, where it is known.
  var name: String { status?["name"]?.string ?? files?.own.name ?? place }

  init(directory: String, timeout: Microseconds) {
    place = directory
    self.directory = directory
    readFiles(directory + "/nod.conf")
    do throws(Trouble) {
      try ask(NodeLink(socket: nil, directory: directory), timeout)
    } catch {
      notAnswering(error)
    }
  }

  init(socket: String?, timeout: Microseconds) {
    var link: NodeLink
    do throws(Trouble) { link = try NodeLink(socket: socket, directory: nil) } catch {
      place = socket ?? "-"
      notAnswering(error)
      return
    }
    place = link.path
    do throws(Trouble) { try ask(link, timeout) } catch { notAnswering(error) }
  }

  private mutating func ask(_ node: NodeLink, _ timeout: Microseconds) throws(Trouble) {
    var link = node
    link.patience = timeout
    let client = try link.connect()
    askedAt = board_boot_microseconds()
    status = try link.answer(from: client, ["NOD", "STATUS"])
    tookTime = board_boot_microseconds() - askedAt
    peers = try link.answer(from: client, ["NOD", "PEERS"]).elements
    do throws(Trouble) { links = try link.answer(from: client, ["NOD", "LINKS"]).elements } catch {}
  }

  // MARK: an agent that does not answer

  private mutating func notAnswering(_ trouble: Trouble) {
    let advice = trouble.remedies.joined(separator: "; ")
    if trouble.what.contains("permission denied") {
      findings.append(Finding(.permission, place, trouble.what, do: advice))
    } else if trouble.status == .unknown || trouble.what.contains("does not answer")
      || trouble.what.contains("no more connections")
    {
      findings.append(Finding(.agentStuck, place, trouble.what, do: advice))
    } else if trouble.status == .usage {
      if findings.isEmpty { findings.append(Finding(.configuration, place, trouble.what, do: advice)) }
    } else {
      findings.append(Finding(.agentNotRunning, place, trouble.what, do: advice))
      lookWhyItCannotStart()
    }
  }

  /// What would keep the agent from starting: its port, its state directory.
  private mutating func lookWhyItCannotStart() {
    guard let files else { return }
    lookAtDisk(files.configuration.paths.state, leastKibibytes: files.configuration.minimumFreeKibibytes)
    guard files.configuration.radio.transport == .unicast else { return }
    let address = files.listenAddress
    var error: Int32 = 0
    if let socket = address.withCString({ board_udp_open($0, &error) }) {
      board_udp_close(socket)
    } else if -error == EADDRINUSE {
      findings.append(
        Finding(
          .portInUse, place, "another process has the radio's address \(address)",
          do:
            "see which: ss -ulpn 'sport = :\(address.split(separator: ":").last ?? "")'; end it, or give this "
            + "member another port in every node's roster"))
    } else {
      findings.append(
        Finding(
          .configuration, place, "the radio's address \(address) cannot be used: \(systemText(error))",
          do: "give the board this address (ip addr), or set [radio] listen in nod.conf"))
    }
  }

  private mutating func lookAtDisk(_ path: String, leastKibibytes: Int) {
    let directory = path.withCString { board_directory_open($0) }
    guard directory >= 0 else {
      findings.append(
        Finding(
          .disk, path, "the state directory cannot be opened: \(systemText(directory))",
          do: "is the medium mounted, and does it belong to the agent's user? ls -ld \(path)"))
      return
    }
    defer { board_close(directory) }
    let free = board_directory_free_bytes(directory) / 1024
    if free < Int64(leastKibibytes) {
      findings.append(
        Finding(
          .disk, path, "only \(free) KiB are free, \(leastKibibytes) are to stay so ([disk] min_free_kb)",
          do: "make room on this file system: df \(path)"))
    }
    if access(path, W_OK) != 0, errno == EROFS {
      findings.append(
        Finding(
          .disk, path, "the file system is mounted read-only",
          do: "look at the kernel's log (dmesg): a failing card is often remounted so; replace it"))
    }
  }

  // MARK: files

  private mutating func readFiles(_ path: String) {
    do throws(ConfigurationErrors) { files = try NodeFiles.read(configurationPath: path) } catch {
      for each in error.all {
        let isRefused = each.description.hasSuffix("Permission denied")
        findings.append(
          Finding(
            isRefused ? .permission : .configuration, place, each.description,
            do: isRefused
              ? "a node's secrets are for its agent alone: run the doctor as that user, or with sudo"
              : "mend that line and look again: nodd --check \(quoted(path))"))
      }
    }
    guard let files else { return }
    openKeys(files)
    guard let trouble = budgetTrouble(files) else { return }
    findings.append(
      Finding(
        .periodRefused, place, trouble,
        do: "set period_ms to at least that in the roster of every node: no agent starts before"))
  }

  /// Whether the node's key is the roster's, and opens the cluster's; an agent that cannot open it does not start.
  private mutating func openKeys(_ files: NodeFiles) {
    let paths = files.configuration.paths
    do throws(SecurityError) {
      let identity = try Identity(secret: files.nodeKey.secret)
      guard identity.publicKey == files.own.publicKey else {
        findings.append(
          Finding(
            .keysDiffer, place, "\(paths.nodeKey) is not the key that the roster has for \(files.own.name)",
            do: "give the board the directory that was provisioned for it"))
        return
      }
      epochKey = try EpochKey.opened(files.groupKey.sealed, by: identity)
    } catch {
      findings.append(
        Finding(
          .keysDiffer, place, "\(paths.groupKey) does not open with this node's key",
          do: "give the board the directory that was provisioned for it"))
    }
  }
}
