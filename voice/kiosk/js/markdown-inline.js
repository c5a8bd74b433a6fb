// Markdown within a line: bold, code, links. Built of DOM nodes, never HTML; every piece of text knows its place in the source.

import { make, say } from "./dom.js";

const LONGEST = 4000; // a longer paragraph is shown as it is: each sign in it is searched for to its end
const DEEPEST = 6;

/** The address as a browser writes it, if it is one of the web. */
export function webAddress(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url && ["http:", "https:"].includes(url.protocol) ? url.href : null;
}

/** A piece of text with its place in the source, in two spans: what has been spoken, and the rest. */
export class Leaf {
  constructor(text, at) {
    Object.assign(this, { text, at });
    this.spans = [make("span", { className: "said" }), make("span", { className: "unsaid" }, text)];
  }

  mark(end) {
    const cut = Math.max(0, Math.min(this.text.length, end - this.at));
    say(this.spans[0], this.text.slice(0, cut));
    say(this.spans[1], this.text.slice(cut));
  }
}

const between = (text) => make("span", { className: "unsaid" }, text);
const letter = (character) => /[\p{L}\p{N}]/u.test(character ?? " ");

/** Inside a word an underscore is an underscore. */
function insideWord({ 0: whole, 1: mark, index }, text) {
  return mark[0] === "_" && (letter(text[index - 1]) || letter(text[index + whole.length]));
}

const wrapped = (tag) => (to, match, text) => (insideWord(match, text) ? null : [make(tag, {}, ...to.inner(match, 2))]);
const address = (to, match) => to.link(match[1], to.raw(match, 1));

/** Signs: their form, and what is made of a match. */
const FORMS = [
  [/\\([!-/:-@[-`{-~])/dy, (to, match) => to.raw(match, 1)],
  [/(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)/dy, (to, match) => [make("code", {}, ...to.raw(match, 2))]],
  [/(\*\*|__)(?=\S)([\s\S]*?[^\s\\])\1(?![*_])/dy, wrapped("strong")],
  [/([*_])(?![*_\s])([\s\S]*?[^\s\\*_])\1(?!\1)/dy, wrapped("em")],
  [/(~~)(?=\S)([\s\S]*?\S)~~/dy, wrapped("s")],
  [/!\[([^\]\n]*)\]\([^)\n]*\)/dy, (to, match) => to.raw(match, 1)], // a picture may lie on another host: its text
  [/\[([^[\]\n]+)\]\(([^\s()]+)(?:[ \t]+"[^"\n]*")?\)/dy, (to, match) => to.link(match[2], to.inner(match, 1), () => to.raw(match, 2))],
  [/<(https?:\/\/[^\s<>]+)>/dy, address],
  [/(https?:\/\/[^\s<>"'`*，。！？；：）]*[^\s<>"'`*.,;:!?)\]}，。！？；：）])/dy, address],
];
const FIRSTS = /[\\`*_~[!<h]/;

/** Writes paragraphs as elements; `leaves` are what it has written. Without `links` an address is text. */
export class Inline {
  leaves = [];
  #place = (index) => index;
  #depth = 0;

  constructor(links) {
    this.links = links;
  }

  leaf(text, at) {
    if (text === "") return [];
    this.leaves.push(new Leaf(text, at));
    return this.leaves.at(-1).spans;
  }

  /** Nodes for lines {text, at}. */
  paragraph(lines) {
    return lines.length === 1 ? this.write(lines[0].text, (index) => lines[0].at + index) : this.#joined(lines);
  }

  #joined(lines) {
    const starts = [];
    let from = 0;
    for (const { text, at } of lines) {
      starts.push({ from, at });
      from += text.length + 1;
    }
    const text = lines.map((line) => line.text).join("\n");
    return this.write(text, (index) => {
      const line = starts.findLast((start) => start.from <= index);
      return line.at + index - line.from;
    });
  }

  /** Nodes for a text, whose unit `index` stands at `place(index)` in the source. */
  write(text, place) {
    const outer = this.#place;
    this.#place = place;
    this.#depth += 1;
    const nodes = [];
    let plain = 0;
    for (let index = 0; index < text.length; ) {
      const found = text.length <= LONGEST && this.#depth < DEEPEST && FIRSTS.test(text[index]) ? this.#sign(text, index) : null;
      if (found) {
        nodes.push(...this.#plain(text, plain, index).concat(found.nodes));
        plain = index + found.length;
      }
      index += found?.length ?? 1;
    }
    nodes.push(...this.#plain(text, plain, text.length));
    this.#depth -= 1;
    this.#place = outer;
    return nodes;
  }

  /** The text between signs, each of its lines a leaf. */
  #plain(text, from, end) {
    const nodes = [];
    for (const { 0: line, index } of text.slice(from, end).matchAll(/\n|[^\n]+/g)) {
      nodes.push(...(line === "\n" ? [make("br")] : this.leaf(line, this.#place(from + index))));
    }
    return nodes;
  }

  #sign(text, index) {
    for (const [form, nodesOf] of FORMS) {
      form.lastIndex = index;
      const match = form.exec(text);
      const nodes = match && nodesOf(this, match, text);
      if (nodes) return { nodes, length: match[0].length };
    }
    return null;
  }

  /** The nodes of a group of a match, whose own signs count. */
  inner(match, group) {
    const place = this.#place;
    const [from] = match.indices[group];
    return this.write(match[group], (index) => place(from + index));
  }

  /** The same as it stands there. */
  raw(match, group) {
    return this.leaf(match[group], this.#place(match.indices[group][0]));
  }

  /** A link with `shown` as its text; where it cannot be followed, `plain()` gives the address. */
  link(to, shown, plain = () => []) {
    const href = webAddress(to);
    if (href && this.links) return [make("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...shown)];
    const rest = href ? plain() : [];
    return rest.length > 0 ? [...shown, between(" ("), ...rest, between(")")] : shown;
  }
}
