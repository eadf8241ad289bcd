// Below the lanes: how far each node knew the log to be decided, as steps, and when callers' commands came and were
// answered.

const steps = {
  height: 110,

  get top() { return lanes.bottom + 26; },
  get bottom() { return this.top + this.height; },
  dashes: [[], [6, 3], [2, 3], [10, 3, 2, 3], [1, 2], [12, 4]],

  draw(context, hits) {
    const range = this.range();
    ink.text(context, "decided", 8, this.top + 8, "ink", "bold 13px system-ui, sans-serif");
    ink.text(context, "index", 8, this.top + 24, "ink", "bold 13px system-ui, sans-serif");
    ink.line(context, view.left, this.bottom, view.left + view.width, this.bottom, "rule");
    if (range) {
      this.drawScale(context, range);
      context.save();
      context.beginPath();
      context.rect(view.left, this.top - 6, view.width, this.height + 12);
      context.clip();
      trace.members.forEach((member, slot) => this.drawSteps(context, member, slot, range, hits));
      context.restore();
    }
    this.drawCommands(context, hits);
  },

  /** The lowest and the highest index in view; null when there is none. */
  range() {
    let low = Infinity;
    let high = -Infinity;
    for (const { decided } of trace.members) {
      const first = Math.max(0, lowerBound(decided.time, view.fromTime) - 1);
      const last = lowerBound(decided.time, view.toTime);
      for (let i = first; i < last; i++) {
        low = Math.min(low, decided.index[i]);
        high = Math.max(high, decided.index[i]);
      }
    }
    if (!isFinite(low)) return null;
    return high > low ? [low, high] : [Math.max(0, low - 1), high];
  },

  y(index, [low, high]) { return this.bottom - 6 - ((index - low) / (high - low)) * (this.height - 26); },

  drawScale(context, range) {
    for (const index of new Set(range)) {
      const y = this.y(index, range);
      ink.line(context, view.left, y, view.left + view.width, y, "rule", 1, [2, 4]);
      ink.text(context, String(index), view.left + 3, y - 7, "faint", "11px system-ui, sans-serif");
    }
  },

  drawSteps(context, member, slot, range, hits) {
    const { time, index } = member.decided;
    const first = Math.max(0, lowerBound(time, view.fromTime) - 1);
    const last = lowerBound(time, view.toTime);
    // Lines that lie on each other are drawn side by side, as long as their steps can be told apart.
    const isDense = (last - first) * 4 > view.width;
    const dash = isDense ? [] : this.dashes[slot % this.dashes.length];
    const shift = isDense ? 0 : slot * 2 - trace.members.length;
    for (let i = first; i < last; i++) {
      const x1 = Math.max(view.left, view.x(time[i]));
      const end = i + 1 < time.length ? time[i + 1] : member.last;
      const x2 = Math.min(view.left + view.width, view.x(end));
      const y = this.y(index[i], range) + shift;
      ink.line(context, x1, y, x2, y, "ink", 1.2, dash);
      if (i + 1 < last) ink.line(context, x2, y, x2, this.y(index[i + 1], range) + shift, "ink", 1.2, dash);
      if (time[i] >= view.fromTime && !isDense) {
        context.fillStyle = ink.colours.ink;
        context.fillRect(x1 - 2, y - 2, 4, 4);
        hits.push({ x1, y1: y, x2: x1, y2: y, weight: 0, text: () => (
          [["node", member.name], ["knows as decided", `entries up to ${index[i]}`], ["from", clock(time[i])]]) });
      }
      if (i + 1 === last && x2 - x1 > 30) {
        const x = x1 + 26 + ((slot * 34) % Math.max(40, x2 - x1 - 30));
        ink.text(context, member.name, x, y - 7, "faint", "11px system-ui, sans-serif");
      }
    }
  },

  drawCommands(context, hits) {
    const inView = trace.commands.filter((command) => (
      command.submitted < view.toTime && (command.answered ?? command.submitted) >= view.fromTime));
    if (inView.length > 400) return;
    for (const command of inView) {
      const y = lanes.y(command.node) + 15;
      const facts = () => [
        ["command", `at ${nameOf(command.node)}, number ${command.ticket}`],
        ["came", clock(command.submitted)],
        ["answered", command.answered === null ? "never in this trace"
          : `${clock(command.answered)}, after ${duration(command.answered - command.submitted)}`],
      ];
      for (const [time, isAnswer] of [[command.submitted, false], [command.answered, true]]) {
        if (time === null || time < view.fromTime || time > view.toTime) continue;
        const x = view.x(time);
        ink.triangle(context, x, y, 4, isAnswer);
        hits.push({ x1: x, y1: y, x2: x, y2: y, weight: 0, text: facts });
      }
    }
  },
};
