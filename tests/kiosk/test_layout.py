"""The page on screens of every shape: what is pressed and typed into lies inside the screen and covers nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute

from tests.support.kiosk import PATIENCE_MS, KioskProcess, replying

SIZES = ((1920, 1080), (1280, 800), (800, 1280), (390, 844), (844, 390))

OUTSIDE = """(names) => names.filter((name) => {
  const { left, top, right, bottom, width, height } = document.querySelector(name).getBoundingClientRect();
  return left < 0 || top < 0 || right > innerWidth || bottom > innerHeight || width < 1 || height < 1;
})"""

OVERLAP = """(names) => {
  const boxes = names.map((name) => document.querySelector(name).getBoundingClientRect());
  return names.flatMap((name, at) => names.slice(at + 1).filter((_, after) => {
    const [one, other] = [boxes[at], boxes[at + 1 + after]];
    return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  }).map((other) => `${name} ${other}`));
}"""

OFF_CENTRE = """(name) => {
  const { left, right, top, bottom } = document.querySelector(name).getBoundingClientRect();
  return Math.max(Math.abs(left + right - innerWidth), Math.abs(top + bottom - innerHeight));
}"""

PRESSED = ("#stop", "#talk", "#mute", "#question", "#send", "#size", "#contrast")


@pytest.fixture(scope="module")
def page(kiosk: KioskProcess, chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(reduced_motion="reduce") as context:
        made = context.new_page()
        made.set_default_timeout(PATIENCE_MS)
        made.route_web_socket("**/v1/realtime*", stopped)
        made.goto(kiosk.page)
        made.wait_for_selector("#suggestions button")
        yield made


def stopped(socket: WebSocketRoute) -> None:
    """A server that answers each question at length and has said half of it."""
    replying(socket, "It goes on and on. " * 60, share=0.5)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_lies_inside_every_screen(page: Page, language: str) -> None:
    page.evaluate("(language) => document.querySelector(`[data-language=${language}]`).click()", language)
    for mode in ("attract", "visit"):
        if mode == "visit":
            page.evaluate("document.querySelector('#suggestions button').click()")
            page.wait_for_selector(".turn.reply .said:not(:empty)")
        for width, height in SIZES:
            where = f"{language} {mode} {width}x{height}"
            page.set_viewport_size({"width": width, "height": height})
            names = [*PRESSED, ".words", ".state"] + (["#finish"] if mode == "visit" else ["#greeting", "#hint"])
            assert page.evaluate(OUTSIDE, names) == [], where
            shown = [name for name in names if name not in ("#greeting", "#hint")]
            assert page.evaluate(OVERLAP, shown) == [], where
            assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0, where
            if mode == "attract":
                assert page.evaluate("[...document.querySelectorAll('#suggestions button')].at(-1).checkVisibility()")
                continue
            for dialog in ("leaving", "operator"):
                page.evaluate("(name) => document.getElementById(name).showModal()", dialog)
                assert page.evaluate(OFF_CENTRE, f"#{dialog}") <= 2, where
                inside = ["#stay", "#leave"] if dialog == "leaving" else ["#operator [data-closes]"]
                assert page.evaluate(OUTSIDE, [f"#{dialog}", *inside]) == [], where
                page.evaluate("(name) => document.getElementById(name).close()", dialog)
    page.evaluate("document.getElementById('finish').click()")
