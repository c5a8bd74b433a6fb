// The operator panel: opened by keys or a long press, where there is one by a PIN; redrawn four times a second.

import { byId, make, say } from "./dom.js";
import { waterfall } from "./waterfall.js";

const PRESS_MS = 1500;
const REDRAW_MS = 250;

export class Operator {
  #timer = 0;
  #known = null; // what the server says only to the operator

  dialog = byId("operator");
  body = byId("operator-body");
  form = byId("unlock");

  /** `facts(known)` gives what is shown: see `draw`. Where it is `locked`, a PIN opens the panel; `words()` are the page's. */
  constructor({ keys, facts, locked, words }) {
    Object.assign(this, { facts, locked, words });
    const wanted = keys.toLowerCase().split("+").map((key) => key.trim());
    addEventListener("keydown", (event) => {
      if (this.#matches(event, wanted)) {
        event.preventDefault();
        this.toggle();
      }
    });
    this.#longPress(byId("title"));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask(byId("pin").value);
      byId("pin").value = "";
    });
    this.dialog.addEventListener("close", () => {
      clearInterval(this.#timer);
      this.#known = null;
      this.form.reset();
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
    this.form.hidden = !this.locked;
    say(byId("unlock-problem"), "");
    this.dialog.showModal();
    if (this.locked) {
      byId("pin").focus();
      return;
    }
    this.#open();
    this.#ask("");
  }

  #open() {
    this.form.hidden = true;
    this.draw();
    this.#timer = setInterval(() => this.draw(), REDRAW_MS);
  }

  /** Get what only the operator may see. */
  async #ask(pin) {
    const { op } = this.words();
    let problem = op.down;
    try {
      const body = JSON.stringify({ pin });
      const answer = await fetch("operator", { method: "POST", headers: { "content-type": "application/json" }, body });
      if (answer.ok) this.#known = await answer.json();
      if (answer.status === 401) problem = op.pinWrong;
      if (answer.status === 429) problem = op.pinWait(answer.headers.get("retry-after"));
    } catch {
      // the server is not there
    }
    if (this.#known === null) say(byId("unlock-problem"), problem);
    else if (this.dialog.open && this.locked) this.#open();
  }

  draw() {
    const { words, sections, levels, latencies, notices } = this.facts(this.#known);
    const lines = notices.map((text) => make("li", {}, text));
    this.body.replaceChildren(
      ...Object.entries(sections).map(([title, rows]) => section("", title, facts(rows))),
      section("", words.levels, ...levels.flatMap(([name, dbfs]) => level(name, dbfs))),
      section("wide", words.latency, waterfall(latencies, words)),
      ...(lines.length > 0 ? [section("wide", words.notices, make("ul", {}, ...lines))] : []),
    );
  }
}

function section(className, title, ...content) {
  return make("section", { className }, make("h3", {}, title), ...content);
}

function facts(rows) {
  const list = make("dl");
  for (const [name, value] of rows) list.append(make("dt", {}, name), make("dd", {}, String(value)));
  return list;
}

function level(name, dbfs) {
  const shown = `${name}: ${dbfs > -95 ? `${Math.round(dbfs)} dBFS` : "–"}`;
  const meter = make("meter", { min: -80, max: 0, value: Math.max(-80, dbfs), ariaLabel: name });
  return [make("p", {}, shown), meter];
}
