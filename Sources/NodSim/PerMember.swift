// What the world knows of each member, by number: as a dictionary, without the price of hashing at every event.

struct PerMember<Value> {
  private var values: [Value?] = []

  subscript(i: Int) -> Value? {
    get { i < values.count ? values[i] : nil }
    set {
      while values.count <= i { values.append(nil) }  // bounded by the members
      values[i] = newValue
    }
  }
}
