// The page of a household: a person's conversations, kept, found again, and continued.

import { byId, make, say } from "./dom.js";
import { Household } from "./household.js";
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
    super(settings, new Talk(() => this.#open()));
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

  get text() {
    return HOME[this.preferences.language];
  }

  #listen() {
    byId("menu").addEventListener("click", () => this.#showDrawer());
    byId("new").addEventListener("click", () => this.#turnTo(null));
    byId("choose").addEventListener("click", () => byId("choices").showModal());
    byId("search").addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#list(), SEARCH_MS);
    });
    for (const button of document.querySelectorAll("[data-closes]")) {
      button.addEventListener("click", () => button.closest("dialog").close());
    }
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
    const { text, preferences } = this;
    const when = new Intl.DateTimeFormat(preferences.words.htmlLang, { dateStyle: "medium", timeStyle: "short" });
    const rows = found.map(({ id, title, used_s: used }) => {
      const name = title || text.untitled;
      const open = make("button", { type: "button", className: "open", onclick: () => this.#turnTo(id) }, make("span", { className: "name" }, name), make("span", { className: "when" }, when.format(used * 1000)));
      if (id === this.#current) open.setAttribute("aria-current", "true");
      const more = make("button", { type: "button", className: "tool more", onclick: () => this.#showAbout(id, title) }, "⋯");
      more.setAttribute("aria-label", `${text.more}: ${name}`);
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
    say(byId("delete"), this.text.remove);
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
      say(button, this.text.removeNow);
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
    filled("persona", [["", this.text.usual], ...settings.personas.map((name) => [name, name])], choices.persona);
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

  translated() {
    for (const element of document.querySelectorAll("[data-home]")) say(element, this.text[element.dataset.home]);
    for (const element of document.querySelectorAll("[data-home-label]")) {
      element.setAttribute("aria-label", this.text[element.dataset.homeLabel]);
      element.title = this.text[element.dataset.homeLabel];
    }
    byId("search").placeholder = this.text.search;
    say(byId("person"), this.text.person(this.settings.person));
    this.suggestions?.show(this.preferences.language, STRINGS[this.preferences.language].htmlLang);
  }
}

const browsers = navigator.languages.some((tag) => tag.startsWith("zh")) ? "zh" : "en";

/** Without a link, or with one that was taken back. */
function refused() {
  document.documentElement.lang = STRINGS[browsers].htmlLang;
  document.title = STRINGS[browsers].pageTitle;
  say(byId("refused-title"), HOME[browsers].refusedTitle);
  say(byId("refused-text"), HOME[browsers].refusedText);
  document.documentElement.dataset.mode = "refused";
  byId("refused").hidden = false;
}

/** The page was opened while the server is away; later the stage says so. */
function away() {
  if (begun) return;
  document.documentElement.dataset.state = "trouble";
  say(byId("state"), STRINGS[browsers].states.trouble);
  say(byId("notice"), STRINGS[browsers].serverGone);
}

let begun = false;
const household = new Household({ refused, away });
const settings = await household.enter();
begun = true;
if (settings) new Home(settings, household);
household.installShell();
