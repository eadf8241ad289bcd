// Where nodd begins, in both builds: the linker finds nodd_main, which is main.

import NodAgent
import NodCore

@_cdecl("nodd_main")
public func start(_ count: Int32, _ values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32 {
  var arguments: [String] = []
  for i in 0..<Int(count) {
    if let value = values[i] { arguments.append(String(cString: value)) }
  }
  let (options, problem) = Options.parse(arguments)
  guard let options else {
    complain("\(problem); see nodd --help")
    return 2
  }
  switch options.action {
  case .help: print(Options.help)
  case .version: print("nodd \(Version.text)")
  case .check: return check(options.configuration)
  case .run: return run(options.configuration)
  }
  return 0
}
