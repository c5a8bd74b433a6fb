// The conversation on the screen: words as they arrive, and the reply underlined as it is spoken.

import { split, splitAtWord } from "./conversation.js";
import { make, say } from "./dom.js";

const NEAR_PX = 80; // so far from its place the list counts as left where it was
const PLACE = 0.7; // how far down the line that is being spoken may stand
const WITHHELD = "[Blocked]";
const PARTS = { person: ["stable", "coming"], reply: ["said", "unsaid"] };

export class Captions {
  #rows = new Map();
  #speaking = null; // the row of the reply that is being spoken
  #resized = new ResizeObserver(() => this.#follow());

  constructor(list) {
    this.list = list;
    this.follows = true; // until the visitor scrolls away, and again from the next turn on
    const look = () => {
      this.follows = Math.abs(list.scrollTop - this.#place()) < NEAR_PX;
    };
    this.#resized.observe(list);
    for (const name of ["wheel", "touchmove", "keydown"]) {
      list.addEventListener(name, () => requestAnimationFrame(look), { passive: true });
    }
  }

  show(turns, words) {
    const known = new Set(turns.map((turn) => turn.id));
    for (const [id, row] of this.#rows) {
      if (known.has(id)) continue;
      this.#resized.unobserve(row);
      row.remove();
      this.#rows.delete(id);
    }
    const recent = turns.findLastIndex((turn) => turn.who === "person");
    turns.forEach((turn, at) => this.#update(turn, at >= recent, words));
    const last = turns.at(-1);
    this.#speaking = last?.who === "reply" && !last.over ? this.#rows.get(last.id) : null;
    this.#follow();
  }

  #follow() {
    if (this.follows) this.list.scrollTop = this.#place();
  }

  /** Where the list belongs: at its end, or where the line that is being spoken can be seen. */
  #place() {
    const { list } = this;
    const end = list.scrollHeight - list.clientHeight;
    const line = this.#speaking?.lastChild.getClientRects()[0];
    if (!line) return end;
    const below = line.bottom - list.getBoundingClientRect().top - PLACE * list.clientHeight;
    return Math.max(0, Math.min(end, list.scrollTop + below));
  }

  #update(turn, recent, words) {
    let row = this.#rows.get(turn.id);
    if (!row) {
      const [first, second] = PARTS[turn.who];
      row = make("li", {}, make("span", { className: "who" }), make("span", { className: first }), make("span", { className: second }));
      this.#rows.set(turn.id, row);
      this.list.append(row);
      this.#resized.observe(row);
      this.follows = true;
    }
    const [who, first, second] = row.children;
    const [done, rest] = turn.who === "person" ? split(turn.text, turn.stable) : splitAtWord(turn.text, turn.said);
    say(who, turn.who === "person" ? words.you : words.assistant);
    // What moderation has withheld stands in the log as a mark; visitors read words.
    const instead = turn.who === "person" ? "…" : words.withheld;
    say(first, done.replaceAll(WITHHELD, instead));
    say(second, rest.replaceAll(WITHHELD, instead));
    row.hidden = turn.text === "";
    row.className = ["turn", turn.who, recent && "recent", turn.over && "over", turn.cut && "cut"].filter(Boolean).join(" ");
  }

  clear() {
    for (const row of this.#rows.values()) this.#resized.unobserve(row);
    this.list.replaceChildren();
    this.#rows.clear();
    this.#speaking = null;
    this.follows = true;
  }
}
