// What part of the trace is shown, and how its times become places on the paper. Folded, the stretches in which nothing
// happens are short; unfolded, the axis is true. Everything here is in "paper" units until `x`.

const view = {
  from: 0,
  to: 1,
  isFolded: true,
  // Of the canvas, in CSS pixels.
  left: 70,
  width: 1000,
  listeners: [],

  foldTimes: summed(raw.fold.t),
  foldPlaces: summed(raw.fold.x),

  get end() { return this.paper(trace.length); },
  /** Closer than this there is nothing more to see. */
  get least() { return Math.min(this.end, 200); },
  get scale() { return this.width / (this.to - this.from); },

  paper(time) {
    return this.isFolded ? interpolated(this.foldTimes, this.foldPlaces, time) : time;
  },
  time(paper) {
    return this.isFolded ? interpolated(this.foldPlaces, this.foldTimes, paper) : paper;
  },
  x(time) { return this.left + (this.paper(time) - this.from) * this.scale; },
  timeAt(x) { return this.time(this.from + (x - this.left) / this.scale); },
  get fromTime() { return this.time(this.from); },
  get toTime() { return this.time(this.to); },

  set(from, to) {
    const span = Math.min(this.end, Math.max(this.least, to - from));
    const middle = (from + to) / 2;
    const begin = Math.min(Math.max(0, to - from === span ? from : middle - span / 2), this.end - span);
    if (begin === this.from && begin + span === this.to) return;
    this.from = begin;
    this.to = begin + span;
    for (const listener of this.listeners) listener();
  },

  /** Shows a stretch of time with a margin on both sides. */
  show(fromTime, toTime, margin = 0.04) {
    const from = this.paper(fromTime);
    const to = this.paper(toTime);
    const edge = Math.max((to - from) * margin, this.least / 2);
    this.set(from - edge, to + edge);
  },

  /** Brings a moment into view, without another scale where it is there already. */
  reveal(time) {
    const place = this.paper(time);
    const span = this.to - this.from;
    if (place < this.from + span * 0.05 || place > this.to - span * 0.05) {
      this.set(place - span / 2, place + span / 2);
    }
  },

  zoom(factor, x = this.left + this.width / 2) {
    const place = this.from + (x - this.left) / this.scale;
    const span = Math.min(this.end, Math.max(this.least, (this.to - this.from) * factor));
    const share = (place - this.from) / (this.to - this.from);
    this.set(place - share * span, place + (1 - share) * span);
  },

  move(share) {
    const span = this.to - this.from;
    this.set(this.from + share * span, this.to + share * span);
  },

  fold(isFolded) {
    const from = this.fromTime;
    const to = this.toTime;
    this.isFolded = isFolded;
    this.set(this.paper(from), this.paper(to));
  },
};

/** The value at `key` of a line through points whose keys rise. */
function interpolated(keys, values, key) {
  if (keys.length < 2) return 0;
  const after = Math.min(Math.max(1, lowerBound(keys, key)), keys.length - 1);
  const width = keys[after] - keys[after - 1];
  const share = width > 0 ? Math.min(1, Math.max(0, (key - keys[after - 1]) / width)) : 0;
  return values[after - 1] + share * (values[after] - values[after - 1]);
}
