// The page: everything a visitor sees and touches, from the greeting to the deletion of the conversation.

import { Captions } from "./captions.js";
import { Controls } from "./controls.js";
import { byId, make, say, translate } from "./dom.js";
import { Idle } from "./idle.js";
import { Operator } from "./operator.js";
import { facts } from "./operator-facts.js";
import { Preferences } from "./preferences.js";
import { Shape } from "./shape.js";
import { STRINGS } from "./strings.js";
import { Suggestions } from "./suggestions.js";
import { Talk } from "./talk.js";

const NOTICE_MS = 8000;
const SETTLED_MS = 600; // a state that lasts this long is announced to a screen reader
const root = document.documentElement;

export class Page {
  #notice = { name: "", until: 0 };
  #wasGone = false;
  #touched = -Infinity;

  constructor(settings) {
    this.settings = settings;
    this.visiting = false;
    this.talk = new Talk();
    this.captions = new Captions(byId("turns"), settings);
    this.shape = new Shape(byId("shape"));
    this.preferences = new Preferences(settings.languages, () => this.#translate());
    this.suggestions = new Suggestions(
      byId("suggestions"),
      settings.questions,
      (question) => this.#ask(question),
      () => this.#attract(),
    );
    this.idle = new Idle({
      idleS: settings.idle_s,
      countdownS: settings.countdown_s,
      busy: () => this.talk.busy && !byId("operator").open,
      counting: (seconds, gone) => this.#count(seconds, gone),
      over: () => this.finish(),
    });
    this.controls = new Controls(this.talk, { begin: () => this.#begin(), hears: () => this.#hears });
    this.operator = new Operator({
      dialog: byId("operator"),
      body: byId("operator-body"),
      corner: byId("title"),
      keys: settings.operator_key,
      facts: (known) => facts(this.talk, known, this.preferences.words),
      locked: settings.pin,
      words: () => this.preferences.words,
    });
    this.#listen();
    this.preferences.reset();
    this.suggestions.start();
    this.talk.connect(this.preferences.language);
  }

  get #hears() {
    return this.settings.hears.includes(this.preferences.language);
  }

  #listen() {
    const { talk } = this;
    talk.addEventListener("change", () => this.#show());
    talk.addEventListener("alive", () => this.#alive());
    talk.addEventListener("level", () => this.#level());
    byId("typing").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = byId("question").value.trim();
      byId("question").value = "";
      if (text) this.#ask(text);
    });
    byId("size").addEventListener("click", () => this.preferences.grow());
    byId("contrast").addEventListener("click", () => this.preferences.toggleContrast());
    byId("finish").addEventListener("click", () => this.finish());
    byId("stay").addEventListener("click", () => this.#alive());
    byId("leave").addEventListener("click", () => this.finish());
    byId("leaving").addEventListener("cancel", () => this.#alive());
    byId("operator-close").addEventListener("click", () => this.operator.toggle());
    byId("logo").hidden = !this.settings.logo;
    if (this.settings.logo) byId("logo").src = "logo";
    for (const name of ["pointerdown", "keydown", "wheel"]) {
      addEventListener(name, ({ target }) => target !== byId("leave") && this.#alive(), { passive: true });
    }
    addEventListener("pagehide", () => talk.realtime.farewell());
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
    if (this.settings.languages.length > 1) {
      for (const language of this.settings.languages) {
        const { htmlLang, languageName } = STRINGS[language];
        const button = make("button", { type: "button", lang: htmlLang, onclick: () => this.#speak(language) }, languageName);
        button.dataset.language = language;
        byId("languages").append(button);
      }
    } else byId("languages").hidden = true;
  }

  // A visit

  #begin() {
    if (this.visiting) return;
    this.visiting = true;
    this.suggestions.stop();
    this.idle.start();
    this.talk.speak(this.preferences.language);
    this.#show();
  }

  #ask(text) {
    const chosen = !byId("typing").contains(document.activeElement);
    this.#begin();
    this.talk.ask(text);
    if (chosen) byId("talk").focus();
  }

  /** The visitor has left: clear the screen, end the conversation, start again. */
  finish() {
    this.visiting = false;
    this.idle.stop();
    if (byId("operator").open) this.operator.toggle();
    this.talk.forget();
    this.captions.clear();
    byId("typing").reset();
    this.#notice = { name: "forgotten", until: performance.now() + NOTICE_MS };
    this.preferences.reset();
    this.suggestions.start();
    byId("talk").focus();
    this.#show();
  }

  #speak(language) {
    this.preferences.speak(language);
    if (this.visiting) this.talk.speak(language);
  }

  #alive() {
    this.#touched = performance.now();
    if (this.visiting) this.idle.touch();
  }

  /** No visitor: show other questions, in the next language, unless there was a touch recently. */
  #attract() {
    const { words, language, languages } = this.preferences;
    if (performance.now() - this.#touched < 1000 * this.settings.idle_s) this.suggestions.show(language, words.htmlLang);
    else this.preferences.reset(languages[(languages.indexOf(language) + 1) % languages.length]);
  }

  #count(seconds, gone) {
    const dialog = byId("leaving");
    if (seconds === null) {
      if (dialog.open) dialog.close();
      return;
    }
    say(byId("seconds"), String(seconds));
    byId("seconds").setAttribute("aria-label", this.preferences.words.secondsLeft(seconds));
    byId("ring").style.setProperty("--gone", String(100 * gone));
    if (!dialog.open) dialog.showModal();
  }

  // What is seen

  #translate() {
    if (!this.preferences) return;
    const { words, language } = this.preferences;
    translate(words);
    document.title = this.settings.title || words.pageTitle;
    say(byId("title"), document.title);
    say(byId("greeting"), words.greeting);
    say(byId("hint"), this.#hears ? words.hintTalk : words.hintType);
    for (const button of byId("languages").children) {
      button.setAttribute("aria-pressed", String(button.dataset.language === language));
    }
    const size = `${words.size}: ${words.sizes[this.preferences.size - 1]}`;
    byId("size").setAttribute("aria-label", size);
    byId("size").title = size;
    byId("contrast").setAttribute("aria-pressed", String(this.preferences.contrast === "high"));
    this.shape.contrast = this.preferences.contrast;
    this.suggestions.show(language, words.htmlLang);
    this.#show();
  }

  #show() {
    const { talk } = this;
    const { words } = this.preferences;
    const gone = talk.link === "down" || talk.link === "silent";
    const state = this.#state(gone);
    const label = words.states[this.#label(state)];
    const said = talk.conversation.turns.some((turn) => turn.text !== "");
    root.dataset.mode = this.visiting && said ? "visit" : "attract"; // until then the suggestions stay
    root.dataset.state = state;
    this.shape.state = state;
    say(byId("state"), label);
    this.#announce(label);
    byId("finish").hidden = !this.visiting;
    this.captions.show(talk.conversation.turns, words);
    this.controls.show(words);
    if (this.#wasGone && talk.link === "up") this.#notice = { name: "serverBack", until: performance.now() + NOTICE_MS / 2 };
    this.#wasGone = gone || (this.#wasGone && talk.link !== "up");
    this.#tell(gone ? "serverGone" : "");
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
    const { words } = this.preferences;
    clearTimeout(this.noticeTimer);
    const now = performance.now();
    const lately = this.#notice.until > now ? this.#notice.name : "";
    const said = this.talk.conversation.notices.at(-1);
    const name = gone || this.talk.trouble || lately;
    if (lately) this.noticeTimer = setTimeout(() => this.#show(), this.#notice.until - now);
    say(byId("notice"), name ? words[name] : said?.level === "error" ? said.text : "");
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
