// Time in its two kinds: a node's own boot-time clock, and the time that the cluster agreed on.

/// A span of time in microseconds; negative spans are allowed.
package struct Microseconds: Hashable, Comparable, Sendable {
  package var raw: Int64
  package init(_ raw: Int64) { self.raw = raw }
  package static func milliseconds(_ n: Int64) -> Microseconds { Microseconds(n * 1_000) }
  package static func seconds(_ n: Int64) -> Microseconds { Microseconds(n * 1_000_000) }
  package static let zero = Microseconds(0)
  package static func < (a: Microseconds, b: Microseconds) -> Bool { a.raw < b.raw }
  package static func + (a: Microseconds, b: Microseconds) -> Microseconds { Microseconds(a.raw + b.raw) }
  package static func - (a: Microseconds, b: Microseconds) -> Microseconds { Microseconds(a.raw - b.raw) }
  package static func * (a: Microseconds, n: Int) -> Microseconds { Microseconds(a.raw * Int64(n)) }
}

/// Microseconds of this board's boot-time clock (CLOCK_BOOTTIME: it goes on while the board is suspended).
package struct LocalTime: Hashable, Comparable, Sendable {
  package var microseconds: Int64
  package init(microseconds: Int64) { self.microseconds = microseconds }
  package static let zero = LocalTime(microseconds: 0)
  /// Later than anything that will happen.
  package static let never = LocalTime(microseconds: .max / 4)
  package static func < (a: LocalTime, b: LocalTime) -> Bool { a.microseconds < b.microseconds }
  package static func + (a: LocalTime, b: Microseconds) -> LocalTime {
    LocalTime(microseconds: a.microseconds + b.raw)
  }
  package static func - (a: LocalTime, b: Microseconds) -> LocalTime {
    LocalTime(microseconds: a.microseconds - b.raw)
  }
  package static func - (a: LocalTime, b: LocalTime) -> Microseconds {
    Microseconds(a.microseconds - b.microseconds)
  }
}

/// Milliseconds since the cluster began, as stamped by leaders into log entries; never goes back along the
/// log.
package struct ClusterTime: Hashable, Comparable, Sendable {
  package var milliseconds: UInt64
  package init(milliseconds: UInt64) { self.milliseconds = milliseconds }
  package static let zero = ClusterTime(milliseconds: 0)
  package static func < (a: ClusterTime, b: ClusterTime) -> Bool { a.milliseconds < b.milliseconds }
}
