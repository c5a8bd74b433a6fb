"""How soon the page is painted in Chromium, and how much script it loads: python -m benchmarks.first_paint [--loads N].

Each load has an empty cache, and every other host is out of reach. Times are the browser's own performance entries.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route, sync_playwright

from benchmarks import chromium
from tests.support.kiosk import KioskProcess

MEASURED = """() => {
  const paints = performance.getEntriesByType("paint");
  const files = performance.getEntriesByType("resource");
  const script = files.filter(({ name }) => name.endsWith(".js"));
  return {
    paint_ms: paints.find(({ name }) => name === "first-contentful-paint")?.startTime ?? null,
    script_bytes: script.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0),
    hosts: [...new Set(files.map(({ name }) => new URL(name).host))],
  };
}"""


def alone(page: Page, address: str) -> None:
    """Let the page reach no host but that of the address."""
    here = urlsplit(address).netloc

    def decide(route: Route) -> None:
        if urlsplit(route.request.url).netloc == here:
            route.continue_()
        else:
            route.abort()

    page.route("**/*", decide)


def measured(browser: Browser, address: str) -> dict[str, Any]:
    """One load: `paint_ms` from the start of the navigation, `script_bytes` before compression, `hosts` asked."""
    with browser.new_context() as context:
        page = context.new_page()
        alone(page, address)
        page.goto(address)
        page.wait_for_selector("#talk-label:not(:empty)")
        found: dict[str, Any] = page.evaluate(MEASURED)
        return found


def main() -> None:
    """Print the median and the range."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=int, default=15)
    loads = parser.parse_args().loads
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.how())
        with KioskProcess(Path(folder)) as server:
            found = [measured(browser, server.page) for _ in range(loads)]
        times = [one["paint_ms"] for one in found]
        print(f"first paint: {min(times):.0f} to {max(times):.0f} ms, median {median(times):.0f} ms, of {loads} loads")
        print(f"script: {found[0]['script_bytes'] / 1000:.1f} KB; hosts: {', '.join(found[0]['hosts'])}")


if __name__ == "__main__":
    main()
