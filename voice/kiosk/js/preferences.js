// The visitor's preferences: language, text size, contrast. Kept in the page only, until the visitor leaves.

import { STRINGS } from "./strings.js";

const SIZES = 3;
const root = document.documentElement;

/** The first of the browser's languages that the page has, else the owner's first. */
export function preferred(languages) {
  const known = navigator.languages.map((tag) => tag.split("-")[0]).find((language) => languages.includes(language));
  return known ?? languages[0];
}

export class Preferences {
  /** `own` are the words that only this page has. */
  constructor(languages, own, changed) {
    Object.assign(this, { languages, own, changed });
    this.reset();
  }

  get words() {
    return { ...STRINGS[this.language], ...this.own[this.language] };
  }

  /** As for the next visitor. */
  reset(language = preferred(this.languages)) {
    this.language = language;
    this.size = 1;
    this.contrast = matchMedia("(prefers-contrast: more)").matches ? "high" : "normal";
    this.#apply();
  }

  speak(language) {
    this.language = language;
    this.#apply();
  }

  grow() {
    this.size = (this.size % SIZES) + 1;
    this.#apply();
  }

  toggleContrast() {
    this.contrast = this.contrast === "high" ? "normal" : "high";
    this.#apply();
  }

  #apply() {
    root.lang = this.words.htmlLang;
    root.dataset.size = this.size;
    root.dataset.contrast = this.contrast;
    this.changed();
  }
}
