// The page's own state and its wiring: what is chosen, what a key does, when to draw.

const diagram = document.getElementById("diagram");
const state = { frame: null, chapter: null, hits: [], isPlanned: false };

function draw() {
  state.isPlanned = false;
  const width = diagram.clientWidth;
  view.width = width - view.left - 16;
  const context = ink.prepare(diagram, width, steps.bottom + 8);
  state.hits = [];
  const leaders = trace.figures.leaders;
  const chapter = state.chapter === null ? null : leaders[state.chapter];
  const shown = { frame: state.frame, losses: new Set(chapter?.losses), listener: chapter?.node };
  lanes.draw(context, state.hits);
  const { count, isDense } = frameMarks.draw(context, state.hits, shown);
  lanes.drawWords(context);
  steps.draw(context, state.hits);
  overview.draw();
  describe(count, isDense);
  tables.fillLosses(choose);
}

/** Draws once before the next picture, however much changed. */
function plan() {
  if (state.isPlanned) return;
  state.isPlanned = true;
  requestAnimationFrame(draw);
}

function describe(count, isDense) {
  const parts = [`${clock(view.fromTime)} to ${clock(view.toTime)}`];
  const first = windowAt(view.fromTime);
  const last = windowAt(view.toTime);
  if (first !== null) parts.push(first === last ? `window ${first}` : `windows ${Math.max(0, first)} to ${last}`);
  parts.push(`${count} frames`);
  let text = `In view: ${parts.join(", ")}.`;
  if (isDense) {
    text += " Too many to draw each: bars above a lane are frames sent, boxes below it frames that were lost to it."
      + " Zoom in to see them.";
  }
  document.getElementById("in-view").textContent = text;
}

function choose(frame) {
  state.frame = frame;
  if (frame !== null) {
    // Far out single frames cannot be seen: go near.
    const paper = view.paper(trace.frames.time[frame]);
    if (frameMarks.range()[1] - frameMarks.range()[0] > frameMarks.limit) {
      const span = Math.min(view.end, 400 * Math.max(view.least, trace.frames.air[frame] || 1000));
      view.set(paper - span / 2, paper + span / 2);
    } else view.reveal(trace.frames.time[frame]);
  }
  pick.showChosen(frame);
  plan();
}

function showChapter(i) {
  const led = trace.figures.leaders[i];
  state.chapter = i;
  state.frame = null;
  pick.showChosen(null);
  tables.markStory(i);
  view.show(led.show_us[0], led.show_us[1]);
  plan();
}

function stepChapter(step) {
  const leaders = trace.figures.leaders;
  if (!leaders.length) return;
  const now = state.chapter ?? (step > 0 ? -1 : leaders.length);
  showChapter(Math.min(leaders.length - 1, Math.max(0, now + step)));
  document.getElementById(`leader-${state.chapter}`).scrollIntoView({ block: "nearest" });
}

function stepFrame(step, isWanted = () => true) {
  const { time, count } = trace.frames;
  const [first, last] = [lowerBound(time, view.fromTime), lowerBound(time, view.toTime)];
  let i = state.frame === null ? (step > 0 ? first : last - 1) : state.frame + step;
  while (i >= 0 && i < count && !isWanted(i)) i += step;
  if (i >= 0 && i < count) choose(i);
}

const keys = {
  ArrowLeft: () => view.move(-0.2),
  ArrowRight: () => view.move(0.2),
  ArrowUp: () => view.zoom(0.7),
  ArrowDown: () => view.zoom(1 / 0.7),
  "+": () => view.zoom(0.7),
  "=": () => view.zoom(0.7),
  "-": () => view.zoom(1 / 0.7),
  0: () => view.set(0, view.end),
  Home: () => view.set(0, view.to - view.from),
  End: () => view.set(view.end - (view.to - view.from), view.end),
  ".": () => stepFrame(1),
  ",": () => stepFrame(-1),
  l: () => stepFrame(1, hasLoss),
  L: () => stepFrame(-1, hasLoss),
  e: () => stepChapter(1),
  E: () => stepChapter(-1),
  Escape: () => choose(null),
};

function listenToPointer() {
  let dragged = null;
  diagram.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.shiftKey) view.move(Math.sign(event.deltaY || event.deltaX) * 0.1);
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.move(event.deltaX / view.width);
    else view.zoom(Math.exp(Math.sign(event.deltaY) * 0.25), event.offsetX);
  }, { passive: false });
  diagram.addEventListener("pointerdown", (event) => {
    dragged = { x: event.offsetX, from: view.from, to: view.to, hasMoved: false };
    diagram.setPointerCapture(event.pointerId);
    diagram.focus({ preventScroll: true });
  });
  diagram.addEventListener("pointermove", (event) => {
    if (dragged && event.buttons === 1) {
      const shift = (dragged.x - event.offsetX) / view.scale;
      dragged.hasMoved ||= Math.abs(dragged.x - event.offsetX) > 3;
      if (dragged.hasMoved) view.set(dragged.from + shift, dragged.to + shift);
      return;
    }
    pick.showTip(pick.at(state.hits, event.offsetX, event.offsetY), event.offsetX, event.offsetY);
  });
  diagram.addEventListener("pointerup", (event) => {
    const hit = dragged?.hasMoved ? null : pick.at(state.hits, event.offsetX, event.offsetY);
    if (hit && hit.frame !== undefined) choose(hit.frame);
    dragged = null;
  });
  diagram.addEventListener("pointerleave", () => pick.showTip(null));
}

function listenToControls() {
  const on = (id, what) => document.getElementById(id).addEventListener("click", what);
  on("back", keys.ArrowLeft);
  on("forth", keys.ArrowRight);
  on("in", keys.ArrowUp);
  on("out", keys.ArrowDown);
  on("whole", keys[0]);
  on("election-back", keys.E);
  on("election-forth", keys.e);
  on("loss-back", keys.L);
  on("loss-forth", keys.l);
  diagram.addEventListener("keydown", (event) => {
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  document.getElementById("true-time").addEventListener("change", (event) => view.fold(!event.target.checked));
  document.getElementById("window").addEventListener("change", (event) => {
    const window = Number.parseInt(event.target.value, 10);
    if (!Number.isFinite(window) || !trace.period) return;
    const begin = windowBegin(window).time;
    view.show(begin - trace.period / 8, begin + trace.period * 0.75, 0);
  });
}

function start() {
  ink.refresh();
  tables.fillHead();
  tables.fillStory(showChapter);
  figures.fillLinks();
  figures.fillWaits();
  figures.fillEnergy();
  view.width = diagram.clientWidth - view.left - 16;
  view.set(0, view.end);
  view.listeners.push(plan);
  listenToPointer();
  listenToControls();
  overview.listen();
  const redraw = () => {
    ink.refresh();
    legend.draw();
    draw();
  };
  addEventListener("resize", plan);
  addEventListener("beforeprint", redraw);
  addEventListener("afterprint", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  legend.draw();
  // What a reader comes for: the first time that somebody took over from another.
  if (trace.figures.leaders.length > 1) showChapter(1);
  else if (trace.figures.leaders.length) showChapter(0);
  draw();
}

start();
