// The conversation as reported by the server's events. Uses neither the page nor the network.

const PERSON = "person";
const REPLY = "reply";
const DEED = "deed"; // what a tool did
const AWAITED = "awaited"; // a typed question that the server has not taken yet

/** The first `count` code points of a text, and the rest. */
export function split(text, count) {
  const points = Array.from(text);
  return [points.slice(0, count).join(""), points.slice(count).join("")];
}

const LETTER = /[\p{L}\p{N}'’]/u;
const HAN = /\p{Script=Han}/u;

/** The same at the end of the word that `count` lies in: a word is marked whole. */
export function splitAtWord(text, count) {
  const points = Array.from(text);
  const within = (at) => at > 0 && at < points.length && LETTER.test(points[at]) && !HAN.test(points[at]) && LETTER.test(points[at - 1]);
  let end = count;
  while (within(end)) end += 1;
  return split(text, end);
}

function textOf(item) {
  return (item.content ?? []).map((part) => part.text ?? part.transcript ?? "").join("");
}

/** Whether a reply that ends now ends before its last word. */
function unheard(reply) {
  return reply.said < Array.from(reply.text.trimEnd()).length;
}

export class Conversation {
  constructor() {
    this.turns = []; // {id, who, text, stable, said, over, cut, number}; of a tool {id, who, text, and what the server tells}
    this.timers = []; // {number, kind, label, rings}
    this.state = "idle";
    this.latencies = [];
    this.notices = [];
    this.level = -100;
  }

  get lastReply() {
    return this.turns.findLast((turn) => turn.who === REPLY);
  }

  /** How many turns of the person there are. */
  get persons() {
    return this.turns.filter((turn) => turn.who === PERSON && turn.id !== AWAITED).length;
  }

  /** Where to go on after a break: the turn and the code points of its reply that were heard. */
  get heard() {
    const reply = this.turns.findLast((turn) => turn.who === REPLY && turn.number);
    return reply ? { turn: reply.number, chars: reply.said } : null;
  }

  #turn(id, who) {
    let turn = this.turns.find((one) => one.id === id);
    if (!turn) {
      turn = { id, who, text: "", stable: 0, said: 0, over: false, cut: false, number: 0 };
      this.turns.push(turn);
    }
    return turn;
  }

  #remove(id) {
    this.turns = this.turns.filter((turn) => turn.id !== id);
  }

  /** Take one event of the server; returns whether anything changed that can be seen. */
  take(event) {
    const handler = HANDLERS[event.type];
    if (!handler) return false;
    handler.call(this, event);
    return true;
  }

  /** The server resumed this conversation: its history, as events, replaces the local one. */
  replaceBy(events) {
    const before = this.lastReply;
    this.turns = [];
    for (const event of events) {
      if (event.item) this.added(event, true);
      else this.worked(event);
    }
    const last = this.turns.at(-1);
    if (before && last?.who === REPLY && before.text.startsWith(last.text.trimEnd())) {
      Object.assign(last, { text: before.text, said: before.said, number: before.number, over: before.over });
    }
  }

  /** A question was typed; the server's own item takes its place. */
  awaits(text) {
    Object.assign(this.#turn(AWAITED, PERSON), { text, stable: Infinity });
  }

  added({ item }, remembered = false) {
    if (item.type !== "message" || item.role === "system") return;
    if (item.role === "user") this.#remove(AWAITED);
    const turn = this.#turn(item.id, item.role === "user" ? PERSON : REPLY);
    const text = textOf(item);
    if (text && !turn.whole) turn.text = text; // of a reply that was cut off the item holds only what was heard
    if (turn.who === PERSON && (text || remembered)) turn.stable = Infinity;
    if (remembered) {
      turn.over = true;
      turn.said = Array.from(turn.text).length;
    }
  }

  partial({ item_id: id, text, stable }) {
    Object.assign(this.#turn(id, PERSON), { text, stable });
  }

  completed({ item_id: id, transcript }) {
    if (transcript.trim()) Object.assign(this.#turn(id, PERSON), { text: transcript, stable: Infinity });
    else this.#remove(id);
  }

  grew({ item_id: id, delta }) {
    const turn = this.#turn(id, REPLY);
    if (!turn.whole) turn.text += delta;
  }

  spoken({ item_id: id, turn: number, chars, text, cut = false }) {
    const begun = this.turns.find((one) => one.who === REPLY && one.number === number);
    if (begun && begun.id !== id) {
      this.#remove(id); // it is the rest of a reply that was begun before a break
      Object.assign(begun, { id, cut: false });
    }
    const turn = this.#turn(id, REPLY);
    if (turn.cut) return; // it was on its way when the reply was stopped
    Object.assign(turn, { number, text, said: Math.max(turn.said, chars), whole: true, over: cut });
    turn.cut = cut && unheard(turn);
  }

  ended({ response }) {
    if (response.status === "completed") return;
    for (const item of response.output ?? []) {
      const turn = this.turns.find((one) => one.id === item.id);
      if (!turn) continue;
      if (turn.said === 0 && response.status_details?.reason === "turn_detected") this.#remove(turn.id); // they went on
      else Object.assign(turn, { over: true, cut: unheard(turn) });
    }
  }

  truncated({ item_id: id }) {
    const turn = this.turns.find((one) => one.id === id);
    if (turn) Object.assign(turn, { over: true, cut: true });
  }

  changed({ state }) {
    this.state = state === "ending" ? "listening" : state;
    const reply = this.lastReply;
    if (!reply || reply.over) return;
    if (this.state === "idle") reply.over = true;
    if (this.state === "listening") Object.assign(reply, { over: true, cut: unheard(reply) }); // all of it was sent already
  }

  removed({ item_id: id }) {
    this.#remove(id);
  }

  /** A tool works or has answered, for the reply that follows or has begun. */
  worked({ turn, call_id: call, name, ...told }) {
    const id = `${turn} ${call}`;
    let row = this.turns.find((one) => one.id === id);
    if (!row) {
      row = { id, who: DEED, text: name };
      this.turns.splice(this.turns.findLastIndex(({ who }) => who !== REPLY) + 1, 0, row);
    }
    Object.assign(row, told);
  }

  ticking({ timers }) {
    const now = performance.now();
    this.timers = timers.map(({ left_s: left, ...timer }) => ({ ...timer, rings: now + 1000 * left }));
  }

  noticed(event) {
    this.notices = [...this.notices, event].slice(-8);
  }

  measured(event) {
    this.latencies = [...this.latencies, event].slice(-8);
  }

  leveled({ dbfs }) {
    this.level = dbfs;
  }
}

const C = Conversation.prototype;
const HANDLERS = {
  "conversation.item.added": C.added,
  "conversation.item.done": C.added,
  "conversation.item.deleted": C.removed,
  "conversation.item.truncated": C.truncated,
  "conversation.item.input_audio_transcription.completed": C.completed,
  "conversation.item.input_audio_transcription.failed": C.removed,
  "response.output_audio_transcript.delta": C.grew,
  "response.output_text.delta": C.grew,
  "response.done": C.ended,
  "x.state": C.changed,
  "x.partial": C.partial,
  "x.spoken": C.spoken,
  "x.notice": C.noticed,
  "x.tool": C.worked,
  "x.timers": C.ticking,
  "x.level": C.leveled,
  "x.latency": C.measured,
};
