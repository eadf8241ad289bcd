// Whether what the clients of one key saw can have happened one operation after the other, each between its
// call and its answer (Herlihy and Wing 1990). The search is Wing and Gong's (1993) with Lowe's just-in-time
// order and memory of configurations (2017): an operation takes effect no earlier than some answer needs it.

/// What a client asked of one key. Values are numbers, 0 is "absent".
enum Operation: Hashable, Sendable {
  case set(Int)
  /// SET with GET: the old value comes back.
  case exchange(Int)
  /// SET with IFEQ.
  case replace(Int, of: Int)
  case delete
  case increment
  case get
}

enum Answer: Hashable, Sendable {
  case done
  case refused
  case number(Int)
  /// It took effect; what it gave was not kept.
  case some
}

/// One operation in a history: `called` and `answered` are positions in one order of all events.
struct Call: Sendable {
  var operation: Operation
  var called: Int
  /// nil while nobody knows whether it ever takes effect.
  var answered: Int?
  var answer = Answer.some
}

enum Verdict: Hashable, Sendable {
  case linearizable
  /// The answer of this operation fits no order.
  case violated(Int)
  /// More possibilities than are looked at.
  case undecided
}

extension Operation {
  func apply(to state: Int) -> (state: Int, answer: Answer) {
    switch self {
    case .set(let value): (value, .done)
    case .exchange(let value): (value, .number(state))
    case .replace(let value, let old): state == old ? (value, .done) : (state, .refused)
    case .delete: (0, .number(state == 0 ? 0 : 1))
    case .increment: (state + 1, .number(state + 1))
    case .get: (state, .number(state))
    }
  }
}

struct LinearizabilitySearch {
  private struct Configuration: Hashable {
    var state: Int
    /// Pending operations that have taken effect, by their slot.
    var done: UInt64
  }
  private static let limit = 20_000

  private let history: [Call]
  private var configurations: Set<Configuration> = [Configuration(state: 0, done: 0)]
  private var slots = [Int?](repeating: nil, count: 64)
  private var unknown: UInt64 = 0

  static func check(_ history: [Call]) -> Verdict {
    var search = LinearizabilitySearch(history)
    return search.run()
  }

  private init(_ history: [Call]) { self.history = history }

  private mutating func run() -> Verdict {
    var events: [(at: Int, call: Int, isAnswer: Bool)] = []
    for (i, call) in history.enumerated() {
      events.append((call.called, i, false))
      if let answered = call.answered { events.append((answered, i, true)) }
    }
    events.sort { $0.at < $1.at }
    for event in events {
      if event.isAnswer {
        guard let slot = slots.firstIndex(of: event.call) else { return .undecided }
        guard answer(slot) else { return .undecided }
        if configurations.isEmpty { return .violated(event.call) }
        slots[slot] = nil
      } else {
        guard let slot = slots.firstIndex(of: nil) else { return .undecided }
        slots[slot] = event.call
        if history[event.call].answered == nil { unknown |= 1 << UInt64(slot) }
      }
    }
    return .linearizable
  }

  /// Goes on from every configuration until the operation in `slot` has taken effect. false: too many.
  private mutating func answer(_ slot: Int) -> Bool {
    let bit: UInt64 = 1 << UInt64(slot)
    var next: Set<Configuration> = []
    var seen = configurations
    var open = Array(configurations)
    while let c = open.popLast() {
      if c.done & bit != 0 {
        next.insert(Configuration(state: c.state, done: c.done & ~bit))
        continue
      }
      for pending in 0..<64 where c.done & (1 << UInt64(pending)) == 0 {
        guard let call = slots[pending], isWorthTrying(pending, c) else { continue }
        let (state, answer) = history[call].operation.apply(to: c.state)
        if history[call].answered != nil {
          if history[call].answer != .some && history[call].answer != answer { continue }
        } else if state == c.state {
          continue
        }
        let new = Configuration(state: state, done: c.done | 1 << UInt64(pending))
        if seen.insert(new).inserted { open.append(new) }
      }
      if seen.count > LinearizabilitySearch.limit { return false }
    }
    configurations = withoutDominated(next)
    return true
  }

  /// Of operations whose outcome nobody knows and that do the same, the one called first is as good as any.
  private func isWorthTrying(_ slot: Int, _ c: Configuration) -> Bool {
    guard unknown & (1 << UInt64(slot)) != 0, let call = slots[slot] else { return true }
    for other in 0..<64 where unknown & (1 << UInt64(other)) != 0 && c.done & (1 << UInt64(other)) == 0 {
      guard let earlier = slots[other], other != slot else { continue }
      if history[earlier].operation == history[call].operation
        && history[earlier].called < history[call].called
      {
        return false
      }
    }
    return true
  }

  /// An operation that need not have happened still may: of two configurations alike but for that, one is enough.
  private func withoutDominated(_ all: Set<Configuration>) -> Set<Configuration> {
    guard unknown != 0, all.count > 1, all.count < 2_000 else { return all }
    return all.filter { c in
      !all.contains { other in
        other != c && other.state == c.state && other.done & ~unknown == c.done & ~unknown
          && other.done & c.done == other.done
      }
    }
  }
}
