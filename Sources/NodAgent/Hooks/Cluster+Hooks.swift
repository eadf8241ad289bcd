// NOD HOOKS: the programs that are run, and what came of them.
import NodCore

extension Cluster {
  func writeHooks(to reply: inout ReplyWriter) {
    reply.array(hooks.settings.count)
    for number in hooks.settings.indices {
      let figures = hooks.figures[number]
      let row = reply.mark()
      var out = MapFields(reply: reply)
      out.field("name", hooks.settings[number].name)
      out.field("on", hooks.settings[number].kind.word)
      out.field("runs", Int64(clamping: figures.runs))
      out.field("failures", Int64(clamping: figures.failures))
      out.field("ended", Int64(clamping: figures.ended))
      out.field("running", figures.isRunning)
      if let status = figures.lastExit {
        out.field("last_exit", Int64(status))
      } else {
        out.absent("last_exit")
      }
      out.field("last_index", Int64(clamping: figures.lastIndex.raw))
      reply = out.reply
      reply.closeMap(row, pairs: out.pairs)
    }
  }
}
