// The page of a household: a person's conversations, kept, found again, and continued.

import { DeedRow, TimerStrip } from "./deeds.js";
import { byId, make, say, translate } from "./dom.js";
import { Household } from "./household.js";
import { preferred } from "./preferences.js";
import { Stage } from "./stage.js";
import { HOME } from "./strings-home.js";
import { STRINGS } from "./strings.js";
import { Suggestions } from "./suggestions.js";
import { Talk } from "./talk.js";

const SEARCH_MS = 250;
const CHOICES = ["voice", "speed", "persona", "model"];

export class Home extends Stage {
  #current = null; // the id of the conversation
  #asked = null; // what was asked last of the list, so that an older answer changes nothing
  #timer = 0;

  constructor(settings, household) {
    super(settings, new Talk(() => this.#open()), HOME, { deed: () => new DeedRow() });
    this.timers = new TimerStrip(byId("timers"), (number) => this.talk.cancelTimer(number));
    this.household = household;
    this.choices = { speed: 1, ...settings.choices };
    this.suggestions = new Suggestions(byId("suggestions"), settings.questions, (question) => this.ask(question), () => this.translated());
    this.#listen();
    this.preferences.reset(settings.languages.includes(this.choices.language) ? this.choices.language : undefined);
    this.talk.choose(this.choices);
    this.#fillChoices();
    this.suggestions.start();
    this.#begin();
  }

  /** Continue the latest conversation of today, or begin one. */
  async #begin() {
    const [latest] = await this.#list();
    const today = latest && Date.now() / 1000 - latest.used_s < 4 * 3600;
    this.#current = today ? latest.id : null;
    this.talk.connect(this.preferences.language);
  }

  /** What opens the conversation: a new one where none was chosen. */
  async #open() {
    this.#current ??= await this.household.begin({ persona: this.choices.persona ?? "", model: this.choices.model ?? "" });
    const opened = await this.household.open(this.#current);
    if (opened === null) this.#current = null; // it was deleted meanwhile: the next try begins another
    return opened;
  }

  #listen() {
    byId("menu").addEventListener("click", () => this.#showDrawer());
    byId("new").addEventListener("click", () => this.#turnTo(null));
    byId("choose").addEventListener("click", () => byId("choices").showModal());
    byId("search").addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#list(), SEARCH_MS);
    });
    for (const dialog of document.querySelectorAll("dialog")) {
      dialog.addEventListener("click", ({ target, clientX: x, clientY: y }) => {
        const { left, right, top, bottom } = dialog.getBoundingClientRect();
        if (target === dialog && (x < left || x > right || y < top || y > bottom)) dialog.close();
      });
    }
    for (const name of CHOICES) byId(name).addEventListener("change", () => this.#choose(name));
    byId("rename").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#change(() => this.household.rename(this.about, byId("name").value));
    });
    byId("delete").addEventListener("click", () => this.#delete());
    byId("leave").addEventListener("click", async () => {
      await this.household.leave();
      location.reload();
    });
  }

  speak(language) {
    super.speak(language);
    this.#save({ language });
  }

  // The list

  async #list() {
    const asked = (this.#asked = {});
    const found = await this.household.list(byId("search").value);
    if (asked === this.#asked) this.#showList(found);
    return found;
  }

  #showList(found) {
    const text = this.words;
    const when = new Intl.DateTimeFormat(text.htmlLang, { dateStyle: "medium", timeStyle: "short" });
    const rows = found.map(({ id, title, used_s: used }) => {
      const name = title || text.untitled;
      const open = make("button", { type: "button", className: "open", onclick: () => this.#turnTo(id) }, make("span", { className: "name" }, name), make("span", { className: "when" }, when.format(used * 1000)));
      open.ariaCurrent = id === this.#current;
      const more = make("button", { type: "button", className: "tool more", ariaLabel: `${text.more}: ${name}`, onclick: () => this.#showAbout(id, title) }, "⋯");
      return make("li", {}, open, more);
    });
    byId("conversations").replaceChildren(...rows);
    byId("none").hidden = rows.length > 0;
  }

  async #showDrawer() {
    byId("drawer").showModal();
    await this.#list();
  }

  #turnTo(id) {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    if (id !== null && id === this.#current) return;
    if (this.talk.busy) this.talk.interrupt();
    this.#current = id;
    this.captions.clear();
    this.talk.turnTo();
    byId("talk").focus();
  }

  // One conversation

  #showAbout(id, title) {
    this.about = id;
    byId("name").value = title;
    for (const form of ["text", "markdown", "json"]) byId(`as-${form}`).href = this.household.exportAddress(id, form, this.preferences.language);
    say(byId("delete"), this.words.remove);
    byId("delete").dataset.sure = "";
    byId("about").showModal();
  }

  async #change(how) {
    byId("about").close();
    await how();
    await this.#list();
  }

  /** The first press asks, the second deletes. */
  async #delete() {
    const button = byId("delete");
    if (!button.dataset.sure) {
      button.dataset.sure = "yes";
      say(button, this.words.removeNow);
      return;
    }
    const gone = this.about;
    await this.#change(() => this.household.remove(gone));
    if (gone === this.#current) this.#turnTo(null);
  }

  // Choices

  #fillChoices() {
    const { settings, choices } = this;
    const filled = (name, options, chosen) => {
      byId(name).replaceChildren(...options.map(([value, shown]) => make("option", { value, selected: value === (chosen ?? "") }, shown)));
      byId(name).closest("label").hidden = options.length < 2;
    };
    filled("voice", settings.voices.map(({ name, languages }, at) => [at === 0 ? "" : name, `${name} (${languages.join(", ")})`]), choices.voice);
    filled("persona", [["", this.words.usual], ...settings.personas.map((name) => [name, name])], choices.persona);
    filled("model", settings.models.map((name, at) => [at === 0 ? "" : name, name]), choices.model);
    byId("speed").value = String(choices.speed);
    this.#showSpeed();
  }

  #showSpeed() {
    say(byId("speed-now"), `${Number(byId("speed").value).toFixed(1)}×`);
  }

  #choose(name) {
    const { value } = byId(name);
    this.choices[name] = name === "speed" ? Number(value) : value;
    this.#showSpeed();
    if (name === "voice" || name === "speed") this.talk.choose(this.choices);
    this.#save({ [name]: this.choices[name] });
  }

  #save(choice) {
    Object.assign(this.choices, choice);
    this.household.choose(this.choices).catch(() => undefined); // it holds for this visit then
  }

  show() {
    super.show();
    this.timers.show(this.talk.conversation.timers, this.words);
  }

  translated() {
    say(byId("person"), this.words.person(this.settings.person));
    this.suggestions?.show(this.preferences.language, this.words.htmlLang);
  }
}

const root = document.documentElement;
const first = preferred(Object.keys(STRINGS)); // the language as long as the server has not said which ones there are
const words = { ...STRINGS[first], ...HOME[first] };

/** Without a link, or with one that was taken back. */
function refused() {
  root.lang = words.htmlLang;
  document.title = words.pageTitle;
  translate(words);
  root.dataset.mode = "refused";
  byId("refused").hidden = false;
}

/** The page was opened while the server is away; later the stage says so. */
function away() {
  if (begun) return;
  root.dataset.state = "trouble";
  say(byId("state"), words.states.trouble);
  say(byId("notice"), words.serverGone);
}

let begun = false;
const household = new Household({ refused, away });
const settings = await household.enter();
begun = true;
if (settings) new Home(settings, household);
household.installShell();
