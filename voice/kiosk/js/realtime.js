// The connection to /v1/realtime: opened, monitored, reopened and resumed.

const DELAYS_MS = [150, 300, 600, 1200, 2000];
const CONNECT_MS = 4000;
const PROBE_MS = 500; // how often, while nothing comes, the server is asked whether it lives
const PATIENCE_MS = 1200;
const DEAD_MS = 6000;
const ROOT = new URL("/", location.href);

function socketAddress() {
  const address = new URL("v1/realtime?model=voice", ROOT);
  address.protocol = address.protocol.replace("http", "ws");
  return address;
}

/**
 * Emits "event" (detail: one event of the server), "up", "silent", "heard" and "down".
 * `silent` comes while the server owes an answer for more than a second, `heard` when it is back after that.
 */
export class Realtime extends EventTarget {
  #socket = null;
  #session = null; // {id, token}
  #tries = 0;
  #timer = 0;
  #received = 0;
  #silentSince = 0;
  #key = new URLSearchParams(location.hash.slice(1)).get("key") ?? "";
  #leftover = []; // sessions to delete, by id and token
  #epoch = 0;

  /** `open()` resolves to {session: {id, token}, secret} of a stored conversation, null where it is gone. */
  constructor(open = null) {
    super();
    this.open = open;
    this.resumed = 0;
    setInterval(() => this.#probe(), PROBE_MS);
    addEventListener("online", () => this.#soon(0));
  }

  /** Where to go on after a break, as `{turn, chars}`; asked when connecting. */
  heard = () => null;

  get up() {
    return this.#socket?.readyState === WebSocket.OPEN && this.#received > 0;
  }

  get sessionName() {
    return this.#session ? `${this.#session.id.slice(0, 8)}…` : "";
  }

  async connect() {
    clearTimeout(this.#timer);
    const epoch = ++this.#epoch;
    const protocols = ["realtime"];
    try {
      await this.#deleteLeftover();
      const opened = await this.open?.();
      if (opened === null) throw new Error("the conversation is gone");
      const secret = opened?.secret ?? (this.#key && (await this.#secret()));
      if (opened) this.#session = opened.session;
      if (secret) protocols.push(`openai-insecure-api-key.${secret}`);
      if (!opened && this.#session && this.#tries > 1 && (await this.#unknown())) this.#session = null;
    } catch {
      if (epoch === this.#epoch) this.#down(); // the server is not there: tried again below
      return;
    }
    if (epoch !== this.#epoch) return;
    if (this.#session) {
      protocols.push(`x-session.${this.#session.id}.${this.#session.token}`);
      const heard = this.heard();
      if (heard) protocols.push(`x-heard.${heard.turn}.${heard.chars}`);
    }
    this.#open(new WebSocket(socketAddress(), protocols));
  }

  #open(socket) {
    this.#socket = socket;
    this.#received = 0;
    const late = setTimeout(() => socket.close(), CONNECT_MS);
    socket.addEventListener("message", ({ data }) => {
      if (socket !== this.#socket) return;
      this.#alive();
      this.#take(JSON.parse(data));
    });
    socket.addEventListener("open", () => clearTimeout(late));
    socket.addEventListener("close", () => {
      clearTimeout(late);
      if (socket === this.#socket) this.#down();
    });
  }

  #take(event) {
    if (event.type === "session.created") {
      const { id, token, resumed } = event.session.x_session ?? {};
      if (resumed) this.resumed += 1;
      else this.#session = id ? { id, token } : null;
      this.#tries = 0;
      this.dispatchEvent(new CustomEvent("up", { detail: { resumed: Boolean(resumed) } }));
    }
    this.dispatchEvent(new CustomEvent("event", { detail: event }));
  }

  #down() {
    this.#socket = null;
    this.#epoch += 1;
    const first = this.#tries === 0;
    this.#soon(DELAYS_MS[Math.min(this.#tries, DELAYS_MS.length - 1)] * (0.8 + 0.4 * Math.random()));
    this.#tries += 1;
    if (first) this.dispatchEvent(new Event("down"));
  }

  #soon(ms) {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.connect(), ms);
  }

  #alive() {
    this.#received = performance.now();
    if (this.#silentSince) {
      this.#silentSince = 0;
      this.dispatchEvent(new Event("heard"));
    }
  }

  async #probe() {
    const socket = this.#socket;
    if (!this.up || performance.now() - this.#received < PROBE_MS || this.probing) return;
    this.probing = true;
    try {
      await this.#fetch("healthz", { signal: AbortSignal.timeout(PATIENCE_MS) });
      if (socket === this.#socket) this.#alive();
    } catch {
      if (socket !== this.#socket || !socket) return;
      const now = performance.now();
      if (!this.#silentSince) {
        this.#silentSince = now;
        this.dispatchEvent(new Event("silent"));
      } else if (now - this.#silentSince > DEAD_MS) {
        this.#silentSince = 0;
        socket.close();
        this.#down();
      }
    } finally {
      this.probing = false;
    }
  }

  send(event) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(event));
    return true;
  }

  /** End the session: the server deletes it, now or once it can be reached, and a new one begins. */
  async forget() {
    if (this.#session) this.#leftover.push(this.#session);
    await this.turn();
  }

  /** Leave the session as it is, for another. */
  async turn() {
    const socket = this.#socket;
    this.#socket = null;
    this.#received = 0;
    this.#silentSince = 0;
    socket?.close();
    this.#session = null;
    this.#tries = 0;
    await this.connect();
  }

  /** The page is left: what can still be sent is the wish to be forgotten. */
  farewell() {
    if (this.#session) this.#delete(this.#session, { keepalive: true }).catch(() => undefined);
  }

  async #deleteLeftover() {
    while (this.#leftover.length > 0) {
      await this.#delete(this.#leftover[0], {});
      this.#leftover.shift();
    }
  }

  async #delete({ id, token }, options) {
    const answer = await this.#fetch(`v1/sessions/${id}`, { method: "DELETE", token, ...options });
    if (!answer.ok && answer.status !== 404) throw new Error(`not deleted: ${answer.status}`);
  }

  async #unknown() {
    const { id, token } = this.#session;
    const answer = await this.#fetch(`v1/sessions/${id}`, { token });
    return answer.status === 404;
  }

  async #secret() {
    const answer = await this.#fetch("v1/realtime/client_secrets", { method: "POST", body: "{}" });
    if (!answer.ok) throw new Error(`no secret: ${answer.status}`);
    return (await answer.json()).value;
  }

  #fetch(path, { token, ...options }) {
    const headers = { "content-type": "application/json" };
    if (this.#key) headers.authorization = `Bearer ${this.#key}`;
    if (token) headers["x-session-token"] = token;
    const signal = options.keepalive ? undefined : AbortSignal.timeout(CONNECT_MS);
    return fetch(new URL(path, ROOT), { cache: "no-store", credentials: "omit", signal, ...options, headers });
  }
}
