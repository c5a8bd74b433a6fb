// The microphone in 20 ms pieces of 16-bit samples at 24 kHz, each with its loudness.

import { Resampler } from "./resampler.js";

const RATE = 24000;
const PIECE = RATE / 50;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, RATE);
    this.#begin();
  }

  #begin() {
    this.piece = new Int16Array(PIECE);
    this.filled = 0;
    this.energy = 0;
  }

  process([input]) {
    if (input.length === 0) return true;
    const mixed = input.length === 1 ? input[0] : input[0].map((left, at) => (left + input[1][at]) / 2);
    for (const sample of this.resampler.push(mixed)) {
      const clipped = Math.max(-1, Math.min(1, sample));
      this.piece[this.filled] = Math.round(clipped * 32767);
      this.energy += clipped * clipped;
      this.filled += 1;
      if (this.filled === PIECE) this.#post();
    }
    return true;
  }

  #post() {
    const dbfs = 10 * Math.log10(this.energy / PIECE + 1e-10);
    this.port.postMessage({ pcm: this.piece.buffer, dbfs }, [this.piece.buffer]);
    this.#begin();
  }
}

registerProcessor("capture", Capture);
