// The conversation on the screen: words as they arrive, and the reply underlined as it is spoken.

import { split, splitAtWord } from "./conversation.js";
import { make, say } from "./dom.js";
import { Rendered } from "./markdown.js";

const NEAR_PX = 80; // so far from its place the list counts as left where it was
const PLACE = 0.7; // how far down the line that is being spoken may stand
const WITHHELD = /\[Blocked\]/g; // what moderation has withheld stands in the log as a mark; visitors read words

export class Captions {
  #rows = new Map();
  #speaking = null; // the row of the reply that is being spoken
  #resized = new ResizeObserver(() => this.#follow());

  /** Without `links` no address in a reply can be followed; `rows` shows others than the person and the reply, by name. */
  constructor(list, { links }, rows = {}) {
    this.list = list;
    this.rows = { person: () => new PersonRow(), reply: () => new ReplyRow(links), ...rows };
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
      this.#resized.unobserve(row.element);
      row.element.remove();
      this.#rows.delete(id);
    }
    const recent = turns.findLastIndex((turn) => turn.who === "person");
    let after = null; // backwards: a tool's row may come before that of a reply which has begun
    for (let at = turns.length - 1; at >= 0; at -= 1) {
      if (turns[at].who in this.rows) after = this.#update(turns[at], after, at >= recent, words);
    }
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
    const line = this.#speaking?.line;
    if (!line) return end;
    const below = line.bottom - list.getBoundingClientRect().top - PLACE * list.clientHeight;
    return Math.max(0, Math.min(end, list.scrollTop + below));
  }

  #update(turn, after, recent, words) {
    let row = this.#rows.get(turn.id);
    if (!row) {
      row = this.rows[turn.who]();
      this.#rows.set(turn.id, row);
      this.list.insertBefore(row.element, after);
      this.#resized.observe(row.element);
      this.follows = true;
    }
    row.show(turn, words);
    row.element.hidden = turn.text === "";
    row.element.className = ["turn", turn.who, recent && "recent", turn.over && "over", turn.cut && "cut"].filter(Boolean).join(" ");
    return row.element;
  }

  clear() {
    for (const { element } of this.#rows.values()) this.#resized.unobserve(element);
    this.list.replaceChildren();
    this.#rows.clear();
    this.#speaking = null;
    this.follows = true;
    /^/.test(""); // a browser keeps the last text in which a pattern was found
  }
}

/** What a person said: words that are certain, and words that may still change. */
class PersonRow {
  constructor() {
    this.parts = ["who", "stable", "coming"].map((className) => make("span", { className }));
    this.element = make("li", {}, ...this.parts);
  }

  show({ text, stable }, words) {
    const [certain, coming] = split(text, stable);
    say(this.parts[0], words.you);
    say(this.parts[1], certain.replace(WITHHELD, "…"));
    say(this.parts[2], coming.replace(WITHHELD, "…"));
  }
}

/** A reply, marked as far as it has been spoken. */
class ReplyRow {
  constructor(links) {
    this.who = make("span", { className: "who" });
    this.stopped = make("span", { className: "stopped" });
    const body = make("div", { className: "body" });
    this.rendered = new Rendered(body, { links });
    this.element = make("li", {}, this.who, body);
  }

  show({ text, said, cut }, words) {
    const [spoken, rest] = splitAtWord(text, said).map((part) => part.replace(WITHHELD, words.withheld));
    say(this.who, words.assistant);
    say(this.stopped, words.stoppedHere);
    this.rendered.show(spoken + rest, spoken.length, cut ? this.stopped : null);
  }

  get line() {
    return this.rendered.line;
  }
}
