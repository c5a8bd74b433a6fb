// Replies as Markdown: paragraphs, lists, tables, code. What has been spoken is marked in what is shown.

import { make } from "./dom.js";
import { Inline } from "./markdown-inline.js";

const DEEPEST = 6;
const FENCE = /^ {0,3}(`{3,}|~{3,})[^`]*$/;
const HEADING = /^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$/d;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^ *(?:[-*+]|(\d{1,9})[.)])(?:[ \t]+|$)/;
const DIVIDER = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const CELL = /(?:\\.|`[^`]*`|[^|\\])+/g;

const blank = ({ text }) => text.trim() === "";
const indent = ({ text }) => text.length - text.trimStart().length;
const without = ({ text, at }, count) => ({ text: text.slice(count), at: at + count });

/** One reply in `element`. Without `links` an address is text. */
export class Rendered {
  #groups = []; // {source, leaves, elements}, in their order

  constructor(element, { links }) {
    Object.assign(this, { element, links });
  }

  /** Show the text, its first `said` UTF-16 units as spoken, and `stopped` behind them. What has not changed stays. */
  show(text, said, stopped = null) {
    const groups = grouped(text);
    const changed = this.#groups.findIndex(({ source }, at) => source !== groups[at]?.source);
    const kept = changed < 0 ? this.#groups.length : changed;
    for (const { elements } of this.#groups.splice(kept)) elements.forEach((element) => element.remove());
    for (const { source, lines } of groups.slice(kept)) {
      const inline = new Inline(this.links);
      const elements = blocks(inline, lines, 0);
      this.#groups.push({ source, elements, leaves: inline.leaves });
      this.element.append(...elements);
    }
    for (const { leaves } of this.#groups) for (const leaf of leaves) leaf.mark(said);
    if (stopped) this.#next?.before(stopped);
  }

  /** Where the next words to be spoken are on the screen; undefined where none are. */
  get line() {
    return this.#next?.getClientRects()[0];
  }

  get #next() {
    return this.#groups.flatMap(({ leaves }) => leaves).find(({ spans }) => spans[1].textContent !== "")?.spans[1];
  }
}

/** Lines {text, at} in groups that can be read alone: blank lines part them, but not within code or a list. */
function grouped(text) {
  const groups = [];
  let at = 0;
  let fence = "";
  let parted = true;
  for (const line of text.split("\n")) {
    const row = { text: line, at };
    if (parted && !fence && !blank(row) && indent(row) === 0 && !ITEM.test(line)) groups.push([]);
    if (groups.length === 0) groups.push([]);
    groups.at(-1).push(row);
    if (fence) fence = line.trim().startsWith(fence) ? "" : fence;
    else fence = FENCE.exec(line)?.[1] ?? "";
    parted = blank(row);
    at += line.length + 1;
  }
  return groups.map((lines) => ({ lines, source: lines.map((row) => row.text).join("\n") }));
}

/** The elements of these lines; `depth` counts the quotes and lists around them. */
function blocks(inline, lines, depth) {
  const elements = [];
  for (let index = 0; index < lines.length; ) {
    if (blank(lines[index])) {
      index += 1;
      continue;
    }
    const [element, count] = block(inline, lines.slice(index), depth);
    elements.push(element());
    index += count;
  }
  return elements;
}

/** The block that begins here: how to make its element, and how many lines it takes. */
function block(inline, lines, depth) {
  const [{ text, at }] = lines;
  const upTo = (ends, from = 1) => {
    const end = lines.findIndex((line, index) => index >= from && ends(line));
    return end < 0 ? lines.length : end;
  };
  const fence = FENCE.exec(text)?.[1];
  if (fence) {
    const end = upTo((line) => line.text.trim().startsWith(fence));
    return [() => code(inline, lines.slice(1, end)), end + 1];
  }
  const heading = HEADING.exec(text);
  if (heading) {
    const from = heading.indices[1][0];
    return [() => make("h3", {}, ...inline.write(heading[1], (index) => at + from + index)), 1];
  }
  if (RULE.test(text)) return [() => make("hr"), 1];
  if (text.includes("|") && lines[1]?.text.includes("|") && DIVIDER.test(lines[1].text)) {
    const end = upTo((line) => !line.text.includes("|"));
    return [() => table(inline, lines.slice(0, end)), end];
  }
  if (depth < DEEPEST && QUOTE.test(text)) {
    const end = upTo((line) => !QUOTE.test(line.text));
    const inside = lines.slice(0, end).map((line) => without(line, QUOTE.exec(line.text)[0].length));
    return [() => make("blockquote", {}, ...blocks(inline, inside, depth + 1)), end];
  }
  if (depth < DEEPEST && ITEM.test(text)) {
    const deeper = (line) => indent(line) > indent(lines[0]);
    const end = upTo((line) => !blank(line) && !deeper(line) && !ITEM.test(line.text));
    return list(inline, lines.slice(0, end), depth);
  }
  const end = upTo((line) => blank(line) || [FENCE, HEADING, RULE, QUOTE, ITEM].some((form) => form.test(line.text)));
  return [() => make("p", {}, ...inline.paragraph(lines.slice(0, end))), end];
}

/** A list takes the lines up to an item of another kind; what is indented belongs to the item above it. */
function list(inline, lines, depth) {
  const outer = indent(lines[0]);
  const number = ITEM.exec(lines[0].text)[1];
  const items = [];
  let count = 0;
  for (const line of lines) {
    const item = indent(line) < outer + 2 && ITEM.exec(line.text);
    if (item && Boolean(item[1]) !== Boolean(number)) break;
    if (item) items.push([without(line, item[0].length)]);
    else items.at(-1).push(without(line, Math.min(indent(line), outer + 2)));
    count += 1;
  }
  const rows = () => items.map((item) => make("li", {}, ...blocks(inline, item, depth + 1)));
  return [() => make(number ? "ol" : "ul", number ? { start: Number(number) } : {}, ...rows()), count];
}

function code(inline, lines) {
  const text = lines.flatMap((line) => inline.leaf(`${line.text}\n`, line.at));
  return make("pre", { tabIndex: 0 }, make("code", {}, ...text));
}

function table(inline, [head, divider, ...rows]) {
  const sides = cells(divider).map(({ text }) => (text.endsWith(":") ? (text.startsWith(":") ? "centre" : "end") : ""));
  const row = (tag) => (line) =>
    make("tr", {}, ...cells(line).map((cell, column) => make(tag, { className: sides[column] ?? "" }, ...inline.paragraph([cell]))));
  const made = make("table", {}, make("thead", {}, row("th")(head)), make("tbody", {}, ...rows.map(row("td"))));
  return make("div", { className: "table", tabIndex: 0 }, made);
}

/** The cells of a row, as lines {text, at}. */
function cells(line) {
  const bare = line.text.replace(/^\s*\||\|\s*$/g, (bar) => " ".repeat(bar.length)).trimEnd();
  return [...bare.matchAll(CELL)].map(({ 0: text, index }) => {
    const cell = without({ text, at: line.at + index }, indent({ text }));
    return { ...cell, text: cell.text.trimEnd() };
  });
}
