// swift-tools-version: 6.2
// Nod: consensus for radios that sleep. Imports point one way, down; `tools/tidy` holds the table.
import PackageDescription

var settings: [SwiftSetting] = [
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]
// Only for tools/fuzz: everything is built with the eyes of libFuzzer and AddressSanitizer.
let isFuzzing = Context.environment["NOD_FUZZ_BUILD"] != nil
let sanitizers = "-sanitize=fuzzer,address"
if isFuzzing { settings.append(.unsafeFlags([sanitizers])) }

let package = Package(
  name: "nod",
  products: [
    .executable(name: "nodd", targets: ["nodd"]),
    .executable(name: "nodctl", targets: ["nodctl"]),
    .executable(name: "nodctl-board", targets: ["nodctl-board"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    // C for what a board cannot import.
    .target(name: "CBoard", linkerSettings: [.linkedLibrary("inih")]),
    .target(name: "CSodium", linkerSettings: [.linkedLibrary("sodium")]),
    // What runs on a board: the same sources as host Swift and as Embedded Swift.
    .target(name: "NodCore", swiftSettings: settings),
    .target(name: "NodSecurity", dependencies: ["NodCore", "CSodium"], swiftSettings: settings),
    .target(name: "NodJournal", dependencies: ["NodCore"], swiftSettings: settings),
    .target(
      name: "NodStation", dependencies: ["NodCore", "NodSecurity", "NodJournal"],
      swiftSettings: settings),
    .target(
      name: "NodAgent",
      dependencies: ["NodStation", "NodSecurity", "NodJournal", "NodCore", "CBoard"],
      swiftSettings: settings),
    .executableTarget(name: "nodd", dependencies: ["NodAgent", "NodCore"], swiftSettings: settings),
    .target(name: "NodConsole", dependencies: ["NodCore", "CBoard"], swiftSettings: settings),
    .executableTarget(
      name: "nodctl-board", dependencies: ["NodConsole", "NodCore", "CBoard"], swiftSettings: settings),
    // What runs on a workstation only.
    .target(
      name: "NodSim", dependencies: ["NodStation", "NodSecurity", "NodJournal", "NodCore"],
      swiftSettings: settings),
    .executableTarget(
      name: "nodctl",
      dependencies: [
        "NodConsole", "NodAgent", "NodSim", "NodSecurity", "NodJournal", "NodCore", "CBoard",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      resources: [.embedInCode("Report/Page")],
      swiftSettings: settings),
    .testTarget(name: "NodCoreTests", dependencies: ["NodCore"], swiftSettings: settings),
    .testTarget(
      name: "NodSecurityTests", dependencies: ["NodSecurity", "NodCore"], swiftSettings: settings),
    .testTarget(
      name: "NodJournalTests", dependencies: ["NodSim", "NodJournal", "NodCore"], swiftSettings: settings),
    .testTarget(
      name: "NodAgentTests", dependencies: ["NodAgent", "NodJournal", "NodCore", "CBoard"],
      swiftSettings: settings),
    .testTarget(
      name: "NodSimTests", dependencies: ["NodSim", "NodStation", "NodJournal", "NodCore"],
      swiftSettings: settings),
    .testTarget(
      name: "NodctlTests",
      dependencies: ["nodctl", "NodConsole", "NodAgent", "NodSecurity", "NodJournal", "NodCore"],
      swiftSettings: settings),
  ]
)

if isFuzzing {
  package.targets.append(
    .executableTarget(
      name: "nod-fuzz",
      dependencies: ["NodSim", "NodAgent", "NodStation", "NodSecurity", "NodJournal", "NodCore"],
      path: "Tests/Fuzz", exclude: ["corpus"],
      swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])],
      linkerSettings: [.unsafeFlags([sanitizers])]))
}
