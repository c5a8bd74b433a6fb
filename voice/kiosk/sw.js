// Keeps the page's own files for when the server is away; nothing that was said and nothing about a person.

const SHELL = "shell";
const PARTS = /\/(?:home\/)?$|\.(?:js|css|svg)$/;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || !PARTS.test(pathname)) return;
  event.respondWith(fresh(request));
});

/** From the server where it answers, else as it was last. */
async function fresh(request) {
  const shell = await caches.open(SHELL);
  try {
    const answer = await fetch(request);
    if (answer.ok) await shell.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await shell.match(request);
    if (kept) return kept;
    throw error;
  }
}
