// What the kiosk and the page of a household share: the words, the shape, the keys, and what is said about trouble.

import { Captions } from "./captions.js";
import { Controls } from "./controls.js";
import { byId, make, say, translate } from "./dom.js";
import { Preferences } from "./preferences.js";
import { Shape } from "./shape.js";
import { STRINGS } from "./strings.js";

const NOTICE_MS = 8000;
const SETTLED_MS = 600; // before a state reaches a screen reader
const root = document.documentElement;

/**
 * A page overrides `begin()` (a person is about to speak or ask), `alive()` (there was input), `talking` (whether what
 * was said is shown) and `translated()` (words of its own).
 */
export class Stage {
  #notice = { name: "", until: 0 };
  #wasGone = false;
  #told = {};

  /** `own` are the words that only this page has, `rows` what it shows of a conversation besides; see Captions. */
  constructor(settings, talk, own, rows) {
    Object.assign(this, { settings, talk });
    this.captions = new Captions(byId("turns"), settings, rows);
    this.shape = new Shape(byId("shape"));
    this.controls = new Controls(talk, { begin: () => this.begin(), hears: () => this.hears });
    this.preferences = new Preferences(settings.languages, own, () => this.#translate());
    talk.addEventListener("change", () => this.show());
    talk.addEventListener("alive", () => this.alive());
    talk.addEventListener("level", () => this.#level());
    byId("typing").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = byId("question").value.trim();
      byId("question").value = "";
      if (text) this.ask(text);
    });
    byId("size").addEventListener("click", () => this.preferences.grow());
    byId("contrast").addEventListener("click", () => this.preferences.toggleContrast());
    for (const button of document.querySelectorAll("[data-closes]")) {
      button.addEventListener("click", () => button.closest("dialog").close());
    }
    byId("languages").hidden = settings.languages.length < 2;
    for (const language of settings.languages) {
      const { htmlLang: lang, languageName } = STRINGS[language];
      const button = make("button", { type: "button", lang, onclick: () => this.speak(language) }, languageName);
      button.dataset.language = language;
      byId("languages").append(button);
    }
  }

  begin() {}

  alive() {}

  translated() {}

  get talking() {
    return true;
  }

  get hears() {
    return this.settings.hears.includes(this.preferences.language);
  }

  get words() {
    return this.preferences.words;
  }

  ask(text) {
    const chosen = !byId("typing").contains(document.activeElement);
    this.begin();
    this.talk.ask(text);
    if (chosen) byId("talk").focus();
  }

  speak(language) {
    this.preferences.speak(language);
    this.talk.speak(language);
  }

  /** Say something for a while, by the name of a string. */
  notice(name, ms = NOTICE_MS) {
    this.#notice = { name, until: performance.now() + ms };
  }

  async #learn() {
    ({ TOLD: this.#told } = await import("./strings-told.js"));
    this.show();
  }

  #translate() {
    if (!this.preferences) return;
    const { words, language } = this.preferences;
    if (language !== "en") this.#learn().catch(() => {});
    translate(words);
    document.title = this.settings.title || words.pageTitle;
    say(byId("title"), document.title);
    say(byId("greeting"), words.greeting);
    say(byId("hint"), this.hears ? words.hintTalk : words.hintType);
    for (const button of byId("languages").children) {
      button.ariaPressed = button.dataset.language === language;
    }
    const size = `${words.size}: ${words.sizes[this.preferences.size - 1]}`;
    Object.assign(byId("size"), { ariaLabel: size, title: size });
    byId("contrast").ariaPressed = this.preferences.contrast === "high";
    this.shape.contrast = this.preferences.contrast;
    this.translated();
    this.show();
  }

  show() {
    const { talk, words } = this;
    const gone = ["down", "silent"].includes(talk.link);
    const state = this.#state(gone);
    const label = words.states[this.#label(state)];
    const said = talk.conversation.turns.some((turn) => turn.text !== "");
    root.dataset.mode = this.talking && said ? "visit" : "attract"; // until then the suggestions stay
    root.dataset.state = state;
    this.shape.state = state;
    say(byId("state"), label);
    this.#announce(label);
    this.captions.show(talk.conversation.turns, words);
    this.controls.show(words);
    if (this.#wasGone && talk.link === "up") this.notice("serverBack", NOTICE_MS / 2);
    this.#wasGone = gone || (this.#wasGone && talk.link !== "up");
    this.#tell(gone && "serverGone");
  }

  #state(gone) {
    const { talk } = this;
    if (gone) return "trouble";
    return talk.state === "idle" && !talk.microphone.open && talk.trouble.startsWith("microphone") ? "blocked" : talk.state;
  }

  #label(state) {
    const { talk } = this;
    if (talk.link === "connecting") return "connecting";
    if (state === "blocked") return talk.trouble;
    if (state !== "idle" || !talk.microphone.open) return state;
    return talk.microphone.muted ? "muted" : "ready";
  }

  /** What is wrong, else what has happened lately. */
  #tell(gone) {
    clearTimeout(this.noticeTimer);
    const now = performance.now();
    const lately = this.#notice.until > now ? this.#notice.name : "";
    const said = this.talk.conversation.notices.at(-1);
    const name = gone || this.talk.trouble || lately;
    if (lately) this.noticeTimer = setTimeout(() => this.show(), this.#notice.until - now);
    say(byId("notice"), this.words[name] ?? (said?.level === "error" ? this.inWords(said) : ""));
  }

  /** Words for what the server says. */
  get told() {
    return this.#told[this.preferences.language];
  }

  inWords({ code, text }) {
    return this.told?.notes?.[code] ?? text;
  }

  #announce(text) {
    if (text === this.announced) return;
    this.announced = text;
    clearTimeout(this.announceTimer);
    this.announceTimer = setTimeout(() => say(byId("announcer"), text), SETTLED_MS);
  }

  #level() {
    const { talk } = this;
    this.shape.hear(talk.state === "speaking" ? (talk.speaker.last?.dbfs ?? -100) : talk.captured);
  }
}
