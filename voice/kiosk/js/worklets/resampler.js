// A streaming polyphase resampler: a Kaiser-windowed sinc, cut off at the lower of the two Nyquist frequencies.

const HALF = 16;
const BETA = 8;

function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 24; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a, b) {
  return b ? greatestCommonDivisor(b, a % b) : a;
}

export class Resampler {
  constructor(from, to) {
    const common = greatestCommonDivisor(from, to);
    this.up = to / common;
    this.down = from / common;
    const cutoff = Math.min(1, to / from) * 0.96;
    this.reach = Math.ceil(HALF / cutoff);
    this.phases = Array.from({ length: this.up }, (_, phase) => this.#kernel(phase / this.up, cutoff));
    this.reset();
  }

  /** Forget what was pushed. */
  reset() {
    this.input = new Float32Array(2 * this.reach);
    this.position = 0; // of the next output, in input samples times `up`, from the first whole window on
  }

  #kernel(fraction, cutoff) {
    const taps = new Float32Array(2 * this.reach);
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap += 1) {
      const x = tap - this.reach + 1 - fraction;
      const inside = 1 - (x / this.reach) ** 2;
      const window = inside <= 0 ? 0 : bessel(BETA * Math.sqrt(inside)) / bessel(BETA);
      const angle = Math.PI * cutoff * x;
      taps[tap] = (Math.abs(angle) < 1e-9 ? 1 : Math.sin(angle) / angle) * window;
      sum += taps[tap];
    }
    return taps.map((tap) => tap / sum);
  }

  /** All output that these further samples allow. */
  push(samples) {
    const input = new Float32Array(this.input.length + samples.length);
    input.set(this.input);
    input.set(samples, this.input.length);
    const width = 2 * this.reach;
    const room = (input.length - width) * this.up - this.position;
    const output = new Float32Array(Math.max(0, Math.ceil(room / this.down)));
    for (let index = 0; index < output.length; index += 1) {
      const taps = this.phases[this.position % this.up];
      const start = Math.floor(this.position / this.up);
      let sum = 0;
      for (let tap = 0; tap < width; tap += 1) sum += taps[tap] * input[start + tap];
      output[index] = sum;
      this.position += this.down;
    }
    const used = Math.min(Math.floor(this.position / this.up), input.length - width);
    this.input = input.slice(used);
    this.position -= used * this.up;
    return output;
  }
}
