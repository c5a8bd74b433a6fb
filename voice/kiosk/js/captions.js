// The conversation on the screen: words as they come, the reply marked along as it is spoken.

import { split, splitAtWord } from "./conversation.js";
import { make, say } from "./dom.js";

const PARTS = { person: ["stable", "coming"], reply: ["said", "unsaid"] };

export class Captions {
  #rows = new Map();

  constructor(list) {
    this.list = list;
    this.follows = true; // until somebody scrolls back
    const look = () => {
      this.follows = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    };
    for (const name of ["wheel", "touchmove", "keydown"]) {
      list.addEventListener(name, () => requestAnimationFrame(look), { passive: true });
    }
  }

  show(turns, words) {
    const known = new Set(turns.map((turn) => turn.id));
    for (const [id, row] of this.#rows) {
      if (known.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    const recent = turns.findLastIndex((turn) => turn.who === "person");
    turns.forEach((turn, at) => this.#update(turn, at >= recent, words));
    if (this.follows) this.list.scrollTop = this.list.scrollHeight;
  }

  #update(turn, recent, words) {
    let row = this.#rows.get(turn.id);
    if (!row) {
      const [first, second] = PARTS[turn.who];
      row = make("li", {}, make("span", { className: "who" }), make("span", { className: first }), make("span", { className: second }));
      this.#rows.set(turn.id, row);
      this.list.append(row);
    }
    const [who, first, second] = row.children;
    const [done, rest] = turn.who === "person" ? split(turn.text, turn.stable) : splitAtWord(turn.text, turn.said);
    say(who, turn.who === "person" ? words.you : words.assistant);
    say(first, done);
    say(second, rest);
    row.hidden = turn.text === "";
    row.className = ["turn", turn.who, recent && "recent", turn.over && "over", turn.cut && "cut"].filter(Boolean).join(" ");
  }

  clear() {
    this.list.replaceChildren();
    this.#rows.clear();
    this.follows = true;
  }
}
