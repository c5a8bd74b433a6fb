// The three buttons: their label and action in each state.

import { byId, say } from "./dom.js";

/** What the middle key means now. */
export function meaning(talk) {
  if (!talk.microphone.open) return talk.state === "speaking" || talk.state === "thinking" ? talk.state : "off";
  if (talk.microphone.muted) return "muted";
  if (talk.state === "paused") return "listening";
  return talk.state === "idle" || talk.state === "trouble" ? "ready" : talk.state;
}

export class Controls {
  /** `begin(how)` starts a visit if there is none; `hears()` whether speech of the language is understood. */
  constructor(talk, { begin, hears }) {
    Object.assign(this, { talk, hears });
    this.talkKey = byId("talk");
    this.talkKey.addEventListener("click", () => {
      begin();
      this.#press(meaning(talk));
    });
    byId("stop").addEventListener("click", () => talk.interrupt());
    byId("mute").addEventListener("click", () => talk.mute(!talk.microphone.muted));
  }

  #press(now) {
    const { talk } = this;
    if (now === "off") talk.listen();
    else if (now === "muted") talk.mute(false);
    else if (now === "listening") talk.finishSpeaking();
    else if (now !== "ready") talk.interrupt();
  }

  show(words) {
    const { talk } = this;
    const now = meaning(talk);
    say(byId("talk-label"), words.talk[now]);
    this.talkKey.disabled = now === "off" && !this.hears();
    byId("stop").disabled = !["thinking", "speaking", "paused"].includes(talk.state);
    byId("mute").disabled = !talk.microphone.open;
    byId("mute").setAttribute("aria-pressed", String(talk.microphone.muted));
  }
}
