// nodctl metrics: the node's figures in Prometheus's text form, as its HTTP listener gives them: for whoever
// collects files instead of asking, or only wants to look.
import ArgumentParser
import Foundation

extension Nodctl {
  struct Metrics: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The node's figures in Prometheus's text form.",
      discussion: """
        docs/metrics.md says what each of them means. With [metrics] listen in nod.conf the same is to be had \
        by HTTP on this board.

        Example, for the node exporter's textfile collector:
          nodctl metrics > /var/lib/prometheus/node-exporter/nod.prom.new &&
            mv /var/lib/prometheus/node-exporter/nod.prom.new /var/lib/prometheus/node-exporter/nod.prom
        """)

    @OptionGroup var node: NodeOptions

    func run() throws {
      let reply = try node.ask("NOD", "METRICS")
      if node.json { return print(nodctl.json(reply)) }
      guard case .text(let bytes) = reply else { return print(plainText(reply)) }
      FileHandle.standardOutput.write(Data(bytes))
    }
  }
}
