"""`voice home` in a real Chromium before a real server: two people, each with conversations of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.kiosk.test_layout import OFF_CENTRE, OUTSIDE, OVERLAP, SIZES
from tests.kiosk.test_page import barriers
from tests.support.kiosk import AXE, PATIENCE_MS, needs_axe
from tests.support.served import ServedProcess
from voice.server.home.people import People

DEED = {"turn": 1, "call_id": "c", "name": "weather", "arguments": '{"place": "Leeds"}', "result": "Rain. " * 80}
DONE = """async (deed) => {
  const { Conversation } = await import("/home/js/conversation.js");
  const { Captions } = await import("/home/js/captions.js");
  const { DeedRow } = await import("/home/js/deeds.js");
  const { HOME } = await import("/home/js/strings-home.js");
  const captions = new Captions(document.getElementById("turns"), {}, { deed: () => new DeedRow() });
  const talk = new Conversation();
  talk.take({ type: "x.spoken", item_id: "a", turn: 1, chars: 2, text: "It rains." });
  for (const state of ["running", "failed"]) talk.take({ type: "x.tool", ...deed, state });
  captions.show(talk.turns, { ...HOME.en, assistant: "Assistant", stoppedHere: "", withheld: "" });
  document.documentElement.dataset.mode = "visit";
}"""
"""Shows a tool that has failed for a reply that had begun."""

PRESSED = ("#menu", "#choose", "#size", "#contrast", "#stop", "#talk", "#mute", "#question", "#send")


class HomeProcess(ServedProcess):
    """A running `voice home` with the builtin engines, and its commands."""

    def __init__(self, folder: Path) -> None:
        self._own = {"XDG_DATA_HOME": str(folder)}
        super().__init__(folder, "builtin", environment=self._own)
        self._arguments = ["home", "--port", str(self.port), "--set", "models.folder=/nowhere"]
        self._arguments += ["--set", f"chat.store=sqlite:///{folder}/sessions.db"]
        self._arguments += ["--set", "home.personas=Cook: You cook.|Pirate: You are a pirate."]

        self.people = People(folder / "voice-assistant" / "home" / "people.json")

    def link(self, name: str) -> str:
        return f"{self.url}/home/#link={self.people.add(name)}"

    def command(self, *words: str) -> str:
        """What `voice home link …` prints."""
        command = [sys.executable, "-m", "voice", "home", "link", *words]
        done = subprocess.run(command, env={**os.environ, **self._own}, capture_output=True, text=True, check=True)
        return done.stdout.strip()


@pytest.fixture(scope="module")
def home(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomeProcess]:
    with HomeProcess(tmp_path_factory.mktemp("home")) as running:
        yield running


def entered(context: BrowserContext, link: str) -> Page:
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(link)
    page.wait_for_selector("#state:has-text('Ready')")
    return page


def ask(page: Page, words: str, answer: str, *, place: int = 0) -> None:
    page.fill("#question", words)
    page.press("#question", "Enter")
    expect(page.locator(".turn.reply.over").nth(place)).to_contain_text(answer, timeout=PATIENCE_MS)


def test_two_people_keep_their_conversations_apart(chromium: Browser, home: HomeProcess) -> None:
    with chromium.new_context() as hers, chromium.new_context() as his:
        ada = entered(hers, home.command("add", "Ada"))
        assert "link" not in ada.url
        ask(ada, "what is twelve times seven", "84")
        ada.click("#menu")
        ada.click("#new")
        expect(ada.locator(".turn")).to_have_count(0)
        ask(ada, "how far away is the moon", "384,400")
        ask(ada, "set a timer for twenty minutes", "20 minutes", place=1)
        expect(ada.locator("#timers time")).to_have_text(re.compile("^(20:00|19:..)$"))
        bob = entered(his, home.link("Bob"))
        expect(bob.locator("#timers")).to_be_hidden()
        bob.click("#menu")
        expect(bob.locator("#none")).to_be_hidden()  # his own, which is new
        expect(bob.locator("#conversations li")).to_have_count(1)
        ada.click("#menu")
        ada.click("#conversations .open:has-text('twelve')")
        expect(ada.locator(".turn.reply")).to_contain_text("84", timeout=PATIENCE_MS)
        ada.click("#menu")
        ada.click("li:has-text('twelve') .more")
        ada.fill("#name", "Sums")
        ada.click("#rename button")
        ada.fill("#search", "384")
        expect(ada.locator("#conversations li")).to_have_count(1)
        ada.click("#conversations .more")
        with ada.expect_download() as file:
            ada.click("#as-text")
        assert "You: how far away is the moon" in Path(file.value.path()).read_text()
        ada.click("#delete")
        expect(ada.locator("#delete")).to_have_text("Delete for good?")
        ada.click("#delete")
        expect(ada.locator("#none")).to_be_visible()
        ada.reload()
        ada.click("#timers button")
        expect(ada.locator("#timers")).to_be_hidden(timeout=PATIENCE_MS)
        ada.click("#menu")
        expect(ada.locator("#conversations .name")).to_have_text("Sums")
        home.people.revoke("Ada")
        expect(ada.locator("#refused")).to_be_visible(timeout=PATIENCE_MS)
        expect(ada.locator("#turns")).to_be_hidden()
        bob.click("#drawer [data-closes]")
        ask(bob, "what is twelve times seven", "84")


@needs_axe
def test_it_fits_every_screen_without_a_barrier(chromium: Browser, home: HomeProcess) -> None:
    with chromium.new_context(bypass_csp=True, reduced_motion="reduce") as context:
        page = entered(context, home.link("Eve"))
        page.add_script_tag(path=AXE)
        ask(page, "set a timer for an hour", "1 hour")
        page.click("[data-language=zh]")
        for width, height in SIZES:
            where = f"{width}x{height}"
            page.set_viewport_size({"width": width, "height": height})
            shown = [*PRESSED, ".words", ".state", "#timers button"]
            assert page.evaluate(OUTSIDE, shown) == [], where
            assert page.evaluate(OVERLAP, shown) == [], where
            for dialog in ("choices", "about"):
                page.evaluate("(name) => document.getElementById(name).showModal()", dialog)
                assert page.evaluate(OUTSIDE, [f"#{dialog}"]) == [], where
                assert page.evaluate(OFF_CENTRE, f"#{dialog}") <= 2, where
                page.evaluate("(name) => document.getElementById(name).close()", dialog)
        page.evaluate(DONE, DEED)
        assert page.locator(".turn").evaluate_all("(all) => all.slice(-2).map((one) => one.classList[1])") == [
            "deed",
            "reply",
        ]
        page.click(".deed summary")
        assert page.locator(".deed span").all_text_contents()[:3] == ["Weather", "place: Leeds", "failed"]
        assert barriers(page) == []
        for opener, dialog in (("#menu", "drawer"), ("#choose", "choices")):
            page.click(opener)
            expect(page.locator(f"#{dialog}")).to_be_visible()
            assert barriers(page) == [], dialog
            page.keyboard.press("Escape")
