// Detects that a visitor has left: a time without input, with a countdown at its end.

const TICK_MS = 200;

export class Idle {
  #last = 0;
  #timer = 0;

  /** `counting(seconds, share)` while the end is near (null once it is not), `over()` when the time is up. */
  constructor({ idleS, countdownS, busy, counting, over }) {
    Object.assign(this, { idleS, countdownS, busy, counting, over });
    this.near = false;
  }

  start() {
    this.touch();
    this.#timer ||= setInterval(() => this.#tick(), TICK_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#near(null);
  }

  /** A sign of life. */
  touch() {
    this.#last = performance.now();
    this.#near(null);
  }

  #near(left) {
    if (left === null && !this.near) return;
    this.near = left !== null;
    if (left === null) this.counting(null, 0);
    else this.counting(Math.ceil(left), 1 - left / this.countdownS);
  }

  #tick() {
    if (this.busy()) {
      this.touch();
      return;
    }
    const left = this.idleS - (performance.now() - this.#last) / 1000;
    if (left <= 0) {
      this.stop();
      this.over();
    } else if (left <= this.countdownS) this.#near(left);
  }
}
