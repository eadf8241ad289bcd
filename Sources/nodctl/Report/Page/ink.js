// How marks are drawn: colours from the style sheet, and the shapes that tell things apart without any colour.

const ink = {
  colours: {},

  /** Colours change with dark and light, and when the page is printed. */
  refresh() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["paper", "ink", "faint", "rule", "fold", "radio", "lead", "lost", "mark"]) {
      this.colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  },

  /** Makes a canvas sharp at the screen's resolution, and empties it. */
  prepare(canvas, width, height) {
    const ratio = Math.max(2, window.devicePixelRatio || 1);
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = this.colours.paper;
    context.fillRect(0, 0, width, height);
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    return context;
  },

  line(context, x1, y1, x2, y2, colour, width = 1, dash = []) {
    context.strokeStyle = this.colours[colour];
    context.lineWidth = width;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
    context.setLineDash([]);
  },

  /** Text with a halo of paper, so that lines behind it do not disturb. */
  text(context, text, x, y, colour = "ink", font = "12px system-ui, sans-serif") {
    context.font = font;
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeStyle = this.colours.paper;
    context.strokeText(text, x, y);
    context.fillStyle = this.colours[colour];
    context.fillText(text, x, y);
  },

  arrow(context, x1, y1, x2, y2, colour, width = 1) {
    this.line(context, x1, y1, x2, y2, colour, width);
    const angle = Math.atan2(y2 - y1, x2 - x1);
    const size = 6 + width;
    context.fillStyle = this.colours[colour];
    context.beginPath();
    context.moveTo(x2, y2);
    for (const turn of [-0.36, 0.36]) {
      context.lineTo(x2 - size * Math.cos(angle + turn), y2 - size * Math.sin(angle + turn));
    }
    context.fill();
  },

  /** A frame that did not arrive: dashed, and a cross short of the receiver. */
  lostArrow(context, x1, y1, x2, y2, width = 1) {
    this.line(context, x1, y1, x2, y2, "lost", width, [5, 4]);
    this.cross(context, x2, y2, 4 + width / 2, width);
  },

  cross(context, x, y, size, width = 1) {
    this.line(context, x - size, y - size, x + size, y + size, "lost", width + 1);
    this.line(context, x - size, y + size, x + size, y - size, "lost", width + 1);
  },

  /** Frames that collided, or came while the receiver was transmitting: a cross in a box. */
  spoilt(context, x1, y1, x2, y2, width = 1) {
    this.lostArrow(context, x1, y1, x2, y2, width);
    context.strokeStyle = this.colours.lost;
    context.lineWidth = 1;
    context.strokeRect(x2 - 6, y2 - 6, 12, 12);
  },

  hatch(context, x, y, width, height, colour, step = 6) {
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.strokeStyle = this.colours[colour];
    context.lineWidth = 1;
    context.beginPath();
    for (let at = x - height; at < x + width; at += step) {
      context.moveTo(at, y + height);
      context.lineTo(at + height, y);
    }
    context.stroke();
    context.strokeRect(x, y, width, height);
    context.restore();
  },

  triangle(context, x, y, size, isFilled) {
    context.beginPath();
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y - size);
    context.lineTo(x, y + size);
    context.closePath();
    context.lineWidth = 1.2;
    context.strokeStyle = context.fillStyle = this.colours.ink;
    if (isFilled) context.fill();
    else context.stroke();
  },
};
