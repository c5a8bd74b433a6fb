// One visitor's conversation: microphone and speaker on this side, the server on the other. Knows nothing of the page.

import { decode, encode } from "./base64.js";
import { Conversation } from "./conversation.js";
import { Kept } from "./kept.js";
import { Microphone, reason } from "./microphone.js";
import { Realtime } from "./realtime.js";
import { Speaker } from "./speaker.js";

const HELLO = "hello";
const REPORT_MS = 100;
const BUSY = new Set(["listening", "thinking", "speaking", "paused"]);

/** Emits "change" when the display must be updated, and "alive" when there was input. */
export class Talk extends EventTarget {
  #conversation;
  #kept;
  #remembered; // events of the server while it tells what it remembers
  #sent; // pieces over this connection
  #closed; // turns of the person that need not be sent again
  #item; // whose sound came last
  #told;
  #language = "en";
  #voice = {}; // {voice, speed} where they were chosen

  /** `open()` gives the conversation of a household that is to be opened; see Realtime. */
  constructor(open = null) {
    super();
    this.realtime = new Realtime(open);
    this.realtime.heard = () => this.#conversation.heard;
    this.realtime.addEventListener("up", ({ detail }) => this.#up(detail));
    this.realtime.addEventListener("down", () => this.#down());
    this.realtime.addEventListener("silent", () => this.#link("silent"));
    this.realtime.addEventListener("heard", () => this.#link("up"));
    this.realtime.addEventListener("event", ({ detail }) => this.#take(detail));
    this.microphone = new Microphone((piece) => this.#captured(piece), () => this.#trouble("microphoneLost"));
    this.speaker = new Speaker((report) => this.#played(report));
    this.link = "connecting"; // connecting, up, silent, down
    this.#clear();
  }

  get conversation() {
    return this.#conversation;
  }

  get state() {
    return this.link === "up" ? this.#conversation.state : "idle";
  }

  get busy() {
    return this.link === "up" && BUSY.has(this.#conversation.state);
  }

  get listening() {
    return this.microphone.open && !this.microphone.muted;
  }

  connect(language) {
    this.#language = language;
    return this.realtime.connect();
  }

  speak(language) {
    this.#language = language;
    this.#configure();
  }

  /** Answer in this voice, at this speed; without a name in the configured voice. */
  choose({ voice, speed }) {
    this.#voice = { voice: voice || "alloy", speed };
    this.#configure();
  }

  /** Take the microphone; false, with `trouble` set, where that is impossible. From a tap or a key. */
  async listen() {
    this.#begin();
    if (!navigator.mediaDevices) return this.#trouble("microphoneInsecure");
    try {
      await this.microphone.start();
    } catch (error) {
      return this.#trouble(reason(error));
    }
    return this.#trouble("");
  }

  /** Ask something in writing. From a tap or a key. */
  ask(text) {
    this.#begin();
    if (this.busy) this.interrupt();
    this.#kept.typed(text);
    this.#conversation.awaits(text);
    this.#send(text);
    this.#changed();
  }

  /** The person has said everything: no need to wait for silence. */
  finishSpeaking() {
    this.realtime.send({ type: "input_audio_buffer.commit" });
  }

  /** Be silent now, or stop thinking. */
  interrupt() {
    this.speaker.drop(this.#item);
    this.#report(true);
    this.realtime.send({ type: "output_audio_buffer.clear" });
    this.#changed();
  }

  cancelTimer(number) {
    this.realtime.send({ type: "x.timer.cancel", number });
  }

  mute(muted) {
    this.microphone.muted = muted;
    if (muted) this.#quiet();
    this.#changed();
  }

  /** Close the microphone. */
  rest() {
    this.microphone.stop();
    this.#quiet();
    this.#changed();
  }

  #quiet() {
    this.captured = -100;
    this.realtime.send({ type: "input_audio_buffer.clear" });
  }

  /** Nothing of this visitor remains, here or on the server. */
  forget() {
    this.microphone.stop();
    this.#clear();
    this.realtime.forget();
    this.#changed();
  }

  /** Leave this conversation for the one that `open` gives next. */
  turnTo() {
    this.#clear();
    this.realtime.turn();
    this.#changed();
  }

  #clear() {
    this.speaker.stop();
    this.#conversation = new Conversation();
    this.#kept = new Kept();
    this.#remembered = null;
    this.#closed = 0;
    this.#item = null;
    this.#told = { item: null, ms: -1, at: 0 };
    this.trouble = ""; // the name of a string that says what is wrong on this side
    this.captured = -100;
    if (this.link === "up") this.link = "connecting";
  }

  #begin() {
    this.speaker.start().catch(() => this.#trouble("soundFailed"));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  #link(link) {
    this.link = link;
    this.#changed();
  }

  #trouble(name) {
    this.trouble = name;
    this.#changed();
    return name === "";
  }

  // The connection

  #configure() {
    this.realtime.send({
      type: "session.update",
      event_id: HELLO,
      session: {
        type: "realtime",
        x_levels: true,
        audio: {
          input: { transcription: { language: this.#language }, turn_detection: { type: "semantic_vad" } },
          output: this.#voice,
        },
      },
    });
  }

  #up({ resumed }) {
    this.#remembered = resumed ? [] : null;
    this.#configure();
    this.synchronizing = true;
  }

  #down() {
    this.speaker.drop(this.#item);
    this.#kept.broke();
    this.#link("down");
  }

  /** The server has told what it remembers: send what it missed. */
  #synchronized() {
    this.synchronizing = false;
    const remembered = this.#remembered?.filter(({ item }) => item?.role === "user").length ?? 0;
    const again = this.#kept.again(this.#remembered !== null && remembered > this.#closed);
    if (this.#remembered) this.#conversation.replaceBy(this.#remembered);
    this.#remembered = null;
    this.#closed = this.#conversation.persons;
    this.#sent = 0;
    for (const piece of again.pieces) this.#append(piece);
    if (again.text) this.ask(again.text);
    this.#link("up");
  }

  #take(event) {
    const hello = event.type === "session.updated" || (event.type === "error" && event.error.event_id === HELLO);
    if (this.synchronizing && (hello || event.type === "response.created")) this.#synchronized();
    if (this.synchronizing) {
      if (["conversation.item.done", "x.tool"].includes(event.type)) this.#remembered?.push(event);
      else if (event.type === "x.timers") this.#conversation.take(event);
      return;
    }
    const seen = this.#conversation.take(event);
    SOUND[event.type]?.call(this, event);
    if (seen) this.#changed();
  }

  #send(text) {
    const content = [{ type: "input_text", text }];
    this.realtime.send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
    this.realtime.send({ type: "response.create" });
  }

  // Sound

  #captured({ pcm, dbfs }) {
    this.captured = dbfs;
    this.dispatchEvent(new Event("level"));
    const linked = this.realtime.up && !this.synchronizing; // a silent server still takes what is sent
    this.#kept.heard(pcm, linked);
    if (linked) this.#append(pcm);
  }

  #append(pcm) {
    this.#sent += 1;
    this.realtime.send({ type: "input_audio_buffer.append", audio: encode(pcm) });
  }

  #played(report) {
    this.dispatchEvent(new Event("level"));
    if (report.item === null) return;
    const passed = performance.now() - this.#told.at;
    if (report.item !== this.#told.item || report.ms !== this.#told.ms) this.#report(!report.playing || passed >= REPORT_MS);
  }

  /** Tell the server how much of the reply was played. */
  #report(now) {
    const { item, ms } = this.speaker.last ?? {};
    if (!now || !item) return;
    this.#told = { item, ms, at: performance.now() };
    this.realtime.send({ type: "x.played", item_id: item, ms: Math.round(ms) });
  }

  stated({ state }) {
    this.#kept.follow(state);
    if (state === "speaking" || state === "idle") this.#closed = this.#conversation.persons;
    if (state === "paused") this.speaker.pause();
    if (state === "speaking") this.speaker.resume();
    if (state !== "idle") this.dispatchEvent(new Event("alive"));
  }

  sounded({ item_id: item, delta }) {
    this.#item = item;
    this.speaker.push(item, decode(delta));
  }

  soundEnded({ item_id: item }) {
    this.speaker.end(item);
  }

  silent({ audio_end_ms: end }) {
    this.#kept.after = this.#sent - Math.floor(end / 20);
  }

  spokeOver() {
    this.speaker.drop(this.#item);
    this.dispatchEvent(new Event("alive"));
  }

  responded({ response }) {
    if (response.status === "cancelled") for (const item of response.output ?? []) this.speaker.drop(item.id);
  }
}

const T = Talk.prototype;
const SOUND = {
  "x.state": T.stated,
  "response.output_audio.delta": T.sounded,
  "response.output_audio.done": T.soundEnded,
  "input_audio_buffer.speech_started": T.spokeOver,
  "input_audio_buffer.speech_stopped": T.silent,
  "response.done": T.responded,
};
