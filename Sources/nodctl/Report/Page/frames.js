// Frames as arrows from the sender's lane to each receiver's. What was heard is a line with a tip; what was lost is
// dashed and ends in a cross short of the receiver. Where there are too many, lanes show how many, and how many were
// lost.

const frameMarks = {
  /** More arrows than this in one view hide each other. */
  limit: 1200,

  range() {
    // A frame that began before the view may still end in it.
    const margin = 60e3;
    return [lowerBound(trace.frames.time, view.fromTime - margin), lowerBound(trace.frames.time, view.toTime)];
  },

  draw(context, hits, shown) {
    const [first, last] = this.range();
    context.save();
    context.beginPath();
    context.rect(view.left, 0, view.width, lanes.bottom);
    context.clip();
    if (last - first > this.limit) this.drawDensity(context, first, last);
    else this.drawEach(context, first, last, hits, shown);
    context.restore();
    return { count: last - first, isDense: last - first > this.limit };
  },

  drawEach(context, first, last, hits, shown) {
    const free = new Array(trace.members.length).fill(-1e9);
    for (let i = first; i < last; i++) this.drawArrows(context, i, hits, shown.frame === i || shown.losses.has(i));
    for (let i = first; i < last; i++) this.drawSender(context, i, hits, free, shown);
  },

  drawArrows(context, i, hits, isShown) {
    const frames = trace.frames;
    const from = frames.from[i];
    const x = view.x(frames.time[i]);
    const end = Math.max(x + 2, view.x(frames.time[i] + frames.air[i]));
    const y = lanes.y(from);
    const width = isShown ? 2.4 : 1;
    arrivals(i).forEach((arrival, slot) => {
      const fate = frames.fate[i][slot];
      if (slot === from || (!isLoss(fate) && fate !== "h")) return;
      const down = slot > from ? 1 : -1;
      const target = lanes.y(slot) - 4 * down;
      let mark = { x1: x, y1: y, frame: i, slot, weight: isLoss(fate) ? 0 : 1 };
      if (fate === "h") {
        const heard = Math.max(end, view.x(arrival));
        ink.arrow(context, x, y, heard, target, "ink", width);
        mark = { ...mark, x2: heard, y2: target };
      } else {
        const stop = target - down * Math.min(16, lanes.height * 0.3);
        if (fate === "x") ink.lostArrow(context, x, y, end, stop, width);
        else ink.spoilt(context, x, y, end, stop, width);
        mark = { ...mark, x2: end, y2: stop };
      }
      hits.push(mark);
    });
  },

  drawSender(context, i, hits, free, shown) {
    const frames = trace.frames;
    const from = frames.from[i];
    const x = view.x(frames.time[i]);
    const end = Math.max(x + 3, view.x(frames.time[i] + frames.air[i]));
    const y = lanes.y(from);
    context.fillStyle = ink.colours.ink;
    if (frames.inferred[i]) {
      context.strokeStyle = ink.colours.ink;
      context.strokeRect(x, y - 5, end - x, 10);
    } else context.fillRect(x, y - 5, end - x, 10);
    if (shown.frame === i) {
      context.lineWidth = 2;
      context.strokeStyle = ink.colours.lead;
      context.strokeRect(x - 4, y - 9, end - x + 8, 18);
    }
    hits.push({ x1: x, y1: y, x2: end, y2: y, frame: i, slot: null, weight: -1 });
    const isDecisive = shown.losses.has(i);
    const label = frameLabel(i) + (isDecisive ? `, lost to ${shown.listener}` : "");
    if (!lanes.isRoomy || (x < free[from] && shown.frame !== i)) return;
    const font = isDecisive ? "bold 12px system-ui, sans-serif" : "12px system-ui, sans-serif";
    context.font = font;
    ink.text(context, label, x - 1, y - 14, isDecisive ? "lost" : "ink", font);
    free[from] = x + context.measureText(label).width + 6;
  },

  /** Bars above a lane: frames that its node sent. Below: frames that it listened for and did not get. */
  drawDensity(context, first, last) {
    const bins = Math.max(1, Math.floor(view.width / 4));
    const count = trace.members.length;
    const sent = Array.from({ length: count }, () => new Uint32Array(bins));
    const lost = Array.from({ length: count }, () => new Uint32Array(bins));
    let most = 1;
    for (let i = first; i < last; i++) {
      const bin = Math.floor(((view.paper(trace.frames.time[i]) - view.from) / (view.to - view.from)) * bins);
      if (bin < 0 || bin >= bins) continue;
      most = Math.max(most, ++sent[trace.frames.from[i]][bin]);
      const fate = trace.frames.fate[i];
      for (let slot = 0; slot < count; slot++) if (isLoss(fate[slot])) most = Math.max(most, ++lost[slot][bin]);
    }
    const tall = lanes.height * 0.42;
    for (let slot = 0; slot < count; slot++) {
      for (let bin = 0; bin < bins; bin++) {
        const x = view.left + (bin * view.width) / bins;
        const up = (sent[slot][bin] / most) * tall;
        const down = (lost[slot][bin] / most) * tall;
        context.fillStyle = ink.colours.ink;
        if (up) context.fillRect(x, lanes.y(slot) - 3 - up, 3, up);
        context.strokeStyle = ink.colours.lost;
        context.lineWidth = 1;
        if (down) context.strokeRect(x + 0.5, lanes.y(slot) + 11.5, 2.5, down);
      }
    }
  },
};

/** All that is known of a frame, as pairs of a name and a text. */
function frameFacts(i, slot = null) {
  const frames = trace.frames;
  const window = frames.window[i] >= 0 ? frames.window[i] : windowAt(frames.time[i]);
  const facts = [
    ["frame", `${nameOf(frames.from[i])}: ${frameLabel(i)}` + (frames.inferred[i] ? " (told by its receivers)" : "")],
    ["sent", `${clock(frames.time[i])}` + (window === null ? "" : `, window ${window}, cycle ${frames.cycle[i]}`)],
  ];
  const speech = { request: "in a request slot", drive: "driving the window", answer: "in an answer slot" };
  const size = frames.bytes[i] ? `${frames.bytes[i]} bytes, ${duration(frames.air[i])} on the air` : "";
  const where = speech[frameSpeech(i)] ?? "";
  if (size || where) facts.push(["", [size, where].filter(Boolean).join(", ")]);
  if (frames.words[i]) facts.push(["says", frames.words[i]]);
  if (frameSays(i)) facts.push(["sections", frameSays(i)]);
  if (slot !== null) facts.push([`at ${nameOf(slot)}`, FATES[frames.fate[i][slot]]]);
  else for (const [text, names] of fatesOf(i)) facts.push([text, names.join(", ")]);
  return facts;
}

/** What became of a frame, the worst first: a list of a text and the names of the members that it is true of. */
function fatesOf(i) {
  const groups = new Map();
  for (const fate of "xcbrho-.") {
    Array.from(trace.frames.fate[i]).forEach((found, slot) => {
      if (found !== fate || slot === trace.frames.from[i]) return;
      if (!groups.has(FATES[fate])) groups.set(FATES[fate], []);
      groups.get(FATES[fate]).push(nameOf(slot));
    });
  }
  return groups;
}
