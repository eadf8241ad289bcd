// What the diagram's marks mean, each drawn as it is drawn there.

const legend = {
  place: document.getElementById("legend"),

  marks: [
    ["frame, heard", (c) => {
      c.fillStyle = ink.colours.ink;
      c.fillRect(2, 4, 5, 9);
      ink.arrow(c, 7, 8, 42, 8, "ink");
    }],
    ["lost on the way", (c) => ink.lostArrow(c, 2, 9, 34, 9)],
    ["collided, or the receiver was transmitting", (c) => ink.spoilt(c, 2, 9, 34, 9)],
    ["radio on", (c) => {
      c.fillStyle = ink.colours.radio;
      c.fillRect(2, 6, 40, 6);
      c.strokeStyle = ink.colours.faint;
      c.strokeRect(2, 6, 40, 6);
    }],
    ["leads", (c) => ink.line(c, 2, 9, 44, 9, "lead", 5)],
    ["stands for election", (c) => ink.line(c, 2, 9, 44, 9, "ink", 3, [6, 3])],
    ["no power", (c) => ink.hatch(c, 2, 2, 40, 14, "faint")],
    ["a command comes", (c) => ink.triangle(c, 22, 9, 4, false)],
    ["is answered", (c) => ink.triangle(c, 22, 9, 4, true)],
    ["folded: nothing happens for so long", (c) => {
      c.fillStyle = ink.colours.fold;
      c.fillRect(1, 1, 44, 16);
      ink.text(c, "9.9 s", 8, 9, "faint", "11px system-ui, sans-serif");
    }],
  ],

  draw() {
    this.place.replaceChildren(...this.marks.map(([text, mark]) => {
      const canvas = document.createElement("canvas");
      mark(ink.prepare(canvas, 46, 18));
      return element("span", "", [canvas, document.createTextNode(text)]);
    }));
    this.place.append(element("span", "no arrow: the receiver's radio was off"));
  },
};
