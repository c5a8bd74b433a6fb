// What the visitor said and the server has not answered yet, so that a lost connection loses nothing.

const QUIET_PIECES = 250; // 5 s: on a busy machine news of speech comes late
const MOST_PIECES = 2500; // 50 s: the server takes at most 60 s at once

export class Kept {
  constructor() {
    this.clear();
  }

  clear() {
    this.pieces = [];
    this.text = "";
    this.open = false;
    this.after = 0; // pieces since speech ended
    this.brokeAt = null;
  }

  /** A piece of sound, as it was or would have been sent. */
  heard(piece, linked) {
    this.pieces.push(piece);
    this.after += 1;
    const most = this.open || !linked ? MOST_PIECES : QUIET_PIECES;
    const over = this.pieces.length - most;
    if (over > 0) {
      this.pieces.splice(0, over);
      if (this.brokeAt !== null) this.brokeAt = Math.max(0, this.brokeAt - over);
    }
  }

  /** The server's state: from `listening` on words are on their way, from `speaking` or `idle` on they were answered. */
  follow(state) {
    if (state === "listening" || state === "ending" || state === "paused") this.open = true;
    if (state === "speaking" || state === "idle") {
      if (this.open) this.pieces.splice(0, this.pieces.length - this.after);
      this.open = false;
      this.text = "";
    }
  }

  /** A typed question. */
  typed(text) {
    this.text = text;
  }

  /** The connection is gone from here on. */
  broke() {
    this.brokeAt ??= this.pieces.length;
  }

  /** What to send again, given whether the server remembers the turn that was open at the break. */
  again(remembered) {
    const pieces = remembered ? this.pieces.slice(this.brokeAt ?? this.pieces.length) : this.pieces;
    const text = remembered ? "" : this.text;
    this.brokeAt = null;
    return { pieces: [...pieces], text };
  }
}
