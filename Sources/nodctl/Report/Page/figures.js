// What the trace adds up to: links, waits, radio time and charge.

const SVG = "http://www.w3.org/2000/svg";

function drawn(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== "") made.textContent = text;
  return made;
}

const figures = {
  fillLinks() {
    const table = document.getElementById("links");
    const names = trace.members.map((member) => member.name);
    const head = element("tr", "", [element("th", "from \\ to"), ...names.map((name) => element("th", name))]);
    const rows = trace.figures.links.map((row, from) => element("tr", "", [
      element("th", names[from]),
      ...row.map((link, to) => (from === to ? element("td", "") : this.linkCell(link, names[from], names[to]))),
    ]));
    table.replaceChildren(head, ...rows);
  },

  linkCell([heard, lost, spoilt, asleep], from, to) {
    const listened = heard + lost + spoilt;
    const cell = element("td", listened ? `${((100 * heard) / listened).toFixed(0)} %` : "-");
    const small = element("span", listened ? `${heard} of ${listened}` : "none");
    small.className = "small";
    cell.append(small);
    cell.style.setProperty("--share", listened ? (1 - heard / listened).toFixed(3) : 0);
    cell.title = `${from} to ${to}: ${heard} heard, ${lost} lost on the way, ${spoilt} collided or refused; `
      + `${asleep} more were sent while ${to}'s radio was off`;
    return cell;
  },

  fillWaits() {
    const place = document.getElementById("waits");
    const { answered, unanswered, by_periods: bars, ...times } = trace.figures.commands;
    if (!answered && !unanswered) {
      place.replaceChildren(element("p", "No commands in this trace."));
      return;
    }
    const parts = [`${answered} answered`];
    if (unanswered) parts.push(`${unanswered} not answered in this trace`);
    if (answered) parts.push(`median ${duration(times.median_us)}, 99 % within ${duration(times.p99_us)}, `
      + `longest ${duration(times.most_us)}`);
    place.replaceChildren(element("p", `${parts.join("; ")}.`));
    if (answered) place.append(this.histogram(bars));
  },

  /** Bars by whole periods waited; what is far out shares the last one. */
  histogram(bars) {
    const last = 15;
    const counts = [];
    for (const [periods, count] of bars) {
      const bin = Math.min(Number(periods), last);
      counts[bin] = (counts[bin] ?? 0) + count;
    }
    const width = 46;
    const svg = drawn("svg", { width: width * counts.length + 60, height: 170, role: "img",
      "aria-label": "Histogram: how many commands waited how many whole periods" });
    const most = Math.max(...counts.filter(Boolean));
    for (let bin = 0; bin < counts.length; bin++) {
      const count = counts[bin] ?? 0;
      const tall = (count / most) * 110;
      const x = 10 + bin * width;
      if (count) svg.append(drawn("rect", { x, y: 130 - tall, width: width - 8, height: tall, class: "bar" }));
      if (count) svg.append(drawn("text", { x: x + (width - 8) / 2, y: 124 - tall, "text-anchor": "middle" }, count));
      const label = bin === last ? `${bin} +` : bin;
      svg.append(drawn("text", { x: x + (width - 8) / 2, y: 146, "text-anchor": "middle" }, label));
    }
    svg.append(drawn("line", { x1: 6, y1: 130, x2: 10 + counts.length * width, y2: 130, class: "axis" }));
    svg.append(drawn("text", { x: 10, y: 164 }, "whole periods until the answer (0: within one)"));
    return svg;
  },

  fillEnergy() {
    const place = document.getElementById("energy");
    const members = trace.figures.members.filter((member) => member.told || member.frames);
    const most = Math.max(1, ...members.map((member) => member.tx_us + member.rx_us));
    const hasCharge = members.some((member) => member.charge_uc !== null);
    const names = ["node", "frames sent", "bytes", "transmits", "listens", "sleeps", "radio on", "", "charge"];
    if (!hasCharge) names.pop();
    const head = element("tr", "", names.map((name) => element("th", name)));
    const rows = members.map((member) => this.energyRow(member, most, hasCharge));
    const note = hasCharge
      ? `Charge of the radio alone, by the currents of ${raw.profile || "the profile given"}.`
      : "The radio is not known, so neither is its charge: --profile NAME tells it.";
    place.replaceChildren(element("table", "", [head, ...rows]), element("p", note));
    place.lastChild.className = "hint";
  },

  energyRow(member, most, hasCharge) {
    const on = member.tx_us + member.rx_us;
    const meter = element("div", "", [element("div"), element("div")]);
    meter.className = "meter";
    meter.title = "black: transmits; hatched: listens; the whole is the most of all nodes";
    meter.firstChild.className = "sends";
    meter.lastChild.className = "listens";
    meter.firstChild.style.width = `${(100 * member.tx_us) / most}%`;
    meter.lastChild.style.width = `${(100 * member.rx_us) / most}%`;
    const share = member.powered_us ? `${((100 * on) / member.powered_us).toFixed(3)} %` : "-";
    const cells = [member.name, member.frames, member.bytes];
    if (member.told) cells.push(duration(member.tx_us), duration(member.rx_us), duration(member.sleep_us), share);
    else cells.push("-", "-", "-", "-");
    const row = element("tr", "", cells.map((text) => element("td", String(text))));
    row.append(element("td", "", [meter]));
    if (hasCharge) row.append(element("td", member.charge_uc === null ? "-" : charge(member.charge_uc)));
    return row;
  },
};

function charge(microcoulombs) {
  if (microcoulombs < 1e3) return `${microcoulombs.toFixed(0)} µC`;
  if (microcoulombs < 1e6) return `${(microcoulombs / 1e3).toPrecision(3)} mC`;
  return `${(microcoulombs / 1e6).toPrecision(3)} C (${(microcoulombs / 3.6e6).toPrecision(2)} mAh)`;
}
