// Where the time of each turn went: one bar per turn, one colour per span.

import { make } from "./dom.js";

const TONES = ["#6ea8ff", "#ffa94d", "#ff7b7f", "#7fd6cf", "#7ccb66", "#d09bea", "#e8d96b"];

export const ms = (value) => (Number.isFinite(value) ? `${Math.round(value)} ms` : "–");

export function waterfall(latencies, { none, spans: known, outcomes = {}, rules = {} }) {
  const names = [...new Set(latencies.flatMap(({ spans }) => spans.map(([name]) => name)))];
  if (names.length === 0) return make("p", {}, none);
  const called = (name) => known[name] ?? name.replaceAll("_", " ");
  const tone = (name) => TONES[names.indexOf(name) % TONES.length];
  const longest = Math.max(1, ...latencies.map(({ response_ms: all }) => all ?? 0));
  const legend = make("ul", { className: "legend" });
  for (const name of names) {
    const patch = make("i");
    patch.style.setProperty("--tone", tone(name));
    legend.append(make("li", {}, patch, called(name)));
  }
  const rows = make("div", { className: "fall" });
  for (const { turn, response_ms: total, outcome, rule, spans } of latencies) {
    const bars = make("span", { className: "bars" });
    for (const [name, took] of spans) {
      const bar = make("i", { title: `${called(name)}: ${ms(took)}` });
      bar.style.setProperty("--part", `${(100 * took) / longest}%`);
      bar.style.setProperty("--tone", tone(name));
      bars.append(bar);
    }
    const label = `${turn} · ${[outcomes[outcome] ?? outcome, rule?.replace(/[a-z][a-z ]*[a-z]/g, (words) => rules[words] ?? words)].filter(Boolean).join(" · ")}`;
    rows.append(
      make("span", { className: "label", title: label }, label),
      bars,
      make("span", { className: "total" }, ms(total)),
    );
  }
  return make("div", {}, legend, rows);
}
