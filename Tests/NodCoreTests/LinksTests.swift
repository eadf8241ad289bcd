// Loss in four bits: the nearest figure is told, and a code means one thing.
import NodCore
import Testing

@Suite struct LinkLossTests {
  @Test func everyFigureHasTheNearestCode() {
    for permille in 0...1000 {
      let told = LinkLoss.permille(LinkLoss.code(permille: permille))!
      for code in UInt8(0)..<14 { #expect(abs(told - permille) <= abs(LinkLoss.permille(code)! - permille)) }
    }
    #expect(LinkLoss.permille(LinkLoss.unmeasured) == nil && LinkLoss.permille(LinkLoss.notHeard) == nil)
  }

  @Test func figuresOfTheListAreToldExactly() {
    for permille in [0, 10, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 700, 900] {
      #expect(LinkLoss.permille(LinkLoss.code(permille: permille)) == permille)
    }
  }
}
