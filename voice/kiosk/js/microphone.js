// The microphone as pieces of 16-bit PCM at 24 kHz.

const WISHES = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Why the microphone cannot be used, as the name of a string of the page. */
export function reason(error) {
  if (error.name === "NotAllowedError" || error.name === "SecurityError") return "microphoneRefused";
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") return "microphoneMissing";
  return "microphoneFailed";
}

export class Microphone {
  #context = null;
  #stream = null;

  /** `heard({pcm, dbfs})` gets each 20 ms, `lost()` is called when the device goes away. */
  constructor(heard, lost) {
    this.heard = heard;
    this.lost = lost;
    this.muted = false;
    this.label = "";
  }

  get open() {
    return this.#stream !== null;
  }

  get settings() {
    return this.#stream?.getAudioTracks()[0]?.getSettings() ?? {};
  }

  /** Rejects with the browser's error where there is no microphone or it may not be used. */
  async start() {
    if (this.open) return;
    const stream = await navigator.mediaDevices.getUserMedia({ audio: WISHES });
    try {
      this.#context = new AudioContext({ latencyHint: "interactive" });
      await this.#context.audioWorklet.addModule(new URL("worklets/capture.js", import.meta.url));
    } catch (error) {
      stream.getTracks().forEach((track) => track.stop());
      throw error;
    }
    this.#stream = stream;
    this.muted = false;
    const [track] = stream.getAudioTracks();
    this.label = track.label;
    track.addEventListener("ended", () => {
      if (this.#stream !== stream) return;
      this.stop();
      this.lost();
    });
    const capture = new AudioWorkletNode(this.#context, "capture", { numberOfOutputs: 0 });
    capture.port.onmessage = ({ data }) => {
      if (!this.muted && this.#stream === stream) this.heard(data);
    };
    this.#context.createMediaStreamSource(stream).connect(capture);
    await this.#context.resume();
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#context?.close();
    this.#stream = null;
    this.#context = null;
    this.muted = false;
  }
}
