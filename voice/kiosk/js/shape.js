// The living shape: one body whose surface, colour and size say what the assistant is doing.

import { LOOKS, blend, loudness } from "./shape-looks.js";
import { SIGNS } from "./shape-signs.js";

const POINTS = 96;
const LAYERS = 4;
const TROUBLES = ["blocked", "trouble"];
const RING_S = 2.2;
const MOST_PIXELS = 600;
const FRAME_S = 0.03; // 30 a second, and 20 while nothing happens: a machine without a GPU has voices to hear meanwhile
const IDLE_FRAME_S = 0.045;
const still = matchMedia("(prefers-reduced-motion: reduce)");

const rgba = ([r, g, b], alpha) => `rgba(${r | 0}, ${g | 0}, ${b | 0}, ${alpha})`;

export class Shape {
  #look = LOOKS.idle;
  #level = 0;
  #loud = 0;
  #rings = [];
  #time = 0;
  #last = 0;
  #spin = 0;
  #drawn = "";

  constructor(canvas) {
    this.canvas = canvas;
    this.paint = canvas.getContext("2d");
    this.state = "idle";
    this.contrast = "normal";
    this.#fit();
    new ResizeObserver(() => this.#fit()).observe(canvas);
    requestAnimationFrame((now) => this.#frame(now));
  }

  /** Level of the current speaker, dBFS. */
  hear(dbfs) {
    this.#level = loudness(dbfs);
  }

  #fit() {
    const ratio = Math.min(devicePixelRatio, MOST_PIXELS / Math.max(1, this.canvas.clientWidth));
    this.canvas.width = Math.max(64, Math.round(this.canvas.clientWidth * Math.max(0.75, ratio)));
    this.canvas.height = this.canvas.width;
    this.#drawn = "";
  }

  #frame(now) {
    requestAnimationFrame((next) => this.#frame(next));
    const target = LOOKS[this.state] ?? LOOKS.idle;
    if (still.matches || this.contrast === "high") {
      const wanted = `${this.state} ${this.contrast} ${still.matches}`;
      if (this.#drawn === wanted && still.matches) return;
      this.#drawn = wanted;
    }
    const passed = Math.min(0.1, (now - this.#last) / 1000);
    if (passed < (this.state === "idle" ? IDLE_FRAME_S : FRAME_S) && this.#last) return;
    this.#last = now;
    this.#look = still.matches ? target : blend(this.#look, target, 1 - Math.exp(-passed * 5));
    const rate = this.#level > this.#loud ? 22 : 7;
    this.#loud += (this.#level - this.#loud) * (1 - Math.exp(-passed * rate));
    this.#time += still.matches ? 0 : passed * this.#look.pace;
    this.#spin += still.matches ? 0 : passed * this.#look.orbit;
    this.#travel(passed);
    this.#draw();
  }

  #travel(passed) {
    for (const ring of this.#rings) ring.age += passed / RING_S;
    this.#rings = this.#rings.filter((ring) => ring.age < 1);
    const youngest = this.#rings.at(-1)?.age ?? 1;
    const { rings } = this.#look;
    if (!still.matches && Math.abs(rings) > 0.6 && this.#loud > 0.18 && youngest > 0.16) {
      this.#rings.push({ age: 0, strength: this.#loud, outwards: rings > 0 });
    }
  }

  #draw() {
    const { paint, canvas } = this;
    const half = canvas.width / 2;
    const look = this.#look;
    const radius = half * look.size * (1 + look.swell * this.#loud + 0.018 * Math.sin(this.#time * 1.7));
    paint.setTransform(1, 0, 0, 1, half, half);
    paint.globalCompositeOperation = "source-over";
    paint.clearRect(-half, -half, 2 * half, 2 * half);
    if (this.contrast === "high") {
      this.#flat(radius);
    } else {
      this.#halo(half, radius);
      this.#waves(half, radius);
      this.#body(radius);
      this.#satellites(half, radius);
    }
    this.#sign(radius);
  }

  /** For high contrast: a plain disc with a clear edge, no haze. */
  #flat(radius) {
    const { paint } = this;
    const troubled = TROUBLES.includes(this.state);
    const active = !troubled && this.state !== "idle";
    this.#outline(radius, 0);
    paint.fillStyle = active ? "#ffe600" : "#000";
    paint.strokeStyle = active ? "#ffe600" : "#fff";
    paint.lineWidth = radius * 0.06;
    paint.setLineDash(troubled ? [radius * 0.2, radius * 0.14] : []);
    paint.fill();
    paint.stroke();
    paint.setLineDash([]);
    this.#satellites(radius / this.#look.size, radius, "#ffe600");
  }

  #halo(half, radius) {
    const { paint } = this;
    const { outer, inner, glow } = this.#look;
    const haze = paint.createRadialGradient(0, 0, radius * 0.5, 0, 0, half);
    haze.addColorStop(0, rgba(outer, glow * (0.75 + 0.25 * this.#loud)));
    haze.addColorStop(0.5, rgba(inner, glow * 0.16));
    haze.addColorStop(1, rgba(inner, 0));
    paint.fillStyle = haze;
    paint.fillRect(-half, -half, 2 * half, 2 * half);
  }

  #waves(half, radius) {
    const { paint } = this;
    for (const { age, strength, outwards } of this.#rings) {
      const way = outwards ? age : 1 - age;
      const alpha = (outwards ? 1 - age : Math.sin(Math.PI * age)) * strength * 0.75;
      paint.beginPath();
      paint.arc(0, 0, radius + (half * 0.98 - radius) * way, 0, 2 * Math.PI);
      paint.strokeStyle = rgba(this.#look.inner, alpha);
      paint.lineWidth = half * 0.012 * (1.4 - way * 0.8);
      paint.stroke();
    }
  }

  #body(radius) {
    const { paint } = this;
    const { inner, outer } = this.#look;
    for (let layer = 0; layer < LAYERS; layer += 1) {
      const depth = layer / (LAYERS - 1);
      const size = radius * (1.09 - 0.16 * depth);
      this.#outline(size, layer);
      const turn = this.#time * 0.6 + layer * 0.9;
      const sheen = paint.createLinearGradient(
        -size * Math.cos(turn), -size * Math.sin(turn), size * Math.cos(turn), size * Math.sin(turn),
      );
      sheen.addColorStop(0, rgba(inner, 0.2 + 0.5 * depth));
      sheen.addColorStop(0.55, rgba(outer, 0.32 + 0.34 * depth));
      sheen.addColorStop(1, rgba(outer.map((part) => part * 0.6), 0.3 + 0.4 * depth));
      paint.fillStyle = sheen;
      paint.fill();
    }
    paint.globalCompositeOperation = "screen";
    const drift = 0.1 * Math.sin(this.#time * 0.9);
    const light = paint.createRadialGradient(
      -radius * (0.3 + drift), -radius * 0.5, radius * 0.05, -radius * 0.1, -radius * 0.15, radius * 1.05,
    );
    light.addColorStop(0, rgba(inner, 0.62));
    light.addColorStop(0.4, rgba(inner, 0.24));
    light.addColorStop(1, rgba(inner, 0));
    paint.fillStyle = light;
    this.#outline(radius * 0.93, LAYERS - 1);
    paint.fill();
    const rim = paint.createRadialGradient(0, 0, radius * 0.55, 0, 0, radius);
    rim.addColorStop(0, rgba(outer, 0));
    rim.addColorStop(0.82, rgba(outer, 0.05));
    rim.addColorStop(1, rgba(inner, 0.55));
    paint.fillStyle = rim;
    paint.fill();
    paint.globalCompositeOperation = "source-over";
  }

  #outline(radius, layer) {
    const { paint } = this;
    const time = this.#time;
    const lively = this.#look.wobble * (1 + 1.6 * this.#loud * Math.min(1, this.#look.swell * 5));
    paint.beginPath();
    for (let point = 0; point <= POINTS; point += 1) {
      const angle = (point / POINTS) * 2 * Math.PI;
      const wave =
        0.55 * Math.sin(2 * angle + time * 1.3 + layer * 1.1) +
        0.4 * Math.sin(3 * angle - time * 1.9 + layer * 2.3) +
        0.22 * Math.sin(5 * angle + time * 2.7 + layer * 0.7);
      const away = radius * (1 + lively * wave);
      paint.lineTo(away * Math.cos(angle), away * Math.sin(angle));
    }
    paint.closePath();
  }

  #satellites(half, radius, colour = "") {
    const { paint } = this;
    const { orbit, inner } = this.#look;
    if (orbit < 0.03) return;
    for (let one = 0; one < 3; one += 1) {
      const angle = this.#spin * 2.1 + (one * 2 * Math.PI) / 3;
      const away = radius * (1.42 + 0.1 * Math.sin(this.#spin * 3 + one * 2)) * (0.6 + 0.4 * orbit);
      for (let trail = 0; trail < 9; trail += 1) {
        const back = angle - trail * 0.075;
        paint.beginPath();
        paint.arc(away * Math.cos(back), away * Math.sin(back), half * 0.034 * (1 - trail / 11), 0, 2 * Math.PI);
        paint.fillStyle = colour || rgba(inner, orbit * (0.95 - trail * 0.105));
        paint.fill();
        if (colour) break;
      }
    }
  }

  /** A sign for what colour alone would say. */
  #sign(radius) {
    const { paint } = this;
    const sign = SIGNS[this.state];
    if (!sign) return;
    const colour = this.contrast === "high" && this.state === "paused" ? "#000" : "rgba(255, 255, 255, 0.95)";
    paint.fillStyle = paint.strokeStyle = colour;
    paint.lineWidth = radius * 0.09;
    paint.lineCap = "round";
    sign(paint, radius);
  }
}
