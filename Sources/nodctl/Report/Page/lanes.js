// The lanes: windows as a ruler, folded sleep, and for each node whether it has power, whether its radio is on, and
// whether it leads.

const lanes = {
  top: 44,
  gap: 12,

  get height() { return Math.max(26, Math.min(66, Math.floor(460 / Math.max(1, trace.members.length)))); },
  get bottom() { return this.top + this.height * trace.members.length; },
  get isRoomy() { return this.height >= 44; },
  y(slot) { return this.top + this.height * (slot + 0.5); },

  /** What is written once all else is drawn. */
  words: [],

  draw(context, hits) {
    this.words = [];
    this.drawFolds(context);
    this.drawRuler(context);
    for (let slot = 0; slot < trace.members.length; slot++) this.drawLane(context, slot, hits);
  },

  drawWords(context) {
    if (!this.isRoomy) return;
    const font = "italic bold 12px system-ui, sans-serif";
    context.font = font;
    const taken = [];
    // Who leads first: where there is no room for both, who only stood is left out.
    const byWeight = [...this.words].sort((a, b) => (b.colour === "lead") - (a.colour === "lead"));
    for (const { text, x, y, colour } of byWeight) {
      const end = x + context.measureText(text).width + 6;
      if (taken.some((other) => other.y === y && other.x < end && other.end > x)) continue;
      taken.push({ x, end, y });
      ink.text(context, text, x, y, colour, font);
    }
  },

  drawFolds(context) {
    if (!view.isFolded) return;
    const { foldTimes: times, foldPlaces: places } = view;
    for (let i = Math.max(1, lowerBound(places, view.from)); i < places.length && places[i - 1] < view.to; i++) {
      const length = times[i] - times[i - 1];
      const width = (places[i] - places[i - 1]) * view.scale;
      if (width < 3 || length < 1.5 * (places[i] - places[i - 1])) continue;
      const x = view.left + (places[i - 1] - view.from) * view.scale;
      context.fillStyle = ink.colours.fold;
      context.fillRect(x, this.top, width, this.bottom - this.top);
      const text = duration(length);
      context.font = "11px system-ui, sans-serif";
      if (width > context.measureText(text).width + 8) {
        ink.text(context, text, x + (width - context.measureText(text).width) / 2, this.bottom - 6, "faint",
          "11px system-ui, sans-serif");
      }
    }
  },

  drawRuler(context) {
    let free = view.left - 1;
    const first = windowAt(view.fromTime);
    if (first === null) return;
    const last = windowAt(view.toTime);
    const isDense = (last - first) * 3 > view.width;
    const step = Math.max(1, Math.floor((last - first) / view.width));
    for (let window = Math.max(0, first); window <= last; window += step) {
      const { time, isSilent } = windowBegin(window);
      const x = view.x(time);
      if (time < 0 || time > trace.length || x < view.left) continue;
      const label = `window ${window}`;
      context.font = "bold 12px system-ui, sans-serif";
      const width = Math.max(context.measureText(label).width, 58) + 12;
      const isLabelled = x >= free && x + width < view.left + view.width + 20;
      if (!isDense || isLabelled) ink.line(context, x, isLabelled ? 8 : this.top - 6, x, this.bottom, "rule");
      if (!isLabelled) continue;
      ink.text(context, label, x + 4, 14, "ink", "bold 12px system-ui, sans-serif");
      const below = isSilent ? "silent" : clock(time);
      ink.text(context, below, x + 4, 29, "faint", `${isSilent ? "italic " : ""}11px system-ui, sans-serif`);
      free = x + width;
    }
  },

  drawLane(context, slot, hits) {
    const y = this.y(slot);
    const member = trace.members[slot];
    ink.line(context, view.left, y, view.left + view.width, y, "rule");
    this.drawSpans(member.radio, (x, width, from, to) => {
      context.fillStyle = ink.colours.radio;
      context.fillRect(x, y + 4, width, 6);
      if (width > 6) {
        context.strokeStyle = ink.colours.faint;
        context.lineWidth = 0.5;
        context.strokeRect(x, y + 4, width, 6);
      }
      hits.push({ x1: x, y1: y + 7, x2: x + width, y2: y + 7, weight: 3, text: () => (
        [["node", member.name], ["radio on", `${clock(from)} to ${clock(to)} (${duration(to - from)})`]]) });
    });
    this.drawDark(context, member, y);
    this.drawRoles(context, member, y, hits);
    this.drawName(context, member, y);
  },

  /** Calls back for each span in view; where many fall into one pixel, once. */
  drawSpans(spans, each) {
    let drawn = -1;
    const first = lowerBound(spans, view.fromTime) & ~1;
    for (let i = first; i < spans.length && spans[i] < view.toTime; i += 2) {
      const x1 = Math.max(view.left, view.x(spans[i]));
      const x2 = Math.min(view.left + view.width, view.x(spans[i + 1]));
      if (x2 < view.left || x2 < drawn) continue;
      drawn = Math.ceil(x2);
      each(x1, Math.max(1, x2 - x1), spans[i], spans[i + 1]);
    }
  },

  drawDark(context, member, y) {
    if (!member.told) return;
    const dark = [];
    let begin = 0;
    for (let i = 0; i < member.power.length; i += 2) {
      if (member.power[i] > begin) dark.push(begin, member.power[i]);
      begin = member.power[i + 1];
    }
    if (begin < trace.length) dark.push(begin, trace.length);
    this.drawSpans(dark, (x, width) => {
      context.strokeStyle = ink.colours.faint;
      context.fillStyle = ink.colours.paper;
      context.fillRect(x, y - 8, width, 18);
      ink.hatch(context, x, y - 8, width, 18, "faint");
      if (width > 70) ink.text(context, "no power", x + 6, y + 1, "ink");
    });
    this.drawSpans(member.blind, (x, width) => {
      if (width > 4) ink.text(context, "? not told", x + 2, y + 1, "faint");
    });
  },

  /** When a role ends: with the next, or with the power. */
  roleEnd(member, i) {
    const power = member.power;
    const place = lowerBound(power, member.roles[i][0] + 1);
    const off = place % 2 === 1 ? power[place] : trace.length;
    return Math.min(i + 1 < member.roles.length ? member.roles[i + 1][0] : trace.length, off);
  },

  drawRoles(context, member, y, hits) {
    member.roles.forEach(([time, role, ballot], i) => {
      if (role === "follower") return;
      const end = this.roleEnd(member, i);
      if (end < view.fromTime || time > view.toTime) return;
      const x1 = Math.max(view.left, view.x(time));
      const x2 = Math.max(x1 + 2, Math.min(view.left + view.width, view.x(end)));
      const isLeader = role === "leader";
      if (isLeader) ink.line(context, x1, y, x2, y, "lead", 5);
      else ink.line(context, x1, y, x2, y, "ink", 3, [6, 3]);
      hits.push({ x1, y1: y, x2, y2: y, weight: 2, text: () => (
        [["node", member.name], ["role", `${role}, ballot ${ballot}`], ["from", clock(time)], ["to", clock(end)]]) });
      const text = isLeader ? `leads, ballot ${ballot}` : "stands";
      this.words.push({ text, x: x1 + 4, y: y + 21, colour: isLeader ? "lead" : "ink" });
    });
  },

  drawName(context, member, y) {
    context.fillStyle = ink.colours.paper;
    context.fillRect(0, y - this.height / 2, view.left - 2, this.height);
    let name = member.name;
    context.font = "bold 13px system-ui, sans-serif";
    while (name.length > 2 && context.measureText(name).width > view.left - 14) name = `${name.slice(0, -2)}…`;
    ink.text(context, name, 8, y, "ink", "bold 13px system-ui, sans-serif");
  },
};
