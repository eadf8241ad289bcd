// The whole trace in one strip: who led, as a bar with its name, who was without power, and how many frames were lost
// where. A click or a drag moves the view there.

const overview = {
  canvas: document.getElementById("overview"),
  height: 74,
  bins: null,

  x(time) { return view.left + (view.paper(time) / view.end) * view.width; },

  draw() {
    const width = this.canvas.clientWidth;
    const context = ink.prepare(this.canvas, width, this.height);
    ink.text(context, "leader", 8, 13, "faint");
    ink.text(context, "lost", 8, 52, "faint");
    this.drawLeaders(context);
    this.drawLosses(context);
    const x1 = view.left + (view.from / view.end) * view.width;
    const x2 = Math.max(x1 + 3, view.left + (view.to / view.end) * view.width);
    context.strokeStyle = ink.colours.ink;
    context.lineWidth = 2;
    context.strokeRect(x1 - 1, 1, x2 - x1 + 2, this.height - 2);
  },

  drawLeaders(context) {
    const leaders = trace.figures.leaders;
    leaders.forEach((led, i) => {
      const x1 = this.x(led.from_us);
      const x2 = Math.max(x1 + 2, this.x(led.to_us));
      // Neighbours differ in height as well as in what is written on them.
      const y = i % 2 ? 16 : 4;
      context.strokeStyle = ink.colours.lead;
      context.lineWidth = 1.5;
      context.strokeRect(x1, y, x2 - x1, 13);
      const text = `${led.node} ${led.ballot}`;
      context.font = "11px system-ui, sans-serif";
      if (x2 - x1 > context.measureText(text).width + 6) {
        ink.text(context, text, x1 + 4, y + 7, "ink", "11px system-ui, sans-serif");
      }
    });
  },

  drawLosses(context) {
    const count = Math.max(1, Math.floor(view.width / 3));
    const lost = new Uint32Array(count);
    let most = 1;
    for (let i = 0; i < trace.frames.count; i++) {
      if (!hasLoss(i)) continue;
      const bin = Math.min(count - 1, Math.floor((view.paper(trace.frames.time[i]) / view.end) * count));
      most = Math.max(most, ++lost[bin]);
    }
    context.fillStyle = ink.colours.lost;
    lost.forEach((number, bin) => {
      const tall = (number / most) * 34;
      if (number) context.fillRect(view.left + (bin * view.width) / count, this.height - 4 - tall, 2, tall);
    });
  },

  listen() {
    const go = (event) => {
      if (event.buttons !== 1) return;
      const place = ((event.offsetX - view.left) / view.width) * view.end;
      const span = view.to - view.from;
      view.set(place - span / 2, place + span / 2);
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      go(event);
    });
    this.canvas.addEventListener("pointermove", go);
  },
};
