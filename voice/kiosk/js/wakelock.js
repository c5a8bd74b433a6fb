// Keeps the screen on; a browser lets go of the lock whenever the page was hidden, so it is taken again.

export function keepAwake() {
  if (!("wakeLock" in navigator)) return;
  const take = () => {
    if (document.visibilityState === "visible") navigator.wakeLock.request("screen").catch(() => undefined);
  };
  document.addEventListener("visibilitychange", take);
  take();
}
