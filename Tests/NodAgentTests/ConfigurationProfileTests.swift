// Radio profiles: built-in names, profile files, and that the shipped files say what the built-in profiles
// do.
import Foundation
import NodAgent
import NodCore
import Testing

private let shipped = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "Firmware-config/radios").path

private func errors(_ text: String) -> [String] {
  ScratchDirectory.reading("r.conf", text) { path in
    do throws(ConfigurationErrors) {
      _ = try ProfileCatalogue.read(path: path)
      return []
    } catch {
      return error.all.map { $0.description.replacingOccurrences(of: path, with: "r.conf") }
    }
  }
}

@Suite struct ConfigurationProfileTests {
  @Test func everyBuiltInProfileHasItsFileAndTheReverse() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: shipped)
    #expect(Set(files) == Set(ProfileCatalogue.builtInNames.map { $0 + ".conf" }))
  }

  @Test(arguments: ProfileCatalogue.builtInNames)
  func theShippedFileSaysWhatTheBuiltInProfileDoes(name: String) throws {
    let read = try ProfileCatalogue.read(path: "\(shipped)/\(name).conf")
    #expect(read == ProfileCatalogue.builtIn(name))
  }

  @Test(arguments: ProfileCatalogue.builtInNames)
  func theShippedFileNamesItsSource(name: String) throws {
    let text = try String(contentsOfFile: "\(shipped)/\(name).conf", encoding: .utf8)
    #expect(text.contains("\n# Source: "))
  }

  @Test func aNameThatIsNotBuiltInIsNone() {
    #expect(ProfileCatalogue.builtIn("lora") == nil)
    #expect(ProfileCatalogue.builtIn(String(repeating: "l", count: 100)) == nil)
    #expect(!ProfileCatalogue.isFile("lora"))
    #expect(ProfileCatalogue.isFile("my-radio.conf"))
    #expect(ProfileCatalogue.isFile("/etc/nod/radio"))
  }

  @Test func nodConfRefusesAProfileThatDoesNotExist() {
    let found = ScratchDirectory.reading("nod.conf", "[node]\nname = n\n[radio]\nprofile = lora\n") { path in
      do throws(ConfigurationErrors) {
        _ = try Configuration.read(path: path)
        return ""
      } catch { return error.description.replacingOccurrences(of: path, with: "nod.conf") }
    }
    #expect(found.hasPrefix("nod.conf:4: [radio] profile = lora: unknown profile; built in are loopback, "))
    #expect(found.hasSuffix("; a file's name has a / or ends with .conf"))
  }

  @Test func theSmallestFileIsEnough() throws {
    let read = try ScratchDirectory.reading(
      "r.conf", "[radio]\nname = mine\nbit_rate_bps = 50000\nmtu = 200\nsleep_ua = 0.25\ntx_ma = 10\n"
    ) { try ProfileCatalogue.read(path: $0) }
    #expect(read.modulation == .constantRate(bitsPerSecond: 50_000, preambleBytes: 0))
    #expect(read.mtu == 200)
    #expect(read.sleepCurrent == Current(nanoamperes: 250))
    #expect(read.transmitCurrent == .milliamperes(10))
    #expect(read.dutyPermille == 1000)
  }

  @Test(arguments: [
    (
      "spreading_factor = 7\nbit_rate_bps = 300",
      "[radio] spreading_factor = 7: has no effect with modulation = constant: take it out"
    ),
    (
      "modulation = lora\nspreading_factor = 7\nbit_rate_bps = 300",
      "[radio] bit_rate_bps = 300: has no effect with modulation = lora: take it out"
    ),
    (
      "modulation = lora",
      "[radio] spreading_factor: is missing; allowed is 7 to 12 (spreading factor, of modulation = lora)"
    ),
    (
      "modulation = lora\nspreading_factor = 9\noverhead_bytes = 56",
      "[radio] mtu = 200: with overhead_bytes it is more than the 255 bytes of a LoRa frame"
    ),
    (
      "bit_rate_bps = 300\ntx_ma = 6,4",
      "[radio] tx_ma = 6,4: allowed is 0 to 2000, with up to 3 decimals (milliamperes while transmitting)"
    ),
    (
      "bit_rate_bps = 300\ntx_ma = 2000.001",
      """
      [radio] tx_ma = 2000.001: allowed is 0 to 2000, with up to 3 decimals (milliamperes while \
      transmitting)
      """
    ),
  ])
  func oneFaultIsOneError(text: String, error: String) {
    let found = errors("[radio]\nname = mine\nmtu = 200\n" + text + "\n")
    #expect(found.count == 1)
    #expect(found.first?.hasSuffix(error) == true, "\(found)")
  }

  @Test(arguments: ["", ".", "1.", ".5", "1.2345", "-1", "1e3", "1 000", "1.-1", "9999999999999999999"])
  func whatIsNoNumberIsRefused(text: String) {
    #expect(errors("[radio]\nname = mine\nmtu = 200\nbit_rate_bps = 300\nrx_ma = \(text)\n").count == 1)
  }

  @Test func randomChoicesOfEveryKeyNeverCrash() {
    var state: UInt64 = 7
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let values = [
      "0", "1", "7", "12", "51", "255", "300", "1000", "125000", "1000000000", "lora", "constant", "x", "-1",
      "",
    ]
    var accepted = 0
    for _ in 0..<300 {
      var text = "[radio]\n"
      for question in ProfileCatalogue.questions where next(3) > 0 {
        text += "\(question.key) = \(values[next(values.count)])\n"
      }
      ScratchDirectory.reading("r.conf", text) { path in
        guard let profile = try? ProfileCatalogue.read(path: path) else { return }
        accepted += 1
        #expect(profile.slotLength(for: profile.mtu) > .zero)
      }
    }
    // Mostly nonsense, as intended.
    #expect(accepted < 300)
  }
}
