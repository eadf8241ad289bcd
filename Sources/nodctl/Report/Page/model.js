// The trace out of the page's data: differences summed up, columns as typed arrays, and how things are called.

const raw = JSON.parse(document.getElementById("data").textContent);

function summed(differences) {
  const values = new Float64Array(differences.length);
  let sum = 0;
  for (let i = 0; i < differences.length; i++) values[i] = sum += differences[i];
  return values;
}

const trace = {
  title: raw.title,
  period: raw.period,
  length: raw.length,
  figures: raw.figures,
  notes: raw.notes,
  windows: { number: summed(raw.windows.n), time: summed(raw.windows.t) },
  members: raw.members.map((member) => ({
    ...member,
    power: summed(member.power),
    radio: summed(member.radio),
    blind: summed(member.blind),
    decided: { time: summed(member.decided.t), index: summed(member.decided.i) },
  })),
  frames: {
    count: raw.frames.t.length,
    time: summed(raw.frames.t),
    from: raw.frames.from,
    air: raw.frames.air,
    bytes: raw.frames.bytes,
    window: summed(raw.frames.window),
    cycle: raw.frames.cycle,
    number: raw.frames.number,
    inferred: raw.frames.inferred,
    fate: raw.frames.fate,
    words: raw.frames.words,
    late: raw.frames.late,
    // Where each frame's arrivals begin in `late`: one for each `h` of its fate.
    firstArrival: [],
  },
  commands: raw.commands.map(([node, ticket, submitted, answered, windows]) => (
    { node, ticket, submitted, answered, windows })),
};

for (let i = 0, place = 0; i < trace.frames.count; i++) {
  trace.frames.firstArrival.push(place);
  for (const fate of trace.frames.fate[i]) if (fate === "h") place += 1;
}

const frameLabel = (i) => raw.frames.label.list[raw.frames.label.of[i]];
const frameSpeech = (i) => raw.frames.speech.list[raw.frames.speech.of[i]];
const frameSays = (i) => raw.frames.says.list[raw.frames.says.of[i]];
const nameOf = (slot) => trace.members[slot]?.name ?? `n${slot}`;

// What became of a frame at a member, by the letter that stands for it in `fate`.
const FATES = {
  h: "heard",
  x: "lost on the way",
  c: "lost: frames collided",
  b: "lost: it was transmitting itself",
  r: "refused",
  o: "not heard: its radio was off",
  "-": "not heard: no power",
  ".": "not known",
};
const isLoss = (fate) => fate === "x" || fate === "c" || fate === "b" || fate === "r";
const hasLoss = (i) => /[xcbr]/.test(trace.frames.fate[i]);

/** When a frame was heard by each member: null where it was not. */
function arrivals(i) {
  const frames = trace.frames;
  const end = frames.time[i] + frames.air[i];
  let place = frames.firstArrival[i];
  return Array.from(frames.fate[i], (fate) => (fate === "h" ? end + frames.late[place++] : null));
}

/** The first place in a rising list whose value is not below `value`. */
function lowerBound(list, value) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A time since the trace began, in microseconds, as people read it. */
function clock(time) {
  const seconds = Math.abs(time) / 1e6;
  const sign = time < 0 ? "-" : "";
  if (seconds < 60) return `${sign}${seconds.toFixed(3)} s`;
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  const rest = two(seconds % 60) + (seconds % 1).toFixed(3).slice(1);
  if (seconds < 3600) return `${sign}${Math.floor(seconds / 60)}:${rest}`;
  return `${sign}${Math.floor(seconds / 3600)}:${two((seconds / 60) % 60)}:${rest}`;
}

/** A length of time with a unit that fits it. */
function duration(microseconds) {
  const size = Math.abs(microseconds);
  if (size < 1e3) return `${Math.round(microseconds)} µs`;
  if (size < 1e6) return `${+(microseconds / 1e3).toPrecision(3)} ms`;
  if (size < 120e6) return `${+(microseconds / 1e6).toPrecision(3)} s`;
  if (size < 7200e6) return `${Math.floor(microseconds / 60e6)} min ${Math.round((microseconds / 1e6) % 60)} s`;
  return `${Math.floor(microseconds / 3600e6)} h ${Math.round((microseconds / 60e6) % 60)} min`;
}

/** The window that a moment belongs to, or null. */
function windowAt(time) {
  const { number, time: begin } = trace.windows;
  if (!number.length || !trace.period) return null;
  const place = Math.max(0, lowerBound(begin, time + trace.period / 4 + 1) - 1);
  return number[place] + Math.floor((time + trace.period / 4 - begin[place]) / trace.period);
}

/** When a window's first frame was, or, in a silent one, would have been. */
function windowBegin(window) {
  const { number, time } = trace.windows;
  const place = lowerBound(number, window);
  if (number[place] === window) return { time: time[place], isSilent: false };
  const anchor = Math.max(0, place - 1);
  return { time: time[anchor] + (window - number[anchor]) * trace.period, isSilent: true };
}
