// Power that goes at a place that is chosen, not drawn: at every single change of a disk in turn, or in the moment
// after a frame. What a member's disk then holds is as chance has it, and the checks go on.
import NodCore

/// Plays one script again and again; each time the power of `member` goes at the next change of its disk.
///
/// - Parameters:
///   - stride: every how manieth change is tried; 1 for all.
///   - make: the same world each time.
///   - script: what happens; the member is back `darkness` after the cut.
/// - Returns: how many cuts were tried, and the first that did not end well.
package func cutPowerAtEveryChange(
  of member: Int, stride: Int = 1, make: () -> World, script: (World) -> String?
) -> (cuts: Int, trouble: String?) {
  let whole = make()
  let first = whole.disk(of: member).counts.changes
  if let trouble = script(whole) ?? whole.checker.violation?.description { return (0, "uncut: \(trouble)") }
  var cuts = 0
  var place = 0
  let all = whole.disk(of: member).counts.changes - first
  while place < all {
    let world = make()
    world.returnsAfterCut = world.options.darkness
    world.disk(of: member).operationsUntilPowerCut = place
    let trouble = script(world)
    cuts += 1
    if let trouble = trouble ?? world.checker.violation?.description {
      return (cuts, "cut at change \(place) of \(all): \(trouble)")
    }
    place += stride
  }
  return (cuts, nil)
}

extension World {
  /// The power of a member goes as soon as what happens now is over.
  package func cutPowerNext(_ i: Int) { queue.plan(.cut(member: i), at: now) }
}
