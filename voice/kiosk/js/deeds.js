// What the assistant does besides talking: a line for each tool in the conversation, and the timers that run.

import { make, say } from "./dom.js";

const TICK_MS = 500;
const MOST = 300; // characters of a result that are shown

/** JSON for people: without its signs. */
const brief = (json) => json.replace(/[{}[\]"\\]/g, "");

/** A tool in the conversation: its name, what it was asked, and what came of it; a tap opens the whole. */
export class DeedRow {
  constructor() {
    this.parts = ["name", "asked", "outcome", "result"].map((className) => make("span", { className }));
    this.element = make("li", {}, make("details", {}, make("summary", {}, ...this.parts)));
  }

  show({ text, arguments: asked, state, result }, words) {
    const shown = [words.tools[text] ?? text.replaceAll("_", " "), brief(asked), words.toolStates[state], result.slice(0, MOST)];
    this.parts.forEach((part, at) => say(part, shown[at]));
    this.element.dataset.state = state;
  }
}

const two = (number) => String(number).padStart(2, "0");

/** A time left as m:ss or h:mm:ss; that of an alarm as when it rings. */
function time({ kind, rings }, htmlLang) {
  const left = Math.max(0, rings - performance.now());
  if (kind !== "timer") return new Date(Date.now() + left).toLocaleTimeString(htmlLang, { hour: "numeric", minute: "2-digit" });
  const seconds = Math.ceil(left / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts[0] > 0 ? `${parts[0]}:${two(parts[1])}:${two(parts[2])}` : `${parts[1]}:${two(parts[2])}`;
}

export class TimerStrip {
  #shown = [];
  #words = null;

  /** `cancel(number)` when one is tapped. */
  constructor(list, cancel) {
    Object.assign(this, { list, cancel });
    setInterval(() => this.#tick(), TICK_MS);
  }

  show(timers, words) {
    if (timers === this.#shown && words.htmlLang === this.#words?.htmlLang) return;
    this.#shown = timers;
    this.#words = words;
    this.list.hidden = timers.length === 0;
    this.list.replaceChildren(...timers.map((timer) => this.#chip(timer)));
    this.#tick();
  }

  #chip({ number, kind, label }) {
    const name = label || this.#words.kinds[kind];
    const does = { type: "button", title: this.#words.cancelTimer(name), onclick: () => this.cancel(number) };
    return make("li", {}, make("button", does, make("span", {}, name), make("time"), "✕"));
  }

  #tick() {
    this.#shown.forEach((timer, at) => say(this.list.children[at].querySelector("time"), time(timer, this.#words.htmlLang)));
  }
}
