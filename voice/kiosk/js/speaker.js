// Replies as audio: pushed in pieces, paused, dropped, with the amount that was actually heard.

export class Speaker {
  #context = null;
  #node = null;
  #dropped = new Set();
  #started = null;

  /** `report({item, ms, bufferedMs, playing, underruns, dbfs})` comes every 50 ms; `ms` of `item` were heard. */
  constructor(report) {
    this.report = report;
    this.last = null;
  }

  /** To be called from a tap or a key, else a browser keeps the page silent. */
  start() {
    this.#started ??= this.#start();
    return this.#started;
  }

  async #start() {
    const context = new AudioContext({ latencyHint: "interactive" });
    this.#context = context;
    try {
      await context.audioWorklet.addModule(new URL("worklets/playback.js", import.meta.url));
      if (this.#context !== context) return;
      this.#node = new AudioWorkletNode(context, "playback", { numberOfInputs: 0, outputChannelCount: [2] });
      this.#node.port.onmessage = ({ data }) => this.#played(data);
      this.#node.connect(context.destination);
      await context.resume();
    } catch (error) {
      this.#started = null;
      throw error;
    }
  }

  get latencyMs() {
    const context = this.#context;
    return context ? (context.outputLatency || context.baseLatency || 0) * 1000 : 0;
  }

  get rate() {
    return this.#context?.sampleRate ?? 0;
  }

  #played(told) {
    const ms = Math.max(0, told.ms - (told.playing ? this.latencyMs : 0));
    this.last = { ...told, ms };
    this.report(this.last);
  }

  push(item, pcm) {
    if (!this.#dropped.has(item)) this.#node?.port.postMessage({ type: "push", item, pcm }, [pcm.buffer]);
  }

  end(item) {
    if (!this.#dropped.has(item)) this.#node?.port.postMessage({ type: "end", item });
  }

  pause() {
    this.#node?.port.postMessage({ type: "pause" });
  }

  resume() {
    this.#node?.port.postMessage({ type: "resume" });
  }

  /** Fall silent, and play nothing more of this item though more of it may come. */
  drop(item) {
    if (item) this.#dropped.add(item);
    this.#node?.port.postMessage({ type: "drop" });
  }

  /** Free the device and everything that was still to be played. */
  stop() {
    this.#node?.disconnect();
    this.#context?.close();
    this.#node = null;
    this.#context = null;
    this.#started = null;
    this.#dropped.clear();
    this.last = null;
  }
}
