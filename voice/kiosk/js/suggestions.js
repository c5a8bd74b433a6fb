// The attract loop: questions to ask, a few at a time, changing language by language while no visitor is there.

import { make } from "./dom.js";

const SHOWN = 4;
const TURN_MS = 9000;

export class Suggestions {
  #at = 0;
  #timer = 0;

  /** `ask(question)` when one is chosen; `turned()` before the next ones are shown. */
  constructor(list, questions, ask, turned) {
    Object.assign(this, { list, questions, ask, turned });
  }

  start() {
    this.#timer ||= setInterval(() => this.#turn(), TURN_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  #turn() {
    if (this.list.matches(":hover, :focus-within")) return; // a visitor is about to choose
    this.#at += SHOWN;
    this.turned();
  }

  show(language, htmlLang) {
    const all = this.questions[language] ?? [];
    const few = all.length <= SHOWN ? all : Array.from({ length: SHOWN }, (_, at) => all[(this.#at + at) % all.length]);
    const rows = few.map((question, at) => {
      const button = make("button", { type: "button", onclick: () => this.ask(question) }, question);
      const row = make("li", { lang: htmlLang }, button);
      row.style.animationDelay = `${at * 70}ms`;
      return row;
    });
    this.list.replaceChildren(...rows);
  }
}
