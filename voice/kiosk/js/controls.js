// The three keys: Talk or Done, Stop, and Mute.

import { byId, say } from "./dom.js";

const REPLYING = ["thinking", "speaking", "paused"];

/** What the middle key does now: `talk`, also over a reply, or `done`. */
export function meaning({ microphone, state }) {
  return microphone.open && !microphone.muted && !REPLYING.includes(state) ? "done" : "talk";
}

export class Controls {
  /** `begin()` starts a visit if there is none; `hears()` says whether speech of the language is understood. */
  constructor(talk, { begin, hears }) {
    Object.assign(this, { talk, hears });
    this.talkKey = byId("talk");
    this.talkKey.addEventListener("click", () => {
      begin();
      if (meaning(talk) === "talk") this.#talk();
      else this.#done();
    });
    byId("stop").addEventListener("click", () => talk.interrupt());
    byId("mute").addEventListener("click", () => talk.mute(!talk.microphone.muted));
  }

  #talk() {
    const { talk } = this;
    if (REPLYING.includes(talk.state)) talk.interrupt();
    if (!talk.microphone.open) talk.listen();
    else if (talk.microphone.muted) talk.mute(false);
  }

  /** The question is complete; where none was begun, the microphone is closed. */
  #done() {
    const { talk } = this;
    if (talk.state === "listening") talk.finishSpeaking();
    else talk.rest();
  }

  show(words) {
    const { talk } = this;
    const does = meaning(talk);
    this.talkKey.dataset.does = does;
    say(byId("talk-label"), words[does]);
    this.talkKey.disabled = !talk.microphone.open && !this.hears();
    byId("stop").disabled = !REPLYING.includes(talk.state);
    byId("mute").disabled = !talk.microphone.open;
    byId("mute").ariaPressed = talk.microphone.muted;
  }
}
