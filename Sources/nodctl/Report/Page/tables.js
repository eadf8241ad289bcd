// The story of the leaders, and the table of lost frames: each row leads to its place in the diagram.

const tables = {
  /** Rows of lost frames shown at once. */
  limit: 200,

  fillHead() {
    const figures = trace.figures;
    document.getElementById("title").textContent = trace.title;
    const facts = [`${trace.members.length} nodes`, clock(trace.length).replace(/\.\d+$/, "")];
    if (trace.period) facts.push(`a window every ${duration(trace.period)}`);
    if (figures.first_window !== null) facts.push(`windows ${figures.first_window} to ${figures.last_window}`);
    facts.push(`${figures.frames} frames, ${figures.frames_lost_somewhere} of them lost to somebody who listened`);
    facts.push(`log decided up to entry ${figures.decided_index}`);
    const { answered, unanswered } = figures.commands;
    if (answered + unanswered) facts.push(`${answered} of ${answered + unanswered} commands answered`);
    if (raw.leftOut) facts.push(`${raw.leftOut} events left out: from before the node knew the cluster's time`);
    const untold = trace.members.filter((member) => !member.told).map((member) => member.name);
    if (untold.length) facts.push(`no trace of ${untold.join(", ")}: known from what others heard`);
    document.getElementById("facts").textContent = `${facts.join(" · ")}.`;
  },

  fillStory(show) {
    const list = document.getElementById("story");
    const leaders = trace.figures.leaders;
    if (!leaders.length) list.replaceWith(element("p", "Nobody led in this trace."));
    leaders.forEach((led, i) => {
      const from = led.window === null ? clock(led.from_us) : `window ${led.window}`;
      const what = element("span", `${led.node} led with ballot ${led.ballot} from ${from} on, because: ${led.reason}. `
        + `It ended: ${led.end}.`);
      what.className = "what";
      const button = element("button", "show");
      button.addEventListener("click", () => show(i));
      const why = element("div", led.story.join(" "));
      why.className = "why";
      const item = element("li", "", [what, button, why]);
      item.id = `leader-${i}`;
      list.append(item);
    });
  },

  markStory(chapter) {
    document.querySelectorAll("#story li").forEach((item, i) => item.classList.toggle("shown", i === chapter));
  },

  fillLosses(choose) {
    const table = document.getElementById("losses");
    const first = lowerBound(trace.frames.time, view.fromTime);
    const last = lowerBound(trace.frames.time, view.toTime);
    const rows = [];
    let count = 0;
    for (let i = first; i < last; i++) {
      if (!hasLoss(i)) continue;
      count += 1;
      if (rows.length < this.limit) rows.push(this.lossRow(i, choose));
    }
    const head = element("tr", "", ["time", "window", "from", "frame", "lost to", "heard by", ""].map((name) => (
      element("th", name))));
    table.replaceChildren(...(count ? [head, ...rows] : []));
    const sent = last - first;
    let note = `${count} of the ${sent} frames in view were lost to somebody who listened.`;
    if (count > rows.length) note += ` The first ${rows.length} are here: zoom in to see the others.`;
    document.getElementById("losses-note").textContent = note;
  },

  lossRow(i, choose) {
    const frames = trace.frames;
    const lost = [];
    const heard = [];
    Array.from(frames.fate[i]).forEach((fate, slot) => {
      const why = { c: " (collided)", b: " (was transmitting)", r: " (refused)" }[fate] ?? "";
      if (isLoss(fate)) lost.push(nameOf(slot) + why);
      if (fate === "h") heard.push(nameOf(slot));
    });
    const button = element("button", "show");
    button.addEventListener("click", () => choose(i));
    const window = frames.window[i] >= 0 ? frames.window[i] : windowAt(frames.time[i]);
    const cells = [clock(frames.time[i]), window ?? "", nameOf(frames.from[i]), frameLabel(i), lost.join(", "),
      heard.join(", ") || "nobody"];
    return element("tr", "", [...cells.map((text) => element("td", String(text))), element("td", "", [button])]);
  },
};
