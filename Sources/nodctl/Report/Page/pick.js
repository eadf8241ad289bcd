// What the pointer is at, or what was reached with the keys: a box beside it, or the facts below the diagram.

const pick = {
  tip: document.getElementById("tip"),
  chosen: document.getElementById("chosen"),
  reach: 7,

  /** The mark next to a point: of several as near, a frame's own block before its arrows, lost ones before heard. */
  at(hits, x, y) {
    let best = null;
    let bestDistance = this.reach;
    for (const hit of hits) {
      const distance = distanceToSegment(x, y, hit) + hit.weight * 0.8;
      if (distance < bestDistance) {
        best = hit;
        bestDistance = distance;
      }
    }
    return best;
  },

  factsOf(hit) { return hit.text ? hit.text() : frameFacts(hit.frame, hit.slot); },

  showTip(hit, x, y) {
    this.tip.hidden = !hit;
    if (!hit) return;
    this.tip.replaceChildren(factList(this.factsOf(hit)));
    const stage = this.tip.parentElement;
    const width = this.tip.offsetWidth;
    const left = x + 16 + width > stage.clientWidth ? x - width - 12 : x + 16;
    this.tip.style.left = `${Math.max(0, left)}px`;
    this.tip.style.top = `${y + 14}px`;
  },

  showChosen(frame) {
    if (frame === null) this.chosen.replaceChildren();
    else this.chosen.replaceChildren(factList(frameFacts(frame)));
  },
};

function distanceToSegment(x, y, { x1, y1, x2, y2 }) {
  const dx = x2 - x1;
  const dy = y2 - y1;
  const length = dx * dx + dy * dy;
  const share = length ? Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length)) : 0;
  return Math.hypot(x - x1 - share * dx, y - y1 - share * dy);
}

/** An element with text, and children; text is never taken for markup. */
function element(name, text = "", children = []) {
  const made = document.createElement(name);
  if (text !== "") made.textContent = text;
  made.append(...children);
  return made;
}

function factList(facts) {
  const list = element("dl");
  list.className = "facts";
  for (const [name, text] of facts) list.append(element("dt", name), element("dd", text));
  return list;
}
