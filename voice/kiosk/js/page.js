// The kiosk: everything a visitor sees and touches, from the greeting to the deletion of the conversation.

import { byId, say } from "./dom.js";
import { Idle } from "./idle.js";
import { Operator } from "./operator.js";
import { facts } from "./operator-facts.js";
import { Stage } from "./stage.js";
import { KIOSK } from "./strings-kiosk.js";
import { Suggestions } from "./suggestions.js";
import { Talk } from "./talk.js";

export class Page extends Stage {
  #touched = -Infinity;

  constructor(settings) {
    super(settings, new Talk(), KIOSK);
    this.visiting = false;
    this.suggestions = new Suggestions(
      byId("suggestions"),
      settings.questions,
      (question) => this.ask(question),
      () => this.#attract(),
    );
    this.idle = new Idle({
      idleS: settings.idle_s,
      countdownS: settings.countdown_s,
      busy: () => this.talk.busy && !byId("operator").open,
      counting: (seconds, gone) => this.#count(seconds, gone),
      over: () => this.finish(),
    });
    this.operator = new Operator({
      keys: settings.operator_key,
      facts: (known) => facts(this, known),
      locked: settings.pin,
      words: () => this.words,
    });
    this.#listen();
    this.preferences.reset();
    this.suggestions.start();
    this.talk.connect(this.preferences.language);
  }

  get talking() {
    return this.visiting;
  }

  #listen() {
    byId("finish").addEventListener("click", () => this.finish());
    byId("stay").addEventListener("click", () => this.alive());
    byId("leave").addEventListener("click", () => this.finish());
    byId("leaving").addEventListener("cancel", () => this.alive());
    byId("logo").hidden = !this.settings.logo;
    if (this.settings.logo) byId("logo").src = "logo";
    for (const name of ["pointerdown", "keydown", "wheel"]) {
      addEventListener(name, ({ target }) => target !== byId("leave") && this.alive(), { passive: true });
    }
    addEventListener("pagehide", () => this.talk.realtime.farewell());
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  }

  // A visit

  begin() {
    if (this.visiting) return;
    this.visiting = true;
    this.suggestions.stop();
    this.idle.start();
    this.talk.speak(this.preferences.language);
    this.show();
  }

  /** The visitor has left: clear the screen, end the conversation, start again. */
  finish() {
    this.visiting = false;
    this.idle.stop();
    if (byId("operator").open) this.operator.toggle();
    this.talk.forget();
    this.captions.clear();
    byId("typing").reset();
    this.notice("forgotten");
    this.preferences.reset();
    this.suggestions.start();
    byId("talk").focus();
    this.show();
  }

  speak(language) {
    this.preferences.speak(language);
    if (this.visiting) this.talk.speak(language);
  }

  alive() {
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
    byId("seconds").ariaLabel = this.words.secondsLeft(seconds);
    byId("ring").style.setProperty("--gone", String(100 * gone));
    if (!dialog.open) dialog.showModal();
  }

  // What is seen

  translated() {
    this.suggestions?.show(this.preferences.language, this.words.htmlLang);
  }

  show() {
    byId("finish").hidden = !this.visiting;
    super.show();
  }
}
