// Plays replies through a jitter buffer, fades on pause and drop, and tells exactly how much of each was played.

import { Resampler } from "./resampler.js";

const RATE = 24000;
const AHEAD_S = 0.06; // buffered before a reply starts, and again after it ran dry
const FADE_S = 0.01;
const REPORT_S = 0.05;
const PIECE = RATE / 50;

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    this.step = 1 / (FADE_S * sampleRate);
    this.resampler = new Resampler(RATE, sampleRate);
    this.underruns = 0;
    this.sinceReport = 0;
    this.peak = 0;
    this.#forget();
    this.port.onmessage = ({ data }) => this.#take(data);
  }

  #forget() {
    this.queue = []; // of {item, pushed, samples}, the head being played from `offset` on
    this.offset = 0;
    this.buffered = 0;
    this.item = null;
    this.played = 0;
    this.ended = new Set();
    this.running = false;
    this.paused = false;
    this.dropping = false;
    this.gain = 0;
    this.resampler.reset();
  }

  #take({ type, item, pcm }) {
    if (type === "pause") this.paused = true;
    else if (type === "resume") this.paused = false;
    else if (type === "drop") this.dropping = true;
    else if (this.dropping) this.#forget();
    if (type === "push") this.#push(item, Float32Array.from(pcm, (sample) => sample / 32768));
    if (type === "end") {
      this.#push(item, new Float32Array(2 * this.resampler.reach)); // what the resampler still holds
      this.ended.add(item);
    }
  }

  #push(item, samples) {
    for (let at = 0; at < samples.length; at += PIECE) {
      this.queue.push({ item, pushed: samples.subarray(at, at + PIECE), samples: null });
    }
    this.buffered += (samples.length * sampleRate) / RATE;
  }

  /** What to play from, or null; resampled only now, since a reply comes in a burst and its beginning need not wait. */
  #head() {
    while (this.queue.length > 0) {
      const [head] = this.queue;
      head.samples ??= this.resampler.push(head.pushed);
      if (this.offset < head.samples.length) return head;
      this.queue.shift();
      this.offset = 0;
    }
    return null;
  }

  process(_, [[output, ...others]]) {
    this.#fill(output);
    for (const other of others) other.set(output);
    for (const sample of output) this.peak = Math.max(this.peak, Math.abs(sample));
    this.sinceReport += output.length;
    if (this.sinceReport >= REPORT_S * sampleRate) this.#report();
    return true;
  }

  #fill(output) {
    const silent = this.paused || this.dropping;
    if (!this.running && !silent && this.queue.length > 0) {
      this.running = this.ended.has(this.queue[0].item) || this.buffered >= AHEAD_S * sampleRate;
    }
    for (let at = 0; at < output.length && this.running; at += 1) {
      if (silent && this.gain <= 0) break;
      this.gain = Math.max(0, Math.min(1, this.gain + (silent ? -this.step : this.step)));
      output[at] = this.#next() * this.gain;
    }
    if (this.dropping && (this.gain <= 0 || !this.running)) {
      this.#report();
      this.#forget();
    }
  }

  #next() {
    const head = this.#head();
    if (head === null) {
      this.#ranDry();
      return 0;
    }
    if (head.item !== this.item) {
      this.item = head.item;
      this.played = 0;
    }
    const sample = head.samples[this.offset];
    this.offset += 1;
    this.played += 1;
    this.buffered -= 1;
    if (this.offset === head.samples.length) {
      const following = this.#head();
      if (following === null) this.#ranDry();
      else if (following.item !== this.item) this.#report();
    }
    return sample;
  }

  #ranDry() {
    this.running = false;
    this.gain = 0;
    this.buffered = 0;
    if (!this.ended.has(this.item)) this.underruns += 1;
    this.#report();
  }

  #report() {
    this.sinceReport = 0;
    this.port.postMessage({
      item: this.item,
      ms: (this.played / sampleRate) * 1000,
      bufferedMs: (this.buffered / sampleRate) * 1000,
      playing: this.running && !this.paused && !this.dropping,
      underruns: this.underruns,
      dbfs: 20 * Math.log10(this.peak + 1e-5),
    });
    this.peak = 0;
  }
}

registerProcessor("playback", Playback);
