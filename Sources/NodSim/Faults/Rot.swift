// Bits that turn over while nobody looks: anywhere in what a disk was told to keep. A node that finds one must mend it
// from the mirror, or refuse to start and say why; what it must not do is to go on with less than it promised.
import NodCore
import NodJournal

extension World {
  /// One bit turns over, somewhere on the disk of a member that has no power.
  ///
  /// - Returns: where, for a person who reads the test's message; nil when the disk is empty.
  @discardableResult
  package func rotSomewhere(_ i: Int) -> String? {
    precondition(!members[i].isUp, "a bit that rots under a running node is not read again")
    let disk = members[i].disk
    let files = disk.fileNames.filter { (disk.bytes(of: $0)?.count ?? 0) > 0 }
    guard !files.isEmpty else { return nil }
    var place = random.below(files.reduce(0) { $0 + disk.bytes(of: $1)!.count })
    for file in files {
      let count = disk.bytes(of: file)!.count
      if place < count {
        let bit = random.below(8)
        disk.rot(file, byte: place, bit: bit)
        return "segment \(file.segment), byte \(place) of \(count), bit \(bit)"
      }
      place -= count
    }
    return nil
  }

  /// In a drawn world: a bit of a dark member's disk, once a member, and never of a majority.
  func rotByChance(_ i: Int) {
    guard options.rotPermille > 0, isFaulty, !members[i].hasRotted, members[i].starts > 0,
      members.filter({ $0.hasRotted }).count < (memberCount - 1) / 2,
      random.happens(permille: options.rotPermille)
    else { return }
    members[i].hasRotted = true
    if let place = rotSomewhere(i) { trace?("\(now) n\(i) rots at \(place)") }
  }

  /// What a person does with a board whose journal is damaged: an empty state directory. It comes back as one who
  /// remembers nothing, and so does not vote.
  package func emptyDisk(_ i: Int) {
    precondition(!members[i].isUp)
    members[i].disk = SimDisk(seed: random.next())
    members[i].disk.sectorsTear = options.tears
    checker.disk(of: i, wasReplacedIn: self)
  }
}
