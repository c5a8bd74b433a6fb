// What the server of a household keeps for a person: who they are, their conversations, their choices.

const AGAIN_MS = 1000;

export class Household {
  /** `refused()` is called when there is no link, or it was taken back; `away()` when the server does not answer. */
  constructor({ refused, away }) {
    Object.assign(this, { refused, away });
  }

  /** Come in with the link in the address, which then leaves it, or as before; returns the page's settings. */
  async enter() {
    const secret = new URLSearchParams(location.hash.slice(1)).get("link");
    if (secret) {
      history.replaceState(null, "", location.pathname);
      await this.#ask("enter", { method: "POST", body: { secret } });
    }
    const answer = await this.#ask("settings.json");
    return answer.ok ? answer.json() : null;
  }

  async leave() {
    await this.#ask("leave", { method: "POST" });
  }

  async list(search) {
    const answer = await this.#ask(`conversations?search=${encodeURIComponent(search)}`);
    return answer.ok ? (await answer.json()).conversations : [];
  }

  async begin(wanted) {
    const answer = await this.#ask("conversations", { method: "POST", body: wanted });
    if (!answer.ok) throw new Error(`not begun: ${answer.status}`);
    return (await answer.json()).id;
  }

  /** What the connection to a conversation is opened with; null where there is no such conversation. */
  async open(id) {
    const answer = await this.#ask(`conversations/${id}/open`, { method: "POST" });
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(`not opened: ${answer.status}`);
    return answer.json();
  }

  async rename(id, title) {
    await this.#ask(`conversations/${id}`, { method: "PATCH", body: { title } });
  }

  async remove(id) {
    await this.#ask(`conversations/${id}`, { method: "DELETE" });
  }

  exportAddress(id, form, language) {
    return `conversations/${id}/export?form=${form}&language=${language}`;
  }

  async choose(choices) {
    await this.#ask("choices", { method: "PUT", body: choices });
  }

  /** Keep the page's own files, so that it opens while the server is away. Not on pages without HTTPS. */
  installShell() {
    if (!("serviceWorker" in navigator)) return;
    const address = new URL("sw.js", location.href).href;
    const policy = globalThis.trustedTypes?.createPolicy("shell", { createScriptURL: (url) => url });
    navigator.serviceWorker.register(policy ? policy.createScriptURL(address) : address).catch(() => undefined);
  }

  /** One request; where the server is away it is made again until there is an answer. */
  async #ask(path, { method = "GET", body } = {}) {
    const headers = { "content-type": "application/json" };
    for (;;) {
      try {
        const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
        if (answer.status === 401) this.refused();
        return answer;
      } catch {
        this.away();
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }
}
