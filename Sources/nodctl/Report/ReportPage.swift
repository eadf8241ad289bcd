// The page: its template with style, scripts and data put in. The parts are files of their own in Page/, which the
// build embeds. The page's own policy forbids it every request, so it shows what it shows without a network.
import Foundation

enum ReportPage {
  static func text(title: String, data: String) -> String {
    var page = part(PackageResources.report_html)
    put(escaped(title), at: "TITLE", of: &page)
    put(part(PackageResources.report_css), at: "STYLE", of: &page)
    put(scripts.map(part).joined(separator: "\n"), at: "SCRIPT", of: &page)
    // Last, so that nothing in it is taken for a mark.
    put(data, at: "DATA", of: &page)
    return page
  }

  /// In the order in which they stand in the page: what each uses stands before it.
  private static var scripts: [[UInt8]] {
    [
      PackageResources.model_js, PackageResources.view_js, PackageResources.ink_js, PackageResources.lanes_js,
      PackageResources.frames_js, PackageResources.steps_js, PackageResources.overview_js,
      PackageResources.pick_js,
      PackageResources.legend_js, PackageResources.tables_js, PackageResources.figures_js,
      PackageResources.page_js,
    ]
  }

  private static func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
  }

  private static func part(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private static func put(_ text: String, at mark: String, of page: inout String) {
    guard let place = page.range(of: "@@\(mark)@@") else {
      preconditionFailure("the template has no \(mark)")
    }
    page.replaceSubrange(place, with: text)
  }
}
