// What happens to a disk while its board has no power: it is replaced by an empty one, or a bit of what was
// written last rots. Either may keep the member from voting; neither may make it forget quietly.
import NodCore
import NodJournal

extension World {
  /// - Returns: false when the start is over before it began: the damage was found, and somebody mends it.
  func tamper(_ i: Int) -> Bool {
    let member = members[i]
    guard member.starts > 1 else { return true }
    if options.lostDiskPermille > 0, random.happens(permille: options.lostDiskPermille),
      lostDisks.count < (members.count - 1) / 2, !lostDisks.contains(i)
    {
      lostDisks.insert(i)
      emptyDisk(i)
      trace?("\(now) n\(i) has an empty disk")
    }
    if options.tailRotPermille > 0, random.happens(permille: options.tailRotPermille) { return rotTail(i) }
    return true
  }

  /// One bit of the newest batch, in one of its two places, turns over. Recovery may mend it or refuse; if it
  /// refuses, the bit is turned back, as by somebody who finds a good copy.
  private func rotTail(_ i: Int) -> Bool {
    let disk = members[i].disk
    guard let name = disk.newestDurableSegment, let bytes = disk.durableBytes(of: name),
      let end = bytes.lastIndex(where: { $0 != 0 })
    else { return true }
    let byte = max(4096, end - random.below(48))
    let bit = random.below(8)
    let before = disk.fork(seed: random.next())
    disk.rot(name, byte: byte, bit: bit)
    trace?("\(now) n\(i) bit \(bit) of byte \(byte) rots")
    guard isRefused(i) else { return true }
    members[i].disk = before
    return true
  }

  /// Whether this disk's journal says that it is damaged; tried on a copy.
  private func isRefused(_ i: Int) -> Bool {
    var journal = Journal(
      disk: members[i].disk.fork(seed: 1),
      owner: JournalOwner(clusterLow: 7, clusterHigh: 9, node: members[i].id), limits: JournalLimits())
    do {
      _ = try journal.recover { _, _ in true }
      return false
    } catch {
      return true
    }
  }
}

extension Checker {
  /// What was on the old disk is gone, and nobody may be blamed for it; what it said stays said.
  func disk(of i: Int, wasReplacedIn world: World) {
    forgetPromises(of: i)
    world.spoken[i] = nil
    world.spokenVotes[i] = nil
    ledger.replaced(i)
  }
}
