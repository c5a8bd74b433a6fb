// Reads the settings and starts the page; retries while the server is unreachable.

import { Page } from "./page.js";
import { keepAwake } from "./wakelock.js";

const AGAIN_MS = 1000;

async function settings() {
  for (;;) {
    try {
      const answer = await fetch("settings.json", { cache: "no-store" });
      if (answer.ok) return await answer.json();
    } catch {
      // the server is starting
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

new Page(await settings());
keepAwake();
