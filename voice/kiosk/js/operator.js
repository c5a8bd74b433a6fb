// The operator panel: opened by keys or a long press, redrawn four times a second while it is open.

import { make } from "./dom.js";
import { waterfall } from "./waterfall.js";

const PRESS_MS = 1500;
const REDRAW_MS = 250;

export class Operator {
  #timer = 0;

  /** `facts()` gives what is shown: see `draw`. */
  constructor({ dialog, body, corner, keys, facts }) {
    Object.assign(this, { dialog, body, facts });
    const wanted = keys.toLowerCase().split("+").map((key) => key.trim());
    addEventListener("keydown", (event) => {
      if (this.#matches(event, wanted)) {
        event.preventDefault();
        this.toggle();
      }
    });
    this.#longPress(corner);
    dialog.addEventListener("close", () => {
      clearInterval(this.#timer);
      this.body.replaceChildren();
    });
  }

  #matches(event, wanted) {
    const held = { control: event.ctrlKey, alt: event.altKey, shift: event.shiftKey, meta: event.metaKey };
    const key = wanted.at(-1);
    const modifiers = Object.entries(held).every(([name, down]) => down === wanted.slice(0, -1).includes(name));
    return modifiers && (event.key.toLowerCase() === key || event.code.toLowerCase() === `key${key}`);
  }

  #longPress(corner) {
    let timer = 0;
    corner.addEventListener("pointerdown", () => {
      timer = setTimeout(() => this.toggle(), PRESS_MS);
    });
    for (const name of ["pointerup", "pointerleave", "pointercancel"]) corner.addEventListener(name, () => clearTimeout(timer));
    corner.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  toggle() {
    if (this.dialog.open) {
      this.dialog.close();
      return;
    }
    this.draw();
    this.dialog.showModal();
    this.#timer = setInterval(() => this.draw(), REDRAW_MS);
  }

  draw() {
    const { words, sections, levels, latencies, notices } = this.facts();
    const parts = Object.entries(sections).map(([title, rows]) => section(title, facts(rows)));
    parts.push(section(words.levels, ...levels.flatMap(([name, dbfs]) => level(name, dbfs))));
    parts.push(section(words.latency, waterfall(latencies, words)));
    parts.at(-1).classList.add("wide");
    if (notices.length > 0) {
      parts.push(section(words.notices, make("ul", {}, ...notices.map(({ text }) => make("li", {}, text)))));
      parts.at(-1).classList.add("wide");
    }
    this.body.replaceChildren(...parts);
  }
}

function section(title, ...content) {
  return make("section", {}, make("h3", {}, title), ...content);
}

function facts(rows) {
  const list = make("dl");
  for (const [name, value] of rows) list.append(make("dt", {}, name), make("dd", {}, String(value)));
  return list;
}

function level(name, dbfs) {
  const shown = `${name}: ${dbfs > -95 ? `${Math.round(dbfs)} dBFS` : "–"}`;
  const meter = make("meter", { min: -80, max: 0, value: Math.max(-80, dbfs), attributes: { "aria-label": name } });
  return [make("p", {}, shown), meter];
}
